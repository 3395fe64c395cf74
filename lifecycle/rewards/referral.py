"""Referral codes: every customer's own, derived by a keyed hash, and the link that carries it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import Connection

from lifecycle.core.settings import Settings
from lifecycle.rewards.codes import derived_code
from lifecycle.store.write import insert_new

PARAMETER = "ref"
"""The name under which a link carries the code."""


CODES_REMEMBERED = 10_000


@lru_cache(maxsize=CODES_REMEMBERED)
def code_of(customer_id: str, key: bytes) -> str:
    """The code by which a customer invites friends; `keep_codes` makes it known."""
    return derived_code(key, "referral", customer_id)


def link(settings: Settings, code: str) -> str:
    """The shop's website with the code in `ref`; empty when the shop names no website."""
    website = settings.shop.website
    if not website:
        return ""
    scheme, host, path, query, fragment = urlsplit(website)
    asked = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != PARAMETER]
    query = urlencode([*asked, (PARAMETER, code)])
    return urlunsplit((scheme, host, path or "/", query, fragment))


def keep_codes(connection: Connection, customers: Iterable[str], key: bytes, now: datetime) -> None:
    """Keep the codes of customers, so that a friend's claim finds them; repeated calls are free."""
    rows = [
        {"code": code_of(customer_id, key), "customer_id": customer_id, "at": now}
        for customer_id in sorted(set(customers))
    ]
    insert_new(connection, "referral_code", rows)
