"""Every named failpoint: SIGKILL right there, on each database, and then on with the work."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator, Sequence

from faults.deeds import Deeds
from faults.dice import Dice
from faults.events import event, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding, leases
from faults.judge import judge
from faults.place import Place, Wanted
from faults.points import POINTS, Point

CUSTOMERS, BUYERS = 600, 400
"""Of so many customers so many buy; the others are erased and spoken of."""
PER_SECOND = 12.0
AT_ONCE = 4
ROUNDS = 1
MODES = ("single", "bulk")
REACHED_SECONDS = 120.0
WINDOW: dict[str, object] = {"lifecycle.core.doubt.LEAST_WINDOW": 15}
"""In the place of 15 minutes, so that a letter may go again while somebody waits."""
NIGHTLY = {"forget": "retention", "night": "nightly", "hours": "hours", "shares": "shares"}
"""The tasks that these deeds have due."""
SOONEST = ("resend",)
"""Before all others: each death has feedback come late, and a window is ten times that long."""
REST_SECONDS = 60.0
REST_AFTER = 6
"""After so many points the daemon comes to rest undisturbed, so that no row dies too often."""


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each database: all points, one after the other, in one life of one shop."""
    for kind in asked.kinds:
        for mode in MODES:
            points = [one for one in POINTS if kind in one.kinds and one.mode == mode]
            points.sort(key=lambda one: one.deed not in SOONEST)
            asked.tell(f"{kind}, {mode}: {len(points)} failpoints")
            yield every(asked, kind, points, mode)


def every(asked: Asked, kind: str, points: Sequence[Point], mode: str = "single") -> Finding:
    """Kill the daemon at each of the points; each must be reached."""
    begun = time.monotonic()
    wanted = Wanted(kind, CUSTOMERS, mode, changed={**WINDOW, **leases(kind)})
    dice = Dice(asked.seed, "points", kind)
    with asked.shop(f"points_{mode}", wanted) as place:
        deeds, feed = Deeds(place), place.feed(PER_SECOND, AT_ONCE)
        feed.begin(event(number, BUYERS) for number in itertools.count())
        place.start()
        deeds.ready()
        place.daemon.stop()
        reached, missed = 0, []
        for turn, one in enumerate([*points] * ROUNDS, 1):
            if _killed_at(place, deeds, one, 1 + dice.one_of(one.turns)):
                reached += 1
            else:
                missed.append(one.name)
                place.daemon.kill()
            if turn % REST_AFTER == 0:
                _rest(place, deeds)
        _rest(place, deeds)
        feed.stop()
        place.start()
        deeds.finish()
        settled = place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        place.prove(SETTLE_SECONDS)
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        deeds.judge(verdict)
        if missed:
            verdict.wrong.append(f"never reached: {missed}")
        told = {"points": len(points), "kills": reached, "missed": missed}
        return finding(f"{kind}, {mode}", begun, verdict, **told, settled_after=round(settled, 1))


def _killed_at(place: Place, deeds: Deeds, one: Point, turn: int) -> bool:
    """Whether the daemon came by the point and died there."""
    if one.deed == "upgrade":
        return deeds.upgrade(one.name)
    if one.deed in NIGHTLY:
        deeds.have_due(NIGHTLY[one.deed])
    if one.deed == "dead before":
        place.begin("attempts_committed=kill")
        if not _died(place):
            return False
    place.begin(f"{one.name}=kill@{turn}")
    doing = threading.Thread(target=_doing, args=(place, deeds, one), daemon=True)
    doing.start()
    died = _died(place)
    if not died:
        place.daemon.kill()
    doing.join(REACHED_SECONDS)
    return died


def _doing(place: Place, deeds: Deeds, one: Point) -> None:
    """Do the point's deed as soon as the daemon answers."""
    end = time.monotonic() + REACHED_SECONDS
    greeted = place.daemon.greetings()
    while place.daemon.runs and place.daemon.greetings() == greeted and time.monotonic() < end:
        time.sleep(0.05)
    if place.daemon.runs:
        deeds.do(one.deed)


def _died(place: Place) -> bool:
    """Whether the daemon kills itself before long."""
    end = time.monotonic() + REACHED_SECONDS
    while place.daemon.runs and time.monotonic() < end:
        time.sleep(0.02)
    if place.daemon.runs:
        return False
    return place.daemon.wait() == -signal.SIGKILL


def _rest(place: Place, deeds: Deeds) -> None:
    """Let the daemon work undisturbed until nothing is under way but what comes in."""
    place.start()
    deeds.finish()
    end = time.monotonic() + REST_SECONDS
    while time.monotonic() < end:
        _, under_way = place.standing()
        if under_way < 3 * PER_SECOND:
            break
        time.sleep(0.2)
    place.daemon.stop()


EXPERIMENT = Experiment(
    "points",
    "Is there a place at which the daemon's death costs a letter, an event, or a second letter?",
    "the daemon kills itself (SIGKILL) at a named point, at a turn chosen by the seed, while "
    "events come in; then it is started, armed with the next point. A point that is never "
    "reached counts as a failure.",
    run,
    (
        ("points", "points"),
        ("kills", "kills"),
    ),
)
