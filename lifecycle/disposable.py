"""Domains of disposable addresses: a list kept up by many, and what a shop adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial


def disposables(more: Iterable[str] = ()) -> Callable[[str], bool]:
    """What tells of a domain whether its addresses are disposable; `more` are the shop's own.

    A subdomain of such a domain is one too.
    """
    return partial(_is_disposable, frozenset(one.strip().lower().lstrip("@") for one in more))


def _is_disposable(more: frozenset[str], domain: str) -> bool:
    known = _known()
    while "." in domain:
        if domain in known or domain in more:
            return True
        domain = domain.partition(".")[2]
    return False


@cache
def _known() -> frozenset[str]:
    from disposable_email_domains import blocklist  # loaded once a letter asks

    return frozenset(blocklist)
