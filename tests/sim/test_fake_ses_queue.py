"""The queue of the stand-in, by boto3's own client and by our reader of feedback."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lifecycle.clock import SystemClock
from lifecycle.send.feedback import FeedbackRefused, feedback_of
from lifecycle.send.sqs import SqsFeedback
from lifecycle.sim.fake_ses import FakeSes
from tests.sim.fake_ses_clients import Start, Started, refused, until
from tests.sim.test_fake_ses_events import NOW


@pytest.fixture
def stand_in(start: Start) -> Started:
    return start(events="queue")


def fetched(stand_in: Started, **said: Any) -> list[dict[str, Any]]:
    answer = stand_in.queue().receive_message(
        QueueUrl=stand_in.fake.queue_url(stand_in.endpoint), **said
    )
    return list(answer.get("Messages", []))


def test_what_is_fetched_is_hidden_until_its_time_is_over_and_counted(stand_in: Started) -> None:
    stand_in.fake.put_into_queue("one")
    (first,) = fetched(stand_in, VisibilityTimeout=1, MessageSystemAttributeNames=["All"])
    assert (first["Body"], first["Attributes"]["ApproximateReceiveCount"]) == ("one", "1")
    assert fetched(stand_in) == []
    (again,) = fetched(stand_in, WaitTimeSeconds=5)
    assert again["MessageId"] == first["MessageId"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_long_poll_ends_as_soon_as_something_comes(stand_in: Started) -> None:
    found: list[dict[str, Any]] = []

    def wait() -> None:
        found.extend(fetched(stand_in, WaitTimeSeconds=20))

    waiting = Thread(target=wait)
    waiting.start()
    until(lambda: stand_in.fake.waits)
    assert not found
    stand_in.fake.put_into_queue("at last")
    waiting.join(10)
    assert [one["Body"] for one in found] == ["at last"]


def test_a_long_poll_in_vain_ends(stand_in: Started) -> None:
    assert fetched(stand_in, WaitTimeSeconds=1) == []


def test_ten_at_most_are_fetched_and_a_batch_is_deleted(stand_in: Started) -> None:
    for number in range(12):
        stand_in.fake.put_into_queue(str(number))
    queue, url = stand_in.queue(), stand_in.fake.queue_url(stand_in.endpoint)
    messages = fetched(stand_in, MaxNumberOfMessages=10)
    entries = [
        {"Id": str(place), "ReceiptHandle": one["ReceiptHandle"]}
        for place, one in enumerate(messages)
    ]
    entries[-1]["ReceiptHandle"] = "nonsense"
    answer = queue.delete_message_batch(QueueUrl=url, Entries=entries)
    assert len(answer["Successful"]) == 9
    assert answer["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    told = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["ApproximateNumberOfMessages"] == "2"
    assert told["ApproximateNumberOfMessagesNotVisible"] == "1"
    queue.purge_queue(QueueUrl=url)
    assert stand_in.fake.control()["queue_waiting"] == 0


def test_a_message_given_back_is_seen_at_once(stand_in: Started) -> None:
    stand_in.fake.put_into_queue("one")
    queue, url = stand_in.queue(), stand_in.fake.queue_url(stand_in.endpoint)
    (first,) = fetched(stand_in)
    handle = {"QueueUrl": url, "ReceiptHandle": first["ReceiptHandle"]}
    queue.change_message_visibility(**handle, VisibilityTimeout=0)
    assert len(fetched(stand_in)) == 1


def test_the_queue_is_found_by_name_and_no_other_is_there(stand_in: Started) -> None:
    queue = stand_in.queue()
    found = queue.get_queue_url(QueueName="lifecycle-feedback")["QueueUrl"]
    assert found == stand_in.fake.queue_url(stand_in.endpoint)
    assert refused(queue.get_queue_url, QueueName="other")[1].endswith("NonExistentQueue")
    other = found.replace("lifecycle-feedback", "other")
    assert refused(queue.receive_message, QueueUrl=other)[1].endswith("NonExistentQueue")
    wrong = {"QueueUrl": found, "MaxNumberOfMessages": 11}
    assert refused(queue.receive_message, **wrong)[1] == "InvalidParameterValue"


def test_our_reader_of_the_queue_takes_events_in_and_leaves_what_is_none(
    stand_in: Started,
) -> None:
    identity = stand_in.send()
    stand_in.fake.put_into_queue("not an event")
    taken: list[str] = []

    def take(body: str) -> None:
        taken.append(feedback_of(body, NOW).ses_message_id)

    reader = SqsFeedback(stand_in.fake.queue_url(stand_in.endpoint), "eu-central-1")
    while len(taken) < 2:
        reader.receive(take)
    assert taken == [identity, identity]
    told = stand_in.fake.control()
    assert (told["queue_deleted"], told["queue_waiting"]) == (2, 1)
    with pytest.raises(FeedbackRefused):
        take("not an event")


def test_our_reader_outlives_a_queue_that_ends_while_it_waits_and_comes_back(
    tmp_path: Path,
) -> None:
    first = FakeSes(tmp_path / "truth.jsonl", SystemClock(), events="queue")
    endpoint = first.start()
    taken: list[str] = []
    reader = SqsFeedback(first.queue_url(endpoint), "eu-central-1")
    reader.start(lambda body: taken.append(body))
    until(lambda: first.waits)
    first.stop()
    again = FakeSes(tmp_path / "truth.jsonl", SystemClock(), events="queue")
    again.start(int(endpoint.rpartition(":")[2]))
    again.put_into_queue("{}")
    until(lambda: taken)
    reader.stop(0)
    again.stop()


def test_an_event_lies_in_an_envelope_as_of_sns(stand_in: Started) -> None:
    stand_in.send()
    (message,) = fetched(stand_in, WaitTimeSeconds=5)
    told = json.loads(message["Body"])
    assert told["Type"] == "Notification"
    assert told["TopicArn"].startswith("arn:aws:sns:")
    assert json.loads(told["Message"])["eventType"] == "Send"
