"""Feedback from a queue: deleted once it is kept, left there otherwise, and nothing gets out."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from lifecycle.send.feedback import FeedbackRefused
from lifecycle.send.sqs import RECEIVES_OF_WHAT_IS_NO_EVENT, WAIT_SECONDS, SqsFeedback
from tests.send.queue import Queue


@pytest.fixture
def queue() -> Iterator[Queue]:
    """A queue on a port of its own."""
    opened = Queue()
    yield opened
    opened.close()


def reader(queue: Queue) -> SqsFeedback:
    return SqsFeedback(queue.url, "eu-central-1")


def refuse(_body: str) -> None:
    raise FeedbackRefused("no event of SES")


def fail(_body: str) -> None:
    raise OSError("the disk is full")


def test_what_was_taken_in_is_deleted_and_asked_for_by_long_polling(queue: Queue):
    queue.put("a", "b")
    taken: list[str] = []
    assert reader(queue).receive(taken.append) == 2
    assert taken == ["a", "b"]
    assert not queue.waiting and not queue.hidden
    asked = queue.requests[0][1]
    assert (asked["MaxNumberOfMessages"], asked["WaitTimeSeconds"]) == (10, WAIT_SECONDS)


def test_nothing_is_deleted_before_it_is_taken_in(queue: Queue):
    queue.put("a")
    seen: list[list[str]] = []
    reader(queue).receive(lambda _: seen.append([name for name, _ in queue.requests]))
    assert seen == [["ReceiveMessage"]]
    assert [name for name, _ in queue.requests] == ["ReceiveMessage", "DeleteMessageBatch"]


def test_what_could_not_be_taken_in_comes_again(queue: Queue):
    queue.put("a")
    one = reader(queue)
    for _ in range(RECEIVES_OF_WHAT_IS_NO_EVENT + 2):
        assert one.receive(fail) == 0
        queue.reappear()
    assert [message["Body"] for message in queue.waiting] == ["a"]
    taken: list[str] = []
    assert one.receive(taken.append) == 1
    assert taken == ["a"]


def test_one_that_fails_keeps_none_of_the_others(queue: Queue):
    queue.put("a", "bad", "c")
    taken: list[str] = []
    one = reader(queue)
    assert one.receive(lambda body: fail(body) if body == "bad" else taken.append(body)) == 2
    assert taken == ["a", "c"]
    assert [message["Body"] for message in queue.hidden.values()] == ["bad"]


def test_what_is_no_event_is_logged_by_its_id_and_deleted_after_a_few_receives(
    queue: Queue, caplog: pytest.LogCaptureFixture
):
    queue.put("mail of anna@x.example")
    one = reader(queue)
    with caplog.at_level(logging.INFO):
        for receives in range(1, RECEIVES_OF_WHAT_IS_NO_EVENT + 1):
            assert len(queue.waiting) == 1, receives
            assert one.receive(refuse) == 0
            queue.reappear()
    assert queue.waiting == []
    told = "".join(str(vars(record)) for record in caplog.records)
    assert "m0" in told
    assert "anna" not in told


def test_a_queue_that_does_not_answer_is_asked_again(queue: Queue):
    queue.put("a")
    queue.fails = 1
    taken: list[str] = []
    one = reader(queue)
    assert one.receive(taken.append) == 0
    assert one.receive(taken.append) == 1
    assert SqsFeedback("http://127.0.0.1:9/q", "eu-central-1").receive(fail) == 0


def test_what_cannot_be_deleted_only_comes_again(queue: Queue):
    queue.put("a")
    queue.deletes = False
    taken: list[str] = []
    one = reader(queue)
    one.receive(taken.append)
    queue.reappear()
    queue.deletes = True
    one.receive(taken.append)
    assert taken == ["a", "a"]
    assert queue.waiting == []


def test_a_thread_reads_until_it_is_told_to_stop_though_a_request_waits(queue: Queue):
    queue.patient = True
    taken: list[str] = []
    one = reader(queue)
    one.start(taken.append)
    queue.put("a")
    queue.wait_for("ReceiveMessage", "DeleteMessageBatch", "ReceiveMessage")
    one.stop(0.05)
    queue.put("too late")
    one.stop()
    assert taken == ["a"]
    assert [message["Body"] for message in queue.hidden.values()] == ["too late"]
