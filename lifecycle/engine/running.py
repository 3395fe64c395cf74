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

    Nothing is done where no rule asks who is in a campaign.
    """
    if not live.reads_running:
        return
    turned = {
        row["customer_id"]
        for row in writing.enrollments.values()
        if row["state"] != EnrollmentState.ACTIVE or row["entered_at"] == now
    }
    if turned:
        wake(connection, dict.fromkeys(turned, now))
