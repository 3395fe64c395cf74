"""An hour-old backup restored: what was sent after it must not be sent again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from faults.deeds import Deeds
from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding, leases
from faults.ground import Ground
from faults.judge import judge
from faults.launch import CLOCK
from faults.place import Place, Wanted
from lifecycle.clock import SystemClock
from lifecycle.errors import LifecycleError

SENDS = 1_000
CUSTOMERS = 500
HOUR_SECONDS = 30.0
"""Of the world, for the hour between backup and restoration on the daemon's clock."""
TIMES = 3600 / HOUR_SECONDS
BEFORE = 0.4
"""The backup is made when so much of the events is answered."""


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each database."""
    for kind in asked.kinds:
        asked.tell(f"{kind}: a backup, an hour of work, and the backup restored")
        yield _once(asked, kind)


def _once(asked: Asked, kind: str) -> Finding:
    begun = time.monotonic()
    changed = {CLOCK: [SystemClock().now().isoformat(), TIMES], **leases(kind)}
    with asked.shop("restored", Wanted(kind, CUSTOMERS, changed=changed)) as place:
        place.start()
        deeds, count = Deeds(place), asked.of(SENDS)
        first = place.feed()
        first.begin(events(count, CUSTOMERS, "a"))
        first.wait(SETTLE_SECONDS)
        place.settle(letters_of(first.answered), SETTLE_SECONDS)
        # While letters wait: what is in the backup unsent goes out after it was made.
        place.ses.change(latency=0.2)
        later = place.feed(per_second=count / HOUR_SECONDS * 2, at_once=10)
        later.begin(events(count, CUSTOMERS, "b"))
        while len(later.answered) < BEFORE * count:
            time.sleep(0.02)
        copy, at = place.root / "copy", time.monotonic()
        place.command("backup", str(copy))
        later.wait(SETTLE_SECONDS)
        deeds.do("unsubscribe")
        place.ses.change(latency=0.0)
        place.settle(letters_of([*first.answered, *later.answered]), SETTLE_SECONDS)
        time.sleep(max(0.0, at + HOUR_SECONDS - time.monotonic()))
        sent = place.ses.count()
        place.daemon.kill()
        told = _restore(place, copy)
        known = {row[0] for row in place.ground.rows("SELECT attempt_id FROM attempt")}
        unknown = sum(one.attempt_id not in known for one in place.ses.accepted())
        place.start()
        again = place.feed()
        again.begin(events(count, CUSTOMERS, "b"))
        again.wait(SETTLE_SECONDS)
        answered = [*first.answered, *again.answered]
        place.settle(letters_of(answered), SETTLE_SECONDS)
        while_in_doubt = place.ses.count() - sent
        place.command("doctor", "--restored")
        place.settle(letters_of(answered), SETTLE_SECONDS)
        place.daemon.stop()
        verdict = judge(place, answered, restored=True)
        verdict.wrong += _still_agreed(place, deeds)
        figures = {
            "sent_after_the_backup": unknown,
            "sent_before_it_was_confirmed": while_in_doubt,
            "sent_after_it_was_confirmed": place.ses.count() - sent - while_in_doubt,
            "attempts_by_the_journal": told.get("attempts_unknown"),
        }
        return finding(kind, begun, verdict, **figures)


def _still_agreed(place: Place, deeds: Deeds) -> list[str]:
    """The noes that came after the backup and are yeses again."""
    return [
        f"took consent back after the backup, and has it again: {message}"
        for message in deeds.unsubscribed
        if place.ground.value(
            "SELECT c.agreed FROM consent c JOIN message m ON m.customer_id = c.customer_id "
            "WHERE m.message_id = :message AND c.topic = 'offers'",
            message=message,
        )
    ]


def _restore(place: Place, copy: Path) -> dict[str, int]:
    """Put the backup in the database's place: by the command, or by PostgreSQL's own tools."""
    server = place.ground.server
    if server is None:
        told: dict[str, int] = place.command("restore", str(copy))
        return told
    name = server.create()
    done = subprocess.run(
        [
            *("pg_restore", "--host=127.0.0.1", f"--port={server.port}", "--username=postgres"),
            *("--no-owner", f"--dbname={name}", str(copy)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LifecycleError("pg_restore failed", cause=done.stderr[-500:])
    place.ground = Ground(place.ground.kind, server.url(name), server)
    return {}


EXPERIMENT = Experiment(
    "restored",
    "Is anything sent again after a backup is restored that knows nothing of it?",
    f"`lifecycle backup` in the middle of the work, an hour more of work ({HOUR_SECONDS:g} s: "
    f"all clocks run {TIMES:g} times as fast), SIGKILL, `lifecycle restore` (pg_restore into a new "
    "database on PostgreSQL), the events of that hour sent once more by the shop, "
    "`lifecycle doctor --restored`.",
    run,
    (
        ("sent after the backup", "sent_after_the_backup"),
        ("attempts by the journal", "attempts_by_the_journal"),
        ("sent before confirmed", "sent_before_it_was_confirmed"),
        ("sent after", "sent_after_it_was_confirmed"),
    ),
)
