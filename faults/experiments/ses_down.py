"""SES down for a day, while events come in: what waits, what goes stale, what memory it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding
from faults.judge import judge
from faults.launch import CLOCK
from faults.place import Wanted
from lifecycle.clock import SystemClock

HOURS = 24
SECONDS_AN_HOUR = 4.0
"""Of the world, for an hour of the daemon's clock."""
TIMES = 3600 / SECONDS_AN_HOUR
EVENTS_AN_HOUR = 250
CUSTOMERS = 500
STALE_AFTER = "12 hours"
SHORT_LIVED = f'''name = "Flash"
kind = "flow"
status = "live"
topic = "offers"

[enter]
when = "order_placed"
per = "order_id"
too_late = "30 days"

[sending]
quiet_hours = "off"
stale_after = "{STALE_AFTER}"

[[step]]
name = "flash"
subject = "Today only"
text = "[Look](https://shop.example/flash)."
'''


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each database."""
    for kind in asked.kinds:
        asked.tell(f"{kind}: SES down for {HOURS} hours, an hour in {SECONDS_AN_HOUR:g} seconds")
        yield _once(asked, kind)


def _once(asked: Asked, kind: str) -> Finding:
    begun = time.monotonic()
    first = SystemClock().now().isoformat()
    wanted = Wanted(kind, CUSTOMERS, changed={CLOCK: [first, TIMES]})
    with asked.shop("down", wanted) as place:
        (place.root / "campaigns" / "flash.toml").write_text(SHORT_LIVED, "utf-8")
        place.command("apply")
        place.start()
        before = place.daemon.peak_mb
        place.ses.stop()
        count = asked.of(EVENTS_AN_HOUR * HOURS)
        feed = place.feed(per_second=count / (HOURS * SECONDS_AN_HOUR), at_once=5)
        feed.begin(events(count, CUSTOMERS))
        feed.wait(SETTLE_SECONDS)
        place.daemon.peak_mb, while_down = 0.0, max(before, place.daemon.peak_mb)
        place.ses.start()
        up = time.monotonic()
        before_up = place.ses.count()
        while place.ses.count() == before_up and time.monotonic() - up < SETTLE_SECONDS:
            time.sleep(0.02)
        resumed = time.monotonic() - up
        settled = place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        place.prove(SETTLE_SECONDS)
        tries = place.ground.value("SELECT max(number) FROM attempt")
        attempts = place.ground.value("SELECT count(*) FROM attempt")
        place.daemon.stop()
        flashes = place.ground.rows(
            "SELECT state, reason, count(*) FROM message WHERE campaign = 'flash' GROUP BY 1, 2"
        )
        verdict = judge(place, feed.answered)
        told = {
            "hours": HOURS,
            "resumed_after_seconds": round(resumed, 2),
            "drained_after_seconds": round(settled, 1),
            "peak_mb_while_down": round(while_down, 1),
            "attempts": attempts,
            "most_attempts_of_a_letter": tries,
            "of_the_short_lived": {f"{state} {why}".strip(): n for state, why, n in flashes},
        }
        return finding(kind, begun, verdict, **told)


EXPERIMENT = Experiment(
    "ses_down",
    "What does a day without SES cost?",
    f"nobody answers at SES's address for {HOURS} hours of the daemon's clock, which runs "
    f"{TIMES:g} times as fast as the world's, while {EVENTS_AN_HOUR} events an hour come in. "
    f"One campaign lets letters go stale after {STALE_AFTER}.",
    run,
    (
        ("went on after, s", "resumed_after_seconds"),
        ("drained after, s", "drained_after_seconds"),
        ("attempts", "attempts"),
        ("of the short-lived", "of_the_short_lived"),
        ("peak MB while down", "peak_mb_while_down"),
    ),
)
