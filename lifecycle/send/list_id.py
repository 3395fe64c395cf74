"""The header List-Id: one name for all letters of a topic, by which receivers tell them apart."""

from __future__ import annotations

import re
from functools import lru_cache

from lifecycle.send.envelope import LetterRefused, mailbox

LONGEST_LABEL = 63
_NO_LABEL = re.compile(r"[^A-Za-z0-9_-]+")


@lru_cache(maxsize=256)
def list_id(topic: str, sender: str) -> str | None:
    """The value of List-Id (RFC 2919) for letters of a topic from "Name <address>".

    It is the topic's name under the sender's domain; None where the one cannot be written in the
    signs of a domain's name, or the other is no mailbox (such a letter is refused when it goes).
    """
    label = _NO_LABEL.sub("-", topic).strip("-")[:LONGEST_LABEL]
    try:
        domain = mailbox(sender).domain
    except LetterRefused:
        return None
    return f"<{label}.{domain}>" if label else None
