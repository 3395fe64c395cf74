"""What `lifecycle doctor` tells of letters of unknown fate and of a restored database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle.core.words import rfc3339
from lifecycle.insight.spoken import late_by
from lifecycle.insight.uncertain import Uncertain, uncertain_letters
from lifecycle.store import doubts, restored

LISTED = 10


def doubts_told(connection: Connection, now: datetime) -> Iterator[str]:
    """Each uncertain letter with its age and its evidence, then what went again."""
    found = uncertain_letters(connection, now)
    for one in found[:LISTED]:
        yield uncertain_told(one)
    count = doubts.count(connection)
    if count > LISTED:
        yield f"{count - LISTED} more of unknown fate: lifecycle report deliverability lists them"
    if count:
        yield f"{count} of unknown fate in all; settle what you know: lifecycle message resolve"
    again = doubts.count_resent(connection)
    if again:
        yield f"{again} went again though their fate was unknown: lifecycle report deliverability"


def uncertain_told(one: Uncertain) -> str:
    """One letter of unknown fate, in a line."""
    place = f"{one.campaign}/{one.step}"
    age = f"for {late_by(one.age_seconds)}"
    return f"{one.message_id} ({place}), attempt {one.attempt}, {age}: {one.evidence}"


def restoration_told(connection: Connection) -> Iterator[str]:
    """What a restoration that nobody has confirmed still holds back."""
    found = restored.restoration(connection)
    if found is None or found.confirmed_at is not None:
        return
    count = len(restored.doubted(connection))
    yield (
        f"restored as of {rfc3339(found.backed_up_at)}: nothing goes that fell due until "
        f"{rfc3339(found.restored_at)}, and {count} letters wait in doubt; "
        "if the journal is whole: lifecycle doctor --restored"
    )


def confirm(said: Any) -> None:
    """Let go what a restoration holds back and the journal does not know of."""
    from lifecycle.cli.writing import writer

    with writer(said, "lifecycle doctor --restored") as through:
        done = through.do("confirm_restored", {})
    told = (
        f"{done['let_go']} letters that the journal does not know go their normal way; "
        f"{done['in_doubt']} that it tells of stay uncertain."
    )
    said.answer(done, lambda out: out.print(told))
