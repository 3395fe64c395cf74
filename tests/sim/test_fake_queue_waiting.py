"""How many bodies wait in a queue is told, and a queue that cannot be asked says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.clock import SystemClock
from lifecycle.errors import EnvironmentFailed
from lifecycle.send.sqs import SqsFeedback
from lifecycle.sim.fake_ses import FakeSes


def test_a_queue_tells_how_many_wait(tmp_path: Path) -> None:
    ses = FakeSes(tmp_path / "truth.jsonl", SystemClock(), events="queue")
    endpoint = ses.start()
    try:
        queue = SqsFeedback(ses.queue_url(endpoint), "eu-central-1")
        assert queue.waiting() == 0
        ses.put_into_queue("a")
        assert queue.waiting() == 1
    finally:
        ses.stop()


def test_a_queue_that_is_not_there_is_told_with_a_remedy() -> None:
    with pytest.raises(EnvironmentFailed, match="cannot be asked"):
        SqsFeedback("http://127.0.0.1:1/000000000000/feedback", "eu-central-1").waiting()
