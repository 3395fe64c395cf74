"""A second daemon on the same database: refused on SQLite, sharing the work on PostgreSQL."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

from faults.daemon import Daemon
from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding
from faults.judge import judge
from faults.place import Place, Wanted
from faults.ports import free_port

SENDS = 3_000
CUSTOMERS = 500


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each database."""
    for kind in asked.kinds:
        asked.tell(f"{kind}: two daemons")
        yield _once(asked, kind)


def _once(asked: Asked, kind: str) -> Finding:
    begun = time.monotonic()
    with asked.shop("two", Wanted(kind, CUSTOMERS)) as place:
        place.start()
        feed = place.feed()
        feed.begin(events(asked.of(SENDS), CUSTOMERS))
        second, told = second_daemon(place), {}
        try:
            second.begin(place.environment())
            if kind == "sqlite":
                code = second.wait()
                told = {"second_ended_with": code, "second_said": second.last_words(3)}
            else:
                while second.runs and not second.greetings():
                    time.sleep(0.05)
            feed.wait(SETTLE_SECONDS)
            place.settle(letters_of(feed.answered), SETTLE_SECONDS)
            place.prove(SETTLE_SECONDS)
            if kind != "sqlite":
                told = {"sent_by_each": [_sent(place.daemon), _sent(second)]}
                second.stop()
        finally:
            second.end()
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        if kind == "sqlite" and told["second_ended_with"] in (0, None):
            verdict.wrong.append("the second daemon was not refused")
        return finding(kind, begun, verdict, **told)


def second_daemon(place: Place) -> Daemon:
    """Another daemon of the same project, on a port of its own."""
    settings = place.root / "settings.toml"
    port = free_port()
    other = place.root / "second"
    if not other.exists():
        other.mkdir()
        for one in ("campaigns", "segments", "templates"):
            shutil.copytree(place.root / one, other / one)
        text = settings.read_text("utf-8")
        (other / "settings.toml").write_text(text.replace(f":{place.port}", f":{port}"), "utf-8")
        (other / ".lifecycle").mkdir()
        (other / ".lifecycle" / "key").write_bytes((place.root / ".lifecycle" / "key").read_bytes())
        (other / ".lifecycle" / "key").chmod(0o600)
    return Daemon(other, "second", place.wanted.changed)


def _sent(daemon: Daemon) -> int:
    return len(daemon.said("message_accepted"))


EXPERIMENT = Experiment(
    "two_daemons",
    "What does a second daemon on one database do?",
    "a second daemon is started on the same database while the first one sends.",
    run,
    (
        ("sent by each", "sent_by_each"),
        ("second ended with", "second_ended_with"),
    ),
)
