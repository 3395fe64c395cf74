"""The stand-in for SES as tests use it: started on a port of its own, asked by boto3's clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PATIENCE_SECONDS = 30.0
Start = Callable[..., "Started"]


class SteppedClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.instant


class Started:
    """One stand-in, and the clients that talk to it."""

    def __init__(self, fake: Any, endpoint: str) -> None:
        self.fake = fake
        self.endpoint = endpoint
        self.ses = client("sesv2", endpoint)

    def send(self, to: str = "ann@customer.example", **other: Any) -> str:
        """Send one simple letter; gives its message id."""
        answer: Mapping[str, Any] = self.ses.send_email(**single(to, **other))
        return str(answer["MessageId"])

    def send_bulk(self, *entries: dict[str, Any], **other: Any) -> list[dict[str, Any]]:
        """Send entries of one template; gives what came of each."""
        answer: Mapping[str, Any] = self.ses.send_bulk_email(**bulk(*entries, **other))
        return list(answer["BulkEmailEntryResults"])

    def queue(self) -> Any:
        """A client for its queue."""
        return client("sqs", self.endpoint)

    def bodies(self, number: int, seconds: int = 5) -> list[dict[str, Any]]:
        """Fetch and delete at least so many events, or all there are; their bodies."""
        queue, url = self.queue(), self.fake.queue_url(self.endpoint)
        found: list[dict[str, Any]] = []
        while len(found) < number:
            answer = queue.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds
            )
            messages = answer.get("Messages", [])
            if not messages:
                break
            for one in messages:
                found.append(json.loads(json.loads(one["Body"])["Message"]))
                queue.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found


def client(service: str, endpoint: str) -> Any:
    """A stock client of boto3 that tries once."""
    return boto3.session.Session().client(
        service,
        region_name="eu-central-1",
        endpoint_url=endpoint,
        aws_access_key_id="stand-in",
        aws_secret_access_key="stand-in",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
    )


def single(to: str = "ann@customer.example", **other: Any) -> dict[str, Any]:
    """A SendEmail of one simple letter; `simple` replaces parts of its content."""
    simple = {
        "Subject": {"Data": "Hi", "Charset": "UTF-8"},
        "Body": {"Text": {"Data": "Hello"}, "Html": {"Data": "<p>Hello</p>"}},
        **other.pop("simple", {}),
    }
    return {
        "FromEmailAddress": "Shop <news@shop.example>",
        "Destination": {"ToAddresses": [to]},
        "Content": {"Simple": simple},
        "EmailTags": tags(attempt_id="a1", message_id="m1"),
        "ConfigurationSetName": "lifecycle",
        **other,
    }


def bulk(*entries: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A SendBulkEmail; `template` replaces parts of the template."""
    content = {"Subject": "Hi {{name}}", "Text": "Hello {{name}}", "Html": "<p>{{name}}</p>"}
    template = {"TemplateContent": content, **other.pop("template", {})}
    return {
        "FromEmailAddress": "Shop <news@shop.example>",
        "DefaultContent": {"Template": template},
        "BulkEmailEntries": list(entries),
        "ConfigurationSetName": "lifecycle",
        **other,
    }


def entry(to: str, data: object = None, **other: Any) -> dict[str, Any]:
    """One entry of a bulk call; `data` goes out as JSON."""
    made: dict[str, Any] = {"Destination": {"ToAddresses": [to]}, **other}
    if data is not None:
        replaced = {"ReplacementTemplateData": json.dumps(data)}
        made["ReplacementEmailContent"] = {"ReplacementTemplate": replaced}
    return made


def tags(**said: str) -> list[dict[str, str]]:
    """Tags by their names."""
    return [{"Name": name, "Value": value} for name, value in said.items()]


def header(name: str, value: str) -> dict[str, str]:
    """One header."""
    return {"Name": name, "Value": value}


def refused(call: Callable[..., Any], **said: Any) -> tuple[int, str, str]:
    """Status, error name and message of a call that is refused."""
    try:
        call(**said)
    except ClientError as error:
        told = error.response["Error"]
        return error.response["ResponseMetadata"]["HTTPStatusCode"], told["Code"], told["Message"]
    raise AssertionError("the call was not refused")


def until(holds: Callable[[], object]) -> None:
    """Wait for something that is to come."""
    begun = monotonic()
    while not holds():
        assert monotonic() - begun < PATIENCE_SECONDS, "it has not come"
        sleep(0.01)
