"""What doctor tells of the transport's pace, the day's quota, and whatever stops it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

SMALL_SHARE = 0.1
"""Below this share of the day's quota what is left is worth a warning."""


def transport_standing(
    connection: Any, settings: Any
) -> Iterator[tuple[str, Literal["ok", "warning", "error"], str]]:
    """What the database knows of the transport: about what, how it is, and in words."""
    from lifecycle.core.stoppage import RATE
    from lifecycle.insight.transport import sentences, standing

    kind = settings.transport.kind
    if kind == "outbox":
        return
    found = standing(connection, kind)
    told, left = found.told, found.left_today
    if told is not None:
        day = "the day's quota is unlimited"
        if left is not None and told.per_day is not None:
            kept = f"{told.reserve} of them kept for transactional letters"
            day = f"{left} of {told.per_day:.0f} letters left today, {kept}"
        few = left is not None and told.per_day and left < SMALL_SHARE * told.per_day
        words = f"{told.per_second:g} a second, {day}; asked at {told.told_at}"
        yield "pace", "warning" if few else "ok", words
    for one, sentence in zip(found.stopped, sentences(found), strict=True):
        yield "stopped", "warning" if one.scope == RATE else "error", sentence
