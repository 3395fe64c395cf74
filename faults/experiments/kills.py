"""Random kills: SIGKILL every 0.2 to 2 seconds while letters go out by the thousand."""

from __future__ import annotations

import time
from collections.abc import Iterator

from faults.dice import Dice
from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding, leases
from faults.feed import Feed
from faults.judge import judge
from faults.place import Place, Wanted

SENDS = 25_000
"""On each database in each mode: 100,000 in all."""
CUSTOMERS = 2_000
SHORTEST, LONGEST = 0.2, 2.0
MODES = ("single", "bulk")
START_AT_REST_SECONDS, SLOWEST = 1.5, 8.0
"""On a machine that is busy with other things a life is longer by as much as a start takes."""
WHILE_STARTING = 6
"""Of so many kills one is counted from the start of the process, not from when it answers."""
LETTERS_AN_EVENT = 1.1
FEW_LEFT = 0.02


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each database and each mode of sending."""
    for kind in asked.kinds:
        for mode in MODES:
            asked.tell(f"{kind}, {mode}: {asked.of(SENDS)} letters under random kills")
            yield once(asked, kind, mode)


def once(asked: Asked, kind: str, mode: str) -> Finding:
    """Send letters by the thousand on one database, in one mode, under random kills."""
    begun = time.monotonic()
    wanted = Wanted(kind, CUSTOMERS, mode, changed=leases(kind))
    count = round(asked.of(SENDS) / LETTERS_AN_EVENT)
    with asked.shop(f"kills_{mode}", wanted) as place:
        feed = place.feed(at_once=100)
        feed.begin(events(count, CUSTOMERS))
        kills = _kill(place, feed, count, Dice(asked.seed, "kills", kind, mode))
        feed.wait(SETTLE_SECONDS)
        settled = place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        place.prove(SETTLE_SECONDS)
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        told = {"kills": kills, "unanswered": feed.unanswered, "settled_after": round(settled, 1)}
        return finding(f"{kind}, {mode}", begun, verdict, **told)


def _kill(place: Place, feed: Feed, count: int, dice: Dice) -> int:
    """Kill and start again until nearly all letters are out; the daemon runs when it returns."""
    kills, slow = 0, _slowness(place)
    letters = LETTERS_AN_EVENT * count
    while not feed.done or not _nearly(place, letters):
        lives = dice.between(SHORTEST, LONGEST) * slow
        if dice.one_of(WHILE_STARTING) == 0:
            place.begin()
        else:
            place.start()
        time.sleep(lives)
        place.daemon.kill()
        kills += 1
    place.start()
    return kills


def _slowness(place: Place) -> float:
    """How many times as long as on a machine at rest everything takes here, by one start."""
    begun = time.monotonic()
    place.start()
    took = time.monotonic() - begun
    place.daemon.stop()
    return min(max(1.0, took / START_AT_REST_SECONDS), SLOWEST)


def _nearly(place: Place, letters: float) -> bool:
    there, under_way = place.standing()
    return there >= (1 - FEW_LEFT) * letters and under_way <= FEW_LEFT * letters


EXPERIMENT = Experiment(
    "kills",
    "Does any letter go twice, or get lost, when the daemon is killed again and again?",
    "SIGKILL 0.2 to 2 seconds after the daemon answers (one in six: after the process starts), "
    "while events come in without a pause.",
    run,
    (
        ("kills", "kills"),
        ("requests unanswered", "unanswered"),
    ),
)
