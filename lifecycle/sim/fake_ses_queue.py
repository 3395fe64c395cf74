"""A queue that speaks the JSON protocol of Amazon SQS: long polling, visibility, deletion."""

from __future__ import annotations

import asyncio
import heapq
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import md5
from time import monotonic
from typing import Any

from lifecycle.clock import Clock
from lifecycle.core.chance import derived_id
from lifecycle.sim.fake_ses_events import ACCOUNT_ID

QUEUE_NAME = "lifecycle-feedback"
MESSAGES_AT_ONCE = 10
LONGEST_WAIT = 20
VISIBILITY_SECONDS = 30
LONGEST_VISIBILITY = 12 * 60 * 60

Answer = dict[str, Any] | asyncio.Future[dict[str, Any]]
"""At once, or when a message has come or the wait is over."""


class SqsError(Exception):
    """An error as SQS answers it."""

    def __init__(self, code: str, message: str, query_code: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.query_code = query_code or code


class _Held:
    """One message of the queue; its text is made each time that it is fetched."""

    __slots__ = ("at", "deleted", "first_at", "number", "receives", "text", "visible_at")

    def __init__(self, number: int, text: Callable[[], str], at: datetime) -> None:
        self.number = number
        self.text = text
        self.at = at
        self.first_at = at
        self.receives = 0
        self.deleted = False
        self.visible_at = 0.0


class FakeQueue:
    """One queue, in memory, used from the thread of its event loop alone."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.visibility_seconds = VISIBILITY_SECONDS
        self.received = 0
        self.deleted = 0
        self._clock = clock
        self._numbers = 0
        self._ready: deque[_Held] = deque()
        self._hidden: list[tuple[float, int, _Held]] = []
        self._out: dict[int, _Held] = {}
        self._waiting: deque[tuple[asyncio.Future[dict[str, Any]], Mapping[str, Any]]] = deque()
        self._told = False

    @property
    def waiting(self) -> int:
        """How many messages lie here, fetched and not deleted ones among them."""
        return len(self._ready) + len(self._out)

    @property
    def is_waited_for(self) -> bool:
        """Whether a fetch waits for a message."""
        return any(not waiting.done() for waiting, _ in self._waiting)

    def put(self, text: Callable[[], str]) -> str:
        """Put one message in; gives its id."""
        self._numbers += 1
        held = _Held(self._numbers, text, self._clock.now())
        self._ready.append(held)
        self._tell()
        return self._id(held)

    def answer(self, operation: str, said: Mapping[str, Any], endpoint: str) -> Answer:
        """Carry one call out. Raises `SqsError`."""
        known = _OPERATIONS.get(operation)
        if known is None:
            raise SqsError("UnsupportedOperation", f"{operation} is not carried out here")
        if operation == "ListQueues":
            return {"QueueUrls": [self.url(endpoint)]}
        if operation == "GetQueueUrl":
            self._check_name(str(said.get("QueueName")))
            return {"QueueUrl": self.url(endpoint)}
        self._check_name(str(said.get("QueueUrl")).rstrip("/").rpartition("/")[2])
        return known(self, said)

    def url(self, endpoint: str) -> str:
        """The queue's address."""
        return f"{endpoint}/{ACCOUNT_ID}/{self.name}"

    def _check_name(self, name: str) -> None:
        if name != self.name:
            code, query = "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"
            raise SqsError(code, "The specified queue does not exist.", query)

    def _receive(self, said: Mapping[str, Any]) -> Answer:
        most = _number(said, "MaxNumberOfMessages", 1, 1, MESSAGES_AT_ONCE)
        wait = _number(said, "WaitTimeSeconds", 0, 0, LONGEST_WAIT)
        _number(said, "VisibilityTimeout", self.visibility_seconds, 0, LONGEST_VISIBILITY)
        self._uncover()
        if self._ready or not wait:
            return self._fetched(most, said)
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._waiting.append((waiting, said))
        loop.call_later(wait, _in_vain, waiting)
        self._look_again()
        return waiting

    def _fetched(self, most: int, said: Mapping[str, Any]) -> dict[str, Any]:
        hidden = _number(said, "VisibilityTimeout", self.visibility_seconds, 0, LONGEST_VISIBILITY)
        messages: list[dict[str, Any]] = []
        while self._ready and len(messages) < most:
            held = self._ready.popleft()
            if held.deleted:
                continue
            held.receives += 1
            if held.receives == 1:
                held.first_at = self._clock.now()
            self._out[held.number] = held
            self._hide(held, hidden)
            messages.append(self._message(held))
        self.received += len(messages)
        return {"Messages": messages} if messages else {}

    def _message(self, held: _Held) -> dict[str, Any]:
        body = held.text()
        return {
            "MessageId": self._id(held),
            "ReceiptHandle": b64encode(f"{held.number}:{held.receives}".encode()).decode(),
            "MD5OfBody": md5(body.encode(), usedforsecurity=False).hexdigest(),
            "Body": body,
            "Attributes": {
                "ApproximateReceiveCount": str(held.receives),
                "SentTimestamp": str(int(held.at.timestamp() * 1000)),
                "ApproximateFirstReceiveTimestamp": str(int(held.first_at.timestamp() * 1000)),
                "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
            },
        }

    def _hide(self, held: _Held, seconds: float) -> None:
        held.visible_at = monotonic() + seconds
        heapq.heappush(self._hidden, (held.visible_at, held.number, held))

    def _uncover(self) -> None:
        """Let be seen again what was fetched and not deleted in time."""
        now = monotonic()
        while self._hidden and self._hidden[0][0] <= now:
            at, number, held = heapq.heappop(self._hidden)
            if number in self._out and at == held.visible_at:
                del self._out[number]
                self._ready.append(held)

    def _delete(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self._done(said.get("ReceiptHandle"))
        return {}

    def _delete_batch(self, said: Mapping[str, Any]) -> dict[str, Any]:
        return _each(said, lambda one: self._done(one.get("ReceiptHandle")))

    def _done(self, handle: Any) -> None:
        held = self._out.pop(_number_in(handle), None)
        if held is not None:
            held.deleted = True
            self.deleted += 1

    def _change(self, said: Mapping[str, Any]) -> dict[str, Any]:
        held = self._out.get(_number_in(said.get("ReceiptHandle")))
        if held is None:
            raise SqsError("MessageNotInflight", "The message is not in flight.")
        self._hide(held, _number(said, "VisibilityTimeout", None, 0, LONGEST_VISIBILITY))
        self._look_again()
        return {}

    def _change_batch(self, said: Mapping[str, Any]) -> dict[str, Any]:
        return _each(said, self._change)

    def _send(self, said: Mapping[str, Any]) -> dict[str, Any]:
        body = str(said.get("MessageBody", ""))
        digest = md5(body.encode(), usedforsecurity=False).hexdigest()
        return {"MessageId": self.put(lambda: body), "MD5OfMessageBody": digest}

    def _attributes(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self._uncover()
        told = {
            "ApproximateNumberOfMessages": str(len(self._ready)),
            "ApproximateNumberOfMessagesNotVisible": str(len(self._out)),
            "ApproximateNumberOfMessagesDelayed": "0",
            "VisibilityTimeout": str(self.visibility_seconds),
            "MessageRetentionPeriod": str(4 * 24 * 60 * 60),
            "ReceiveMessageWaitTimeSeconds": "0",
            "QueueArn": f"arn:aws:sqs:eu-central-1:{ACCOUNT_ID}:{self.name}",
        }
        wanted = set(said.get("AttributeNames") or ())
        if "All" not in wanted:
            told = {name: value for name, value in told.items() if name in wanted}
        return {"Attributes": told}

    def _set_attributes(self, said: Mapping[str, Any]) -> dict[str, Any]:
        given = dict(said.get("Attributes") or {})
        least = self.visibility_seconds
        self.visibility_seconds = _number(given, "VisibilityTimeout", least, 0, LONGEST_VISIBILITY)
        return {}

    def _purge(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self._ready.clear()
        self._out.clear()
        self._hidden.clear()
        return {}

    def _id(self, held: _Held) -> str:
        digest = derived_id(self.name, str(held.number), str(held.at))
        return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))

    def _tell(self) -> None:
        """Have those who wait served once all that is put in just now is in."""
        if self._waiting and not self._told:
            self._told = True
            asyncio.get_running_loop().call_soon(self._serve)

    def _serve(self) -> None:
        self._told = False
        self._uncover()
        while self._ready and self._waiting:
            waiting, said = self._waiting.popleft()
            if not waiting.done():
                most = _number(said, "MaxNumberOfMessages", 1, 1, MESSAGES_AT_ONCE)
                waiting.set_result(self._fetched(most, said))
        self._look_again()

    def _look_again(self) -> None:
        """Serve those who wait when the next message can be seen again."""
        if self._waiting and self._hidden:
            after = max(0.0, self._hidden[0][0] - monotonic())
            asyncio.get_running_loop().call_later(after + 0.001, self._serve)


_OPERATIONS: dict[str, Callable[[FakeQueue, Mapping[str, Any]], Answer]] = {
    "ListQueues": lambda queue, said: {},
    "GetQueueUrl": lambda queue, said: {},
    "ReceiveMessage": FakeQueue._receive,
    "DeleteMessage": FakeQueue._delete,
    "DeleteMessageBatch": FakeQueue._delete_batch,
    "ChangeMessageVisibility": FakeQueue._change,
    "ChangeMessageVisibilityBatch": FakeQueue._change_batch,
    "SendMessage": FakeQueue._send,
    "GetQueueAttributes": FakeQueue._attributes,
    "SetQueueAttributes": FakeQueue._set_attributes,
    "PurgeQueue": FakeQueue._purge,
}


def _in_vain(waiting: asyncio.Future[dict[str, Any]]) -> None:
    if not waiting.done():
        waiting.set_result({})


def _number(said: Mapping[str, Any], name: str, usual: int | None, least: int, most: int) -> int:
    found = said.get(name, usual)
    try:
        number = int(found if found is not None else "")
    except (TypeError, ValueError):
        raise SqsError("InvalidParameterValue", f"{name} is not a number") from None
    if not least <= number <= most:
        raise SqsError("InvalidParameterValue", f"{name} must be between {least} and {most}")
    return number


def _number_in(handle: Any) -> int:
    try:
        return int(b64decode(str(handle), validate=True).decode().partition(":")[0])
    except ValueError:
        raise SqsError("ReceiptHandleIsInvalid", "The receipt handle is not valid.") from None


def _each(said: Mapping[str, Any], act: Callable[[Mapping[str, Any]], object]) -> dict[str, Any]:
    """One act for each entry of a batch; those that fail are told apart."""
    entries = said.get("Entries") or []
    if not 1 <= len(entries) <= MESSAGES_AT_ONCE:
        code = "TooManyEntriesInBatchRequest" if entries else "EmptyBatchRequest"
        raise SqsError(code, f"A batch has 1 to {MESSAGES_AT_ONCE} entries.")
    good, failed = [], []
    for one in entries:
        try:
            act(one)
            good.append({"Id": one.get("Id")})
        except SqsError as error:
            told = {"Code": error.code, "Message": error.message, "SenderFault": True}
            failed.append({"Id": one.get("Id"), **told})
    return {"Successful": good, "Failed": failed}
