"""A daemon that is stopped past its lease (SIGSTOP), while another goes on, and then wakes."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

from faults.daemon import Daemon
from faults.dice import Dice
from faults.events import events, letters_of
from faults.experiment import (
    LEASE_SECONDS,
    SETTLE_SECONDS,
    SHORT_LEASE,
    Asked,
    Experiment,
    Finding,
    finding,
)
from faults.experiments.two_daemons import second_daemon
from faults.judge import judge
from faults.place import Place, Wanted

SENDS = 800
CUSTOMERS = 300
POINTS = (
    "intake_claimed",
    "enrollments_decided",
    "messages_claimed",
    "letters_rendered",
    "attempts_committed",
    "letter_begun",
    "letter_answered",
    "handed_over",
)
PAST = 2 * LEASE_SECONDS
STOPPED_SECONDS = 30.0


def run(asked: Asked) -> Iterator[Finding]:
    """On PostgreSQL, where two daemons share the work: once for each point at which one sleeps."""
    if "postgresql" not in asked.kinds:
        return
    for name in POINTS:
        asked.tell(
            f"postgresql: stopped at {name} for {PAST} seconds, the lease is {LEASE_SECONDS}"
        )
        yield _once(asked, name)


def _once(asked: Asked, name: str) -> Finding:
    begun = time.monotonic()
    dice = Dice(asked.seed, "stopped", name)
    with asked.shop(
        f"stopped_{name}", Wanted("postgresql", CUSTOMERS, changed=SHORT_LEASE)
    ) as place:
        turn = 1 + dice.one_of(3)
        place.start(f"{name}=stop@{turn}")
        feed = place.feed(at_once=20)
        feed.begin(events(asked.of(SENDS), CUSTOMERS))
        stopped = _stops(place)
        other = second_daemon(place)
        try:
            other.start(place.environment())
            time.sleep(PAST)
            place.daemon.signal(signal.SIGCONT)
            feed.wait(SETTLE_SECONDS)
            place.settle(letters_of(feed.answered), SETTLE_SECONDS)
            place.prove(SETTLE_SECONDS)
            late = _too_late(place.daemon)
            other.stop()
        finally:
            other.end()
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        if not stopped:
            verdict.wrong.append(f"never reached: {name}")
        told = {"point": name, "turn": turn, "outcomes_too_late": late}
        return finding(name, begun, verdict, **told)


def _stops(place: Place) -> bool:
    """Whether the daemon has stopped itself before long."""
    end = time.monotonic() + STOPPED_SECONDS
    while time.monotonic() < end:
        with open(f"/proc/{place.daemon.pid}/stat", encoding="utf-8") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "T":
                return True
        time.sleep(0.05)
    return False


def _too_late(daemon: Daemon) -> int:
    return len(daemon.said("outcome_too_late"))


EXPERIMENT = Experiment(
    "stopped",
    "What does a daemon do that wakes after its lease is over and others have taken its work?",
    f"one of two daemons stops itself (SIGSTOP) at a named point; after {PAST} s, with a lease of "
    f"{LEASE_SECONDS} s in the place of 120, it is woken.",
    run,
    (("outcomes too late", "outcomes_too_late"),),
)
