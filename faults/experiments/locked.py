"""The database locked for a minute by somebody else, while events and unsubscribes come in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from faults.deeds import Deeds, locked
from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding
from faults.judge import judge
from faults.place import Place, Wanted

LOCKED_SECONDS = 60
SENDS = 1_500
CUSTOMERS = 500
UNSUBSCRIBES = 5


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each database."""
    for kind in asked.kinds:
        seconds = asked.of(LOCKED_SECONDS, 8)
        asked.tell(f"{kind}: locked for {seconds} seconds")
        yield _once(asked, kind, seconds)


def _once(asked: Asked, kind: str, seconds: int) -> Finding:
    begun = time.monotonic()
    with asked.shop("locked", Wanted(kind, CUSTOMERS)) as place:
        place.start()
        deeds, feed = Deeds(place), place.feed(at_once=10, per_second=asked.of(SENDS) / seconds)
        first = place.feed()
        first.begin(events(200, CUSTOMERS, "g"))
        first.wait(SETTLE_SECONDS)
        place.settle(letters_of(first.answered), SETTLE_SECONDS)
        feed.begin(events(asked.of(SENDS), CUSTOMERS))
        took: list[float] = []
        with locked(place, seconds):
            before, answered_before = place.ses.count(), len(feed.answered)
            thread = threading.Thread(target=_unsubscribe, args=(deeds, took))
            thread.start()
            thread.join()
            during = len(feed.answered) - answered_before
        freed, sent = time.monotonic(), place.ses.count()
        while place.ses.count() <= sent and time.monotonic() - freed < SETTLE_SECONDS:
            time.sleep(0.02)
        again = time.monotonic() - freed
        feed.wait(SETTLE_SECONDS)
        answered = [*first.answered, *feed.answered]
        place.settle(letters_of(answered), SETTLE_SECONDS)
        _spool_drained(place)
        place.prove(SETTLE_SECONDS)
        place.daemon.stop()
        verdict = judge(place, answered)
        deeds.judge(verdict)
        told = {
            "locked_seconds": seconds,
            "sent_while_locked": sent - before,
            "events_answered_while_locked": during,
            "unsubscribes_answered": len(took),
            "slowest_unsubscribe_seconds": round(max(took, default=0.0), 2),
            "first_letter_after_seconds": round(again, 2),
        }
        return finding(kind, begun, verdict, **told)


def _unsubscribe(deeds: Deeds, took: list[float]) -> None:
    for _ in range(UNSUBSCRIBES):
        begun = time.monotonic()
        deeds.do("unsubscribe")
        took.append(time.monotonic() - begun)


def _spool_drained(place: Place) -> None:
    """Wait until what was kept aside is in the database."""
    spool = place.root / ".lifecycle" / "spool.jsonl"
    end = time.monotonic() + SETTLE_SECONDS
    while spool.exists() and time.monotonic() < end:
        time.sleep(0.2)


EXPERIMENT = Experiment(
    "locked",
    "Who is kept waiting, and what is lost, while somebody else holds the database?",
    "another process holds SQLite's write lock (BEGIN IMMEDIATE), or on PostgreSQL the tables of "
    "events, customers due, consents and suppressions (LOCK TABLE … ACCESS EXCLUSIVE).",
    run,
    (
        ("locked, s", "locked_seconds"),
        ("sent meanwhile", "sent_while_locked"),
        ("events answered meanwhile", "events_answered_while_locked"),
        ("unsubscribes answered", "unsubscribes_answered"),
        ("slowest, s", "slowest_unsubscribe_seconds"),
        ("next letter after, s", "first_letter_after_seconds"),
    ),
)
