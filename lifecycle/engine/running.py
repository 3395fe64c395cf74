"""Who is looked at again because an enrollment began or ended outside the taking in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.core.enrollment import EnrollmentState
from lifecycle.engine.live import Live
from lifecycle.store.apply import Writing
from lifecycle.store.events import wake


def look_again(connection: Connection, live: Live, writing: Writing, now: datetime) -> None:
    """Have the segments asked at `now` of those whose enrollments began or ended in `writing`.

    So too have those whose next entry under the same key has its turn now. Nothing is done where
    no rule asks who is in a campaign and no flow queues.
    """
    turned = (
        (row["customer_id"], row["campaign"])
        for row in writing.enrollments.values()
        if row["state"] != EnrollmentState.ACTIVE or row["entered_at"] == now
    )
    look_again_at(connection, live, turned, now)


def look_again_at(
    connection: Connection, live: Live, turned: Iterable[tuple[str, str]], now: datetime
) -> None:
    """The same for customers and the campaigns of theirs in which an enrollment began or ended."""
    queues = {flow.id for flow in live.flows_with_queue}
    if not live.reads_running and not queues:
        return
    customers = {one for one, campaign in turned if live.reads_running or campaign in queues}
    if customers:
        wake(connection, dict.fromkeys(customers, now))
