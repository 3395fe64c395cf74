"""Who is looked at again because an enrollment began or ended outside the taking in."""

from __future__ import annotations

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
    queues = {flow.id for flow in live.flows_with_queue}
    if not live.reads_running and not queues:
        return
    turned = {
        row["customer_id"]
        for row in writing.enrollments.values()
        if (row["state"] != EnrollmentState.ACTIVE or row["entered_at"] == now)
        and (live.reads_running or row["campaign"] in queues)
    }
    if turned:
        wake(connection, dict.fromkeys(turned, now))
