"""What a line says of a customer: attributes, address, zone, locale, topics agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle.sources.address import normalized
from lifecycle.sources.fields import Fields, Line
from lifecycle.sources.refused import Refused

KNOWN = ("id", "email", "timezone", "locale", "attributes", "agreed_to", "at")
MAX_LOCALE_BYTES = 35
"""The longest a language tag gets in practice (RFC 5646, 4.4.1)."""
MAX_ZONE_BYTES = 64
"""Twice what the longest name of an IANA zone takes."""


@dataclass(frozen=True, slots=True)
class CustomerIn:
    """What was said of a customer at `at`; None says nothing, unless the name is in `gone`.

    `gone` holds those of email, timezone and locale that were said to be none; among attributes
    null says so. `timezone` may name no zone there is: then it counts as unknown when a local time
    is asked for. `agreed_to` None leaves consents alone, a list means exactly these topics.
    """

    id: str
    at: datetime
    email: str | None
    timezone: str | None
    locale: str | None
    attributes: Mapping[str, Any]
    agreed_to: tuple[str, ...] | None
    gone: frozenset[str]


def read_customer(
    raw: Line, *, at: datetime, latest: datetime | None = None, customer_id: str | None = None
) -> CustomerIn:
    """Read one line. Raises Refused.

    `at` counts where the line says none; with `latest` a later instant is refused;
    `customer_id` stands in for `id`, which must not contradict it.
    """
    fields = Fields(raw, KNOWN)
    if customer_id is not None:
        if fields.values.get("id", customer_id) != customer_id:
            raise Refused("id", "not the customer of the path", "leave it out")
        fields.values = {**fields.values, "id": customer_id}
    email = fields.text("email")
    own = {
        "email": normalized(email) if email else None,
        "timezone": fields.text("timezone", limit=MAX_ZONE_BYTES),
        "locale": fields.text("locale", limit=MAX_LOCALE_BYTES),
    }
    return CustomerIn(
        id=fields.identity("id"),
        at=fields.past("at", latest) or at,
        attributes=fields.mapping("attributes"),
        agreed_to=fields.names("agreed_to"),
        gone=frozenset(name for name in own if name in fields.values and own[name] is None),
        **own,
    )
