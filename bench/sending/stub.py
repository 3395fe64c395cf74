"""Runs the stand-in SES on a core of its own: in C where a compiler is, else in Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.sending.spending import beside

SOURCE = Path(__file__).with_name("stub.c")
STARTS_WITHIN_SECONDS = 10.0
LOOKS_EVERY_SECONDS = 0.02


@dataclass(frozen=True)
class Counted:
    """What the stand-in was sent since it started: bytes are of heads and bodies of sends."""

    requests: int
    letters: int
    bytes: int

    def since(self, before: Counted) -> Counted:
        """What came after an earlier look."""
        return Counted(
            self.requests - before.requests,
            self.letters - before.letters,
            self.bytes - before.bytes,
        )


class Stub:
    """A stand-in SES beside us, to be closed."""

    def __init__(self, folder: Path, core: int | None) -> None:
        """Start it on a core. Raises TimeoutError."""
        folder.mkdir(parents=True, exist_ok=True)
        port = folder / "port"
        port.unlink(missing_ok=True)
        self.kind, command = _command(folder)
        self._process = subprocess.Popen([*command, str(port)])
        beside(self._process.pid)
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while not port.is_file() or not port.read_text("ascii").endswith("\n"):
            if time.monotonic() > until or self._process.poll() is not None:
                self.close()
                raise TimeoutError("the stand-in SES did not start")
            time.sleep(LOOKS_EVERY_SECONDS)
        self.url = f"http://127.0.0.1:{int(port.read_text('ascii'))}"

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def counted(self) -> Counted:
        """What it was sent so far."""
        with urllib.request.urlopen(f"{self.url}/counted", timeout=10) as answer:
            return Counted(**json.load(answer))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def _command(folder: Path) -> tuple[str, list[str]]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return "python", [sys.executable, "-m", "bench.sending.plain_stub"]
    program = folder / "stub"
    subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE)], check=True)
    return "c", [str(program)]


def cores() -> tuple[int | None, int | None]:
    """The core to measure on and the one for whatever is beside it; None where that is not told."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def stay_on(core: int | None) -> None:
    """Have this process run on one core from now on."""
    if core is not None:
        os.sched_setaffinity(0, {core})
