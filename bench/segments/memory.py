"""How much memory the daemon has: after its start, after builds, after minutes of ticks. Linux."""

from __future__ import annotations

import contextlib
import io
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.segments import load
from bench.segments.data import NAMES, Shop
from bench.segments.engine_room import project, write_segment
from bench.segments.rules import Measured
from bench.segments.running import Running
from bench.segments.ticks import CHANGED, changed
from lifecycle.cli import main
from lifecycle.errors import LifecycleError

ORDER = NAMES.index("order_placed")
EDITED_DAYS = 33
"""What windows are set to in the segments that are edited."""
SETTLE_SECONDS = 3.0
BUILD_SECONDS = 7_200.0
TAKEN_IN_SECONDS = 600.0
AT_ONCE = 100
CONNECTIONS = 4
KIB = 1_024


@dataclass(frozen=True)
class Footprint:
    """Bytes at one stage. `peak` is the most there ever was; `processor` seconds since the start.

    `anonymous` is what is the process's own, not pages of files such as libraries.
    """

    stage: str
    resident: int
    anonymous: int
    peak: int
    wall: float
    processor: float


def measure(
    folder: Path,
    file: Path,
    shop: Shop,
    rules: Sequence[Measured],
    *,
    edited: Sequence[int] = (0, 1, 2),
    seconds: float = 180.0,
    at_once: int = CHANGED,
) -> tuple[Footprint, ...]:
    """The daemon on the file (which is changed) of a shop, with these segments.

    Segments that are not built yet it builds first. Those numbered `edited` are edited, one after
    the other, and built anew. Then for so many seconds `at_once` customers order every second.
    """
    project(folder, rules)
    found = []
    with Running(folder, file, None) as daemon:
        began = time.perf_counter()

        def note(stage: str) -> None:
            wall = time.perf_counter() - began
            found.append(footprint(daemon.pid, stage, wall, daemon.processor()["all"]))

        time.sleep(SETTLE_SECONDS)
        note("started")
        if waiting := daemon.builds():
            daemon.rest(daemon.builds, BUILD_SECONDS)
            note(f"{waiting} segments built first")
        for number in edited:
            _edit(folder, file, rules[number])
            daemon.rest(daemon.builds, BUILD_SECONDS)
            note(f"{rules[number].name} edited")
        ticks = _order(daemon, shop, seconds, at_once)
        daemon.rest(lambda: daemon.waiting().events, TAKEN_IN_SECONDS)
        note(f"{ticks} times {at_once} customers")
    return tuple(found)


def footprint(pid: int, stage: str, wall: float = 0.0, processor: float = 0.0) -> Footprint:
    """What the system says of a process now."""
    rolled = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    resident, anonymous = _kib(rolled, "Rss"), _kib(rolled, "Anonymous")
    return Footprint(stage, resident, anonymous, _kib(status, "VmHWM"), wall, processor)


def _kib(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    assert found is not None, f"there is no {name}"
    return int(found[1]) * KIB


def _edit(folder: Path, file: Path, one: Measured) -> None:
    """Change the windows of a segment's rule, and have the daemon put it live."""
    write_segment(folder, one.name, with_windows(one.rule, f"{EDITED_DAYS} days"))
    url = f"sqlite:///{file.resolve()}"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        done = main(["--project", str(folder), "--database", url, "apply", "--json"])
    if done != 0:
        raise LifecycleError("the edited segment did not go live", cause=said.getvalue())


def with_windows(rule: dict[str, Any], length: str) -> dict[str, Any]:
    """The same rule, all its windows of another length."""
    return {
        key: length if key == "within" else _with_windows(value, length)
        for key, value in rule.items()
    }


def _with_windows(value: Any, length: str) -> Any:
    if isinstance(value, dict):
        return with_windows(value, length)
    return [_with_windows(one, length) for one in value] if isinstance(value, list) else value


def _order(daemon: Running, shop: Shop, seconds: float, at_once: int) -> int:
    """Every second let so many customers order; says how many times they did."""
    times = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        who = changed(shop, times, at_once)
        said = f"t{times}-"
        events = [
            load.event(number, said, one, ORDER, NAMES[ORDER]) for number, one in enumerate(who)
        ]
        made = load.requests(daemon.key, events, AT_ONCE)
        sizes = [len(events[start : start + AT_ONCE]) for start in range(0, len(events), AT_ONCE)]
        load.offer(daemon.port, made, sizes, float(at_once), CONNECTIONS)
        times += 1
    return times
