"""PostgreSQL restarted and crashed under load, its connections ended, and cut within COMMIT."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator

from faults.cutting import Cutter
from faults.dice import Dice
from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding, leases
from faults.ground import Ground
from faults.judge import judge
from faults.place import Place, Wanted

SENDS = 3_000
CUSTOMERS = 500
RESTARTS = 3
KICKS_SECONDS = 0.4
CUT_SHARE = 0.05


def run(asked: Asked) -> Iterator[Finding]:
    """On PostgreSQL alone: each way to lose the database for a while."""
    if "postgresql" not in asked.kinds:
        return
    for title, trouble in (
        ("restarted", _restarted(signal.SIGINT)),
        ("crashed", _restarted(signal.SIGQUIT)),
        ("connections ended", _kicked),
    ):
        asked.tell(f"postgresql: {title} under load")
        yield _once(asked, title, trouble)
    for title, after in (("cut before COMMIT arrives", False), ("cut after COMMIT arrived", True)):
        asked.tell(f"postgresql: {title}")
        yield _cut(asked, title, after=after)


def _once(
    asked: Asked, title: str, trouble: Callable[[Place, threading.Event, Dice], int]
) -> Finding:
    begun = time.monotonic()
    with asked.shop(
        f"pg_{title}", Wanted("postgresql", CUSTOMERS, changed=leases("postgresql"))
    ) as place:
        place.start()
        feed = place.feed(at_once=10, per_second=200)
        over = threading.Event()
        feed.begin(events(asked.of(SENDS), CUSTOMERS))
        made: list[int] = []
        dice = Dice(asked.seed, "postgres", title)
        thread = threading.Thread(target=lambda: made.append(trouble(place, over, dice)))
        thread.start()
        feed.wait(SETTLE_SECONDS)
        over.set()
        thread.join()
        settled = place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        place.prove(SETTLE_SECONDS)
        alive = place.daemon.runs
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        if not alive:
            verdict.wrong.append("the daemon ended")
        told = {"times": sum(made), "unanswered": feed.unanswered}
        return finding(title, begun, verdict, **told, settled_after=round(settled, 1))


def _restarted(how: signal.Signals) -> Callable[[Place, threading.Event, Dice], int]:
    def trouble(place: Place, over: threading.Event, dice: Dice) -> int:
        server = place.ground.server
        assert server is not None
        for _ in range(RESTARTS):
            time.sleep(dice.between(1.0, 3.0))
            server.end(how)
            time.sleep(dice.between(0.2, 2.0))
            server.again()
        return RESTARTS

    return trouble


def _kicked(place: Place, over: threading.Event, dice: Dice) -> int:
    server, times = place.ground.server, 0
    assert server is not None
    name = place.ground.url.rpartition("/")[2]
    while not over.wait(dice.between(0.0, KICKS_SECONDS)):
        ended = server.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND application_name NOT LIKE 'faults%'"
        )
        times += len(ended)
    return times


def _cut(asked: Asked, title: str, *, after: bool) -> Finding:
    begun = time.monotonic()
    wanted = Wanted("postgresql", CUSTOMERS, changed=leases("postgresql"))
    with asked.shop(f"pg_{title[:10]}", wanted) as place:
        straight = place.ground
        assert straight.server is not None
        cutter = Cutter(straight.server.port, Dice(asked.seed, title), 0.0, after=after)
        port = cutter.start()
        place.ground = Ground(
            straight.kind, straight.url.replace(f":{straight.server.port}/", f":{port}/"), None
        )
        environment = place.environment()
        place.ground = straight
        place.daemon.start(environment)
        cutter.share = CUT_SHARE
        feed = place.feed(at_once=10, per_second=200)
        feed.begin(events(asked.of(SENDS), CUSTOMERS))
        feed.wait(SETTLE_SECONDS)
        cutter.share = 0.0
        settled = place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        place.prove(SETTLE_SECONDS)
        place.daemon.stop()
        cutter.stop()
        verdict = judge(place, feed.answered)
        told = {"commits_cut": cutter.cuts, "commits": cutter.commits}
        return finding(title, begun, verdict, **told, settled_after=round(settled, 1))


EXPERIMENT = Experiment(
    "postgres",
    "What happens when PostgreSQL goes away, at its worst with a COMMIT on the way?",
    f"the server is stopped (SIGINT) or crashed (SIGQUIT) {RESTARTS} times under load; all its "
    f"backends are ended every 0 to {KICKS_SECONDS} s; and a proxy of ours cuts connections at one "
    f"COMMIT in {round(1 / CUT_SHARE)}, before or after the server has it.",
    run,
    (
        ("times", "times"),
        ("commits cut", "commits_cut"),
        ("requests unanswered", "unanswered"),
    ),
)
