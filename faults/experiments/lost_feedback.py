"""Lost feedback: every fifth answer is lost, and of SES's events none, half or all arrive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding
from faults.experiments.lost_answers import CHANGED, HANG_SECONDS, faults_of
from faults.judge import judge
from faults.place import Place, Wanted
from faults.resolving import resolving

SENDS = 1_000
CUSTOMERS = 500
ANSWERS_LOST = 0.20
WINDOW_SECONDS = 12
SHORT_WINDOW: dict[str, object] = {
    **CHANGED,
    "lifecycle.core.doubt.LEAST_WINDOW": WINDOW_SECONDS,
}
WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("all arrive", {}),
    ("half lost", {"event_loss": 0.5}),
    ("all lost", {"event_loss": 1.0}),
    (
        "2 to 8 s late, five times each, shuffled",
        {"event_delay": [2.0, 8.0], "event_copies": 5, "shuffle": True},
    ),
)
AFTER_WINDOW = 1.6
"""So many windows it waits for what is resent."""


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each way that feedback comes, and each database."""
    for kind in asked.kinds:
        for title, said in WAYS:
            asked.tell(f"{kind}: of feedback {title}")
            yield _once(asked, kind, title, said)


def _once(asked: Asked, kind: str, title: str, said: dict[str, Any]) -> Finding:
    begun = time.monotonic()
    ses = {"faults": faults_of(ANSWERS_LOST), "seed": asked.seed, "hang_seconds": HANG_SECONDS}
    wanted = Wanted(kind, CUSTOMERS, ses={**ses, **said}, changed=SHORT_WINDOW)
    with asked.shop(f"feedback_{title[:8]}", wanted) as place:
        place.start()
        feed = place.feed()
        feed.begin(events(asked.of(SENDS), CUSTOMERS))
        feed.wait(SETTLE_SECONDS)
        place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        before = _uncertain(place)
        _later(place)
        place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        if said.get("event_loss", 0.0) == 0.0:
            place.prove(SETTLE_SECONDS)
        counts = place.ses.change()
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        if said.get("event_loss") == 1.0 and verdict.resent:
            verdict.wrong.append(f"{verdict.resent} letters were resent though no feedback came")
        told = {
            "uncertain_at_first": before,
            "window_seconds": WINDOW_SECONDS,
            "events_lost": counts["events_lost"],
            "events_copied": counts["events_copied"],
        }
        return finding(f"{kind}, {title}", begun, verdict, **told, **resolving(place))


def _uncertain(place: Place) -> int:
    return int(place.ground.value("SELECT count(*) FROM message WHERE state = 'uncertain'"))


def _later(place: Place) -> None:
    """Send a few more letters, by which the path proves itself, and wait for the window."""
    time.sleep(WINDOW_SECONDS * AFTER_WINDOW)


EXPERIMENT = Experiment(
    "lost_feedback",
    "What is sent again while nobody knows, and is anything sent again while feedback is dead?",
    "a fifth of the answers is lost after acceptance; the window after which a letter may go "
    f"again is {WINDOW_SECONDS} s in the place of 15 minutes. One letter in eleven is of a "
    "campaign with `resend_uncertain = true`: it alone may be accepted twice.",
    run,
    (
        ("unknown at first", "uncertain_at_first"),
        ("events lost", "events_lost"),
        ("events copied", "events_copied"),
        ("proved after, s", "proved_seconds"),
    ),
)
