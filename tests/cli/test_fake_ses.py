"""`lifecycle fake-ses` as a process of its own, and what it says when it is called wrongly."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from lifecycle.sim.fake_ses_truth import TruthLog
from tests.sim.fake_ses_clients import client, single

COMMAND = [sys.executable, "-m", "lifecycle"]


def test_it_serves_until_it_is_told_to_stop_and_tells_how_it_is_pointed_at(tmp_path: Path) -> None:
    log = tmp_path / "truth.jsonl"
    options = ["--port", "0", "--log", str(log), "--rate", "3", "--faults", "suspended=1"]
    running = subprocess.Popen(
        [*COMMAND, "fake-ses", *options], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert running.stdout is not None
    said: dict[str, str] = {}
    for line in running.stdout:
        name, _, value = line.partition(" = ")
        said[name] = value.strip().strip('"')
        if line.startswith("Letters:"):
            break
    endpoint = said["endpoint"]
    assert said["feedback_queue"] == f"{endpoint}/123456789012/lifecycle-feedback"
    ses = client("sesv2", endpoint)
    assert ses.get_account()["SendQuota"]["MaxSendRate"] == 3.0
    with pytest.raises(ses.exceptions.AccountSuspendedException):
        ses.send_email(**single())
    change = Request(f"{endpoint}/control", b'{"faults": ""}', method="POST")
    told: dict[str, Any] = json.loads(urlopen(change, timeout=5).read())
    assert (told["posts"], told["accepted"]) == (1, 0)
    ses.send_email(**single())
    running.send_signal(signal.SIGTERM)
    assert running.wait(10) == 0
    assert len(TruthLog(log).read()) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--faults", "nonsense=1"], "there is no fault"),
        (["--latency", "soon"], "is not a length"),
        (["--bounce", "2"], "not between 0 and 1"),
        (["--events", "ftp://x"], "events go to the queue"),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path: Path, options: list[str], words: str) -> None:
    done = subprocess.run(
        [*COMMAND, "fake-ses", "--port", "0", *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
