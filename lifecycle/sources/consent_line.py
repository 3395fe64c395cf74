"""A yes or no to a topic, with where it was said and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from lifecycle.sources.fields import MAX_NAME_BYTES, Fields, Line
from lifecycle.sources.refused import Refused

KNOWN = ("customer", "topic", "agreed", "source", "wording", "at", "confirmed", "ip")
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
    confirmed: bool | None = None
    """Whether a yes was confirmed already; None where nothing is said of it."""
    ip: str = ""
    """The network address it came from, where the shop tells it."""


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
    confirmed = fields.values.get("confirmed")
    if isinstance(confirmed, str):
        confirmed = _WORDS.get(confirmed.strip().lower()) if confirmed.strip() else None
    if not isinstance(confirmed, bool | None):
        raise Refused("confirmed", "must be true or false")
    return ConsentIn(
        customer=fields.identity("customer"),
        topic=fields.identity("topic", limit=MAX_NAME_BYTES),
        agreed=agreed,
        source=fields.text("source") or "",
        wording=fields.text("wording", limit=MAX_WORDING_BYTES) or "",
        at=fields.past("at", latest) or at,
        confirmed=confirmed,
        ip=_ip(fields.text("ip")),
    )


def _ip(said: str | None) -> str:
    if not said:
        return ""
    try:
        return ip_address(said.strip()).compressed
    except ValueError:
        raise Refused("ip", "not a network address", "such as 203.0.113.7") from None
