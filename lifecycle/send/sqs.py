"""Feedback of SES through a queue of Amazon SQS: fetched by long polling, deleted once it is kept.

A message is deleted only after it was taken in durably: a crash between the two has it come again,
and taking the same feedback in twice counts it once.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from lifecycle import log
from lifecycle.errors import EnvironmentFailed
from lifecycle.failpoints import reach
from lifecycle.send.feedback import FeedbackRefused
from lifecycle.send.transport import told

MESSAGES_AT_ONCE = 10
"""The most that SQS gives for one request."""
WAIT_SECONDS = 20
"""The longest that SQS lets a request wait for a message."""
CONNECT_SECONDS = 5.0
READ_SECONDS = WAIT_SECONDS + 10.0
STOP_SECONDS = 3.0
"""How long stopping waits for what is being taken in; a request that waits is left behind."""
RECEIVES_OF_WHAT_IS_NO_EVENT = 5
"""After so many receives a body that is no event of SES is deleted: it will never be one."""
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 60.0
COUNT = "ApproximateReceiveCount"

_AMAZON = (".amazonaws.com", ".amazonaws.com.cn")
_STAND_IN_KEY = "stand-in"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Take = Callable[[str], object]
"""Takes in one body and returns once it is durable; raises FeedbackRefused for what is no event."""


HOW_MANY = "ApproximateNumberOfMessages"


class SqsFeedback:
    """One queue, read by one thread. Nothing that the network or a body does gets out of it.

    A queue that is not Amazon's is asked at its own address, unless `endpoint` says another.
    """

    def __init__(
        self, queue_url: str, region: str, endpoint: str | None = None, client: Any = None
    ) -> None:
        self._queue_url = queue_url
        self._region = region
        self._endpoint = endpoint or _own_endpoint(queue_url)
        self._client = client
        self._opening = Lock()
        self._stopping = Event()
        self._thread: Thread | None = None
        self._failures = 0

    def start(self, take: Take) -> None:
        """Begin to read the queue in a thread of its own, and hand each body to `take`."""
        self._thread = Thread(target=self._run, args=(take,), name="feedback", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Take no more in; returns within `seconds`. What was fetched and not taken comes again."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def receive(self, take: Take) -> int:
        """Fetch once, waiting for a message, and take in what came; says how many were taken in.

        Never raises: what fails is logged, and stays in the queue.
        """
        try:
            answer = self._opened().receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=MESSAGES_AT_ONCE,
                WaitTimeSeconds=WAIT_SECONDS,
                MessageSystemAttributeNames=[COUNT],
            )
            messages = answer.get("Messages") or []
        except Exception as error:
            self._failures += 1
            log.warned("feedback_queue_failed", reason=_reason(error), failures=self._failures)
            return 0
        self._failures = 0
        if messages:
            reach("queue_received")
        done, taken = [], 0
        for message in messages:
            if self._stopping.is_set():
                break
            outcome = self._take(message, take)
            taken += outcome == "taken"
            if outcome != "kept":
                done.append(message)
        if done:
            reach("queue_to_delete")
            self._delete(done)
            reach("queue_deleted")
        return taken

    def _run(self, take: Take) -> None:
        while not self._stopping.is_set():
            self.receive(take)
            if self._failures:
                rest = FIRST_REST_SECONDS * 2 ** min(self._failures - 1, 10)
                self._stopping.wait(min(rest, LONGEST_REST_SECONDS))

    def _take(self, message: dict[str, Any], take: Take) -> str:
        """Hand one message over: "taken", "refused" for good, or "kept" in the queue."""
        identity = message.get("MessageId", "")
        try:
            take(str(message.get("Body", "")))
        except FeedbackRefused as refused:
            log.warned("feedback_not_understood", reason=refused.reason, sqs_id=identity)
            return "refused" if _receives(message) >= RECEIVES_OF_WHAT_IS_NO_EVENT else "kept"
        except Exception:
            self._failures += 1
            log.failed("feedback_not_taken_in", sqs_id=identity)
            return "kept"
        return "taken"

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]}
            for number, one in enumerate(messages)
        ]
        try:
            answer = self._opened().delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
            left = len(answer.get("Failed") or [])
        except Exception as error:
            log.warned("feedback_not_deleted", reason=_reason(error), messages=len(entries))
            return
        if left:
            log.warned("feedback_not_deleted", reason="refused", messages=left)

    def waiting(self) -> int:
        """About how many bodies wait there. Raises EnvironmentFailed when it does not say."""
        try:
            answer = self._opened().get_queue_attributes(
                QueueUrl=self._queue_url, AttributeNames=[HOW_MANY]
            )
            return int(answer["Attributes"][HOW_MANY])
        except Exception as error:  # boto3 has no closed list of what it raises
            raise EnvironmentFailed(
                "the feedback queue cannot be asked",
                cause=told(f"{type(error).__name__}: {error}"),
                remedy="see to its address, and to the rights on it",
            ) from error

    def _opened(self) -> Any:
        with self._opening:
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> Any:
        # boto3 takes half a second to import; who has no queue need not wait for it.
        import boto3
        from botocore.config import Config

        keys = {}
        if self._endpoint and urlsplit(self._endpoint).hostname in _LOOPBACK:
            keys = {"aws_access_key_id": _STAND_IN_KEY, "aws_secret_access_key": _STAND_IN_KEY}
        return boto3.session.Session().client(
            "sqs",
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                tcp_keepalive=True,
            ),
            **keys,
        )


def _own_endpoint(queue_url: str) -> str | None:
    """Where a queue that is not Amazon's is asked; None for Amazon's own, which boto3 knows."""
    parts = urlsplit(queue_url)
    if not parts.hostname or parts.hostname.endswith(_AMAZON):
        return None
    return f"{parts.scheme}://{parts.netloc}"


def _receives(message: dict[str, Any]) -> int:
    try:
        return int((message.get("Attributes") or {}).get(COUNT, 1))
    except (TypeError, ValueError):
        return 1


def _reason(error: Exception) -> str:
    """What a client's error is called: its words may quote what was sent."""
    # A connection cut before the answer has a `response`, too: None.
    told = getattr(error, "response", None)
    code = told.get("Error", {}).get("Code") if isinstance(told, dict) else None
    return str(code or type(error).__name__)
