"""Look-ups of messages by what the world holds of them: our id, an attempt's, the transport's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.store.doubts import doubt_of
from lifecycle.store.tables import METADATA
from lifecycle.store.write import Row

MESSAGE = METADATA.tables["message"]
OLD = METADATA.tables["letter_of_old"]
ATTEMPT = METADATA.tables["attempt"]
RECEIPT = METADATA.tables["receipt"]
TEMPLATE = METADATA.tables["template_version"]
HIDDEN = ("context", "links", "bucket", "lease_until", "fence")


def message(connection: Connection, message_id: str) -> Any | None:
    """The row of a message; None when there is none."""
    return connection.execute(select(MESSAGE).where(MESSAGE.c.message_id == message_id)).first()


def message_of_old(connection: Connection, message_id: str) -> Any | None:
    """Whose a message was that is kept no more, and its campaign; None when nobody knows."""
    return connection.execute(select(OLD).where(OLD.c.message_id == message_id)).first()


def message_told(connection: Connection, message_id: str, now: datetime) -> Row | None:
    """A message with its attempts, for showing; without what the letter was rendered from.

    Of one whose fate is unknown, `doubt` tells what is known and waited for.
    """
    row = message(connection, message_id)
    if row is None:
        return None
    told = {name: value for name, value in row._mapping.items() if name not in HIDDEN}
    attempts = connection.execute(
        select(ATTEMPT)
        .where(ATTEMPT.c.customer_id == row.customer_id, ATTEMPT.c.message_id == message_id)
        .order_by(ATTEMPT.c.number)
    )
    doubt = doubt_of(connection, row)
    return told | {
        "attempts": [dict(one._mapping) for one in attempts],
        "doubt": doubt.told(now) if doubt is not None else None,
    }


def message_meant(
    connection: Connection, *, attempt_id: str, message_id: str, provider_id: str
) -> Any | None:
    """The row of the message that feedback is about, by the first id that leads to one."""
    if attempt_id:
        by_attempt = connection.execute(
            select(ATTEMPT.c.message_id).where(ATTEMPT.c.attempt_id == attempt_id)
        ).scalar()
        if by_attempt is not None:
            return message(connection, by_attempt)
    if provider_id:
        by_receipt = connection.execute(
            select(RECEIPT.c.message_id).where(RECEIPT.c.provider_id == provider_id)
        ).scalar()
        if by_receipt is not None:
            return message(connection, by_receipt)
    return message(connection, message_id) if message_id else None


def link_target(connection: Connection, row: Any, number: int) -> str | None:
    """The target of a letter's numbered link: of its template, or of the message itself."""
    own: Mapping[str, str] = row.links or {}
    if str(number) in own:
        return own[str(number)]
    if row.template_version is None:
        return None
    static = _static_links(connection, row.template_version)
    return static[number - 1] if 0 < number <= len(static) else None


def latest_of(connection: Connection, campaign: str, step: str, variant: str) -> Any | None:
    """The message last sent of a step and variant, whose template serves counted links."""
    return connection.execute(
        select(MESSAGE)
        .where(
            MESSAGE.c.campaign == campaign,
            MESSAGE.c.step == step,
            MESSAGE.c.variant == variant,
            MESSAGE.c.template_version.is_not(None),
        )
        .order_by(MESSAGE.c.attempted_at.desc())
        .limit(1)
    ).first()


_KEPT_VERSIONS = 256
_links: dict[str, tuple[str, ...]] = {}


def _static_links(connection: Connection, version: str) -> tuple[str, ...]:
    if version not in _links:
        found = connection.execute(
            select(TEMPLATE.c.compiled).where(TEMPLATE.c.version == version)
        ).scalar()
        if found is None:
            return ()
        if len(_links) >= _KEPT_VERSIONS:
            _links.clear()
        _links[version] = tuple(found["links"])
    return _links[version]
