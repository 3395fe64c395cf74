"""A full disk under SQLite: what is answered, what is sent, and what is there afterwards."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, SHORT_LEASE, Asked, Experiment, Finding, finding
from faults.ground import Ground
from faults.judge import judge
from faults.place import Wanted

SENDS = 3_000
CUSTOMERS = 500
DISK_MB = 64
FULL_SECONDS = 20
TIMES = 3


def run(asked: Asked) -> Iterator[Finding]:
    """On SQLite, on a small disk in memory of its own; nothing where none may be mounted."""
    if "sqlite" not in asked.kinds:
        return
    asked.tell(f"sqlite: a disk of {DISK_MB} MB, full {TIMES} times")
    yield _once(asked)


def _once(asked: Asked) -> Finding:
    begun = time.monotonic()
    with (
        asked.shop("full", Wanted("sqlite", CUSTOMERS, changed=SHORT_LEASE)) as place,
        _disk(place.root / "disk") as disk,
    ):
        if disk is None:
            return Finding("sqlite", {"not_done": "a disk of its own may not be mounted here"})
        place.move_to(Ground("sqlite", f"sqlite:///{disk / 'shop.db'}", None))
        place.start()
        feed = place.feed(at_once=10, per_second=60)
        feed.begin(events(asked.of(SENDS), CUSTOMERS))
        sent_while_full = 0
        for _ in range(TIMES):
            time.sleep(3)
            filler = _fill(disk)
            time.sleep(2)
            before = place.ses.count()
            time.sleep(asked.of(FULL_SECONDS, 5))
            sent_while_full += place.ses.count() - before
            filler.unlink()
        alive = place.daemon.runs
        if not alive:
            place.start()
        feed.wait(SETTLE_SECONDS)
        settled = place.settle(letters_of(feed.answered), SETTLE_SECONDS)
        place.prove(SETTLE_SECONDS)
        place.daemon.stop()
        verdict = judge(place, feed.answered)
        told = {
            "times_full": TIMES,
            "daemon_lived": alive,
            "requests_refused": len(feed.refused),
            "sent_while_full": sent_while_full,
            "settled_after": round(settled, 1),
        }
        return finding("sqlite", begun, verdict, **told)


def _fill(disk: Path) -> Path:
    """Fill the disk to its last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            while True:
                try:
                    if file.write(b"\0" * size) < size:
                        break
                except OSError:
                    break
    return filler


@contextmanager
def _disk(folder: Path) -> Iterator[Path | None]:
    """A small disk of its own; None where it may not be had."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


EXPERIMENT = Experiment(
    "disk_full",
    "What is answered and sent while the disk is full, and is the database whole afterwards?",
    f"the database lies on a disk of {DISK_MB} MB in memory that is filled to its last byte and "
    f"freed again, {TIMES} times, while events come in. The lease is 6 s in the place of 120.",
    run,
    (
        ("times full", "times_full"),
        ("daemon lived", "daemon_lived"),
        ("requests refused", "requests_refused"),
        ("sent while full", "sent_while_full"),
    ),
)
