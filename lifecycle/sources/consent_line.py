"""A yes or no to a topic, with where it was said and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle.sources.fields import MAX_NAME_BYTES, Fields, Line
from lifecycle.sources.refused import Refused

KNOWN = ("customer", "topic", "agreed", "source", "wording", "at")
MAX_WORDING_BYTES = 16 * 1024
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class ConsentIn:
    """What a customer said to a topic at `at`."""

    customer: str
    topic: str
    agreed: bool
    source: str
    wording: str
    at: datetime


def read_consent(
    raw: Line,
    *,
    at: datetime,
    latest: datetime | None = None,
    customer_id: str | None = None,
    topic: str | None = None,
) -> ConsentIn:
    """Read one line; `at` counts where it says none. Raises Refused.

    `customer_id` and `topic` stand in for its own where the path names them; with `latest`
    a later instant is refused.
    """
    fields = Fields(raw, KNOWN)
    for name, value in (("customer", customer_id), ("topic", topic)):
        if value is not None:
            if fields.values.get(name, value) != value:
                raise Refused(name, "not that of the path", "leave it out")
            fields.values = {**fields.values, name: value}
    agreed = fields.values.get("agreed")
    if isinstance(agreed, str):
        agreed = _WORDS.get(agreed.strip().lower())
    if not isinstance(agreed, bool):
        raise Refused("agreed", "must be true or false")
    return ConsentIn(
        customer=fields.identity("customer"),
        topic=fields.identity("topic", limit=MAX_NAME_BYTES),
        agreed=agreed,
        source=fields.text("source") or "",
        wording=fields.text("wording", limit=MAX_WORDING_BYTES) or "",
        at=fields.past("at", latest) or at,
    )
