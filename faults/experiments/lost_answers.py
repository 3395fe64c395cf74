"""Lost answers: SES accepts, and the answer is cut, half, late, or an error of the server."""

from __future__ import annotations

import time
from collections.abc import Iterator

from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding
from faults.judge import judge
from faults.place import Wanted
from faults.resolving import resolving

SENDS = 2_000
CUSTOMERS = 500
SHARES = (0.01, 0.10, 0.50)
MODES = ("single", "bulk")
KINDS_OF_LOSS = ("cut_after", "hang_after", "half_answer_after", "failed_after")
READ_SECONDS = 3.0
HANG_SECONDS = 6.0
CHANGED: dict[str, object] = {"lifecycle.send.ses_client.READ_SECONDS": READ_SECONDS}


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each share of lost answers, mode and database."""
    for kind in asked.kinds:
        for mode in MODES:
            for share in SHARES:
                asked.tell(f"{kind}, {mode}: {share:.0%} of the answers lost after acceptance")
                yield _once(asked, kind, mode, share)


def faults_of(share: float) -> str:
    """The shares of each way to lose an answer, as the stand-in takes them."""
    return ",".join(f"{one}={share / len(KINDS_OF_LOSS):g}" for one in KINDS_OF_LOSS)


def _once(asked: Asked, kind: str, mode: str, share: float) -> Finding:
    begun = time.monotonic()
    ses = {"faults": faults_of(share), "seed": asked.seed, "hang_seconds": HANG_SECONDS}
    with asked.shop(
        f"answers_{mode}_{share:g}", Wanted(kind, CUSTOMERS, mode, ses, CHANGED)
    ) as place:
        place.start()
        feed = place.feed()
        feed.begin(events(asked.of(SENDS), CUSTOMERS))
        feed.wait(SETTLE_SECONDS)
        place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        place.prove(SETTLE_SECONDS)
        counts = place.ses.change()
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        told = {"share": share, "answers_lost": sum(counts["faults"].values())}
        return finding(f"{kind}, {mode}, {share:.0%}", begun, verdict, **told, **resolving(place))


EXPERIMENT = Experiment(
    "lost_answers",
    "What becomes of letters that SES accepts without our hearing of it?",
    f"`fake-ses` accepts and then cuts the connection, hangs past our time-out (here "
    f"{READ_SECONDS:g} s), sends half an answer, or answers 500, a quarter each; a lost bulk "
    "answer is one for all its letters. Feedback comes through the queue.",
    run,
    (
        ("answers lost", "answers_lost"),
        ("proved after, s", "proved_seconds"),
    ),
)
