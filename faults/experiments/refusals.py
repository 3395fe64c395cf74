"""SES refuses: too fast, over the day's quota, paused, suspended, keys expired, identity gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding
from faults.judge import judge
from faults.place import Place, Wanted

RATE = 100.0
"""Letters a second that the account may send."""
SENDS = 2_000
CUSTOMERS = 500
MODES = ("single", "bulk")
REFUSED_SECONDS = 8.0
RESUME_SECONDS = 120.0
DOMAIN = "mail.shop.example"
STORMS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("a storm of 429", {"faults": "throttled=0.3,throttled_as_400=0.1"}, {"faults": ""}),
    ("sending paused", {"paused": True}, {"paused": False}),
    ("account suspended", {"suspended": True}, {"suspended": False}),
    ("credentials expired", {"credentials": "expired"}, {"credentials": "good"}),
    ("clock skewed", {"credentials": "skewed"}, {"credentials": "good"}),
    ("identity removed", {"remove_identity": DOMAIN}, {"restore_identity": DOMAIN}),
    ("503 for every call", {"faults": "unavailable_before=1.0"}, {"faults": ""}),
)
SOON: dict[str, object] = {}
"""Constants by which an account is asked again sooner; filled where the engine has some."""


def run(asked: Asked) -> Iterator[Finding]:
    """The plain rate in both modes, then each refusal, on each database."""
    for kind in asked.kinds:
        for mode in MODES:
            asked.tell(f"{kind}, {mode}: at {RATE:g} letters a second")
            yield _once(asked, kind, mode, "the rate alone", {}, {})
        for title, begins, ends in STORMS:
            asked.tell(f"{kind}: {title}")
            yield _once(asked, kind, "single", title, begins, ends)


def _once(
    asked: Asked, kind: str, mode: str, title: str, begins: dict[str, Any], ends: dict[str, Any]
) -> Finding:
    begun = time.monotonic()
    wanted = Wanted(kind, CUSTOMERS, mode, {"rate": RATE}, SOON)
    with asked.shop(f"refused_{mode}_{title[:9]}", wanted) as place:
        place.start()
        feed = place.feed()
        feed.begin(events(asked.of(SENDS, 700), CUSTOMERS))
        place.ses.wait_for(int(RATE), SETTLE_SECONDS)
        refused, resumed = 0, 0.0
        if begins:
            place.ses.change(**begins)
            time.sleep(REFUSED_SECONDS)
            refused = place.ses.count()
            place.ses.change(**ends)
            resumed = _resumed(place)
        feed.wait(SETTLE_SECONDS)
        place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        place.prove(SETTLE_SECONDS)
        counts = place.ses.change()
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        worst = counts["most_begun_in_a_second"]
        if worst > RATE:
            verdict.wrong.append(f"{worst} calls begun within a second, {RATE:g} are allowed")
        told = {
            "rate": RATE,
            "most_begun_in_a_second": worst,
            "overshoot": round(worst / RATE - 1, 3),
            "throttled_by_rate": counts["throttled"],
            "accepted_before_it_ended": refused,
            "resumed_after_seconds": round(resumed, 2),
            "attempts": _attempts(place),
            "quarantined": verdict.quarantined,
        }
        return finding(f"{kind}, {mode}, {title}", begun, verdict, **told)


def _resumed(place: Place) -> float:
    """Seconds until the next letter is accepted."""
    begun, before = time.monotonic(), place.ses.count()
    while place.ses.count() == before and time.monotonic() - begun < RESUME_SECONDS:
        time.sleep(0.02)
    return time.monotonic() - begun


def _attempts(place: Place) -> dict[str, int]:
    """How many attempts came to what."""
    rows = place.ground.rows("SELECT outcome, count(*) FROM attempt GROUP BY outcome")
    return {str(outcome): int(count) for outcome, count in rows}


EXPERIMENT = Experiment(
    "refusals",
    "Is the rate ever exceeded, is a letter spent on a refusal, and how soon does it go on?",
    f"an account of {RATE:g} letters a second that refuses for {REFUSED_SECONDS:g} s in the middle "
    "of the work. Calls are counted by the stand-in, at their first byte.",
    run,
    (
        ("rate", "rate"),
        ("most begun in a second", "most_begun_in_a_second"),
        ("over the rate", "overshoot"),
        ("refused for the rate", "throttled_by_rate"),
        ("went on after, s", "resumed_after_seconds"),
        ("attempts", "attempts"),
    ),
)
