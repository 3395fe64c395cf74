"""Sending through Amazon SES: one request per letter, and never a second one by itself."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.failpoints import reach
from lifecycle.send.envelope import LetterRefused
from lifecycle.send.ses_errors import outcome_of
from lifecycle.send.ses_rules import check_configuration_set, request_of
from lifecycle.send.transport import told

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""Giving up early makes uncertain letters, not fewer of them; SES answers within a second."""
CONNECTIONS = 32

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_STAND_IN_KEY = "stand-in"
"""Signs requests to a stand-in on this machine, so that real keys never go there."""


class SesUnavailable(Exception):
    """SES did not tell about the account; `outcome` says why, in the terms of a send."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Account:
    """What SES allows this account now, counted in recipients."""

    per_second: float
    per_day: float | None
    """None = unlimited; otherwise a rolling 24 hours."""
    sent_last_day: float
    sending_enabled: bool
    production: bool
    """False in the sandbox, where only verified addresses can be written to."""
    enforcement: str

    @property
    def left_today(self) -> float | None:
        """How many may still be sent in the rolling 24 hours; None = unlimited."""
        return None if self.per_day is None else max(0.0, self.per_day - self.sent_last_day)


class Ses:
    """The SES v2 transport; threads may share one. boto3 is told never to try again by itself.

    With its defaults boto3 posts a letter up to five times on a slow network, which is five
    letters. The client is made at the first use, once a process.
    """

    name = "ses"

    def __init__(
        self,
        region: str,
        configuration_set: str | None = None,
        endpoint: str | None = None,
        client: Any = None,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        connections: int = CONNECTIONS,
    ) -> None:
        if configuration_set:
            check_configuration_set(configuration_set)
        self._region = region
        self._configuration_set = configuration_set
        self._endpoint = endpoint
        self._client = client
        self._timeouts = (connect_seconds, read_seconds)
        self._connections = connections
        self._lock = Lock()

    def send(self, letter: Letter) -> Outcome:
        """Hand over one letter; everything SES would refuse it for is looked at before."""
        try:
            request = request_of(letter, self._configuration_set)
        except LetterRefused as refused:
            return Outcome(OutcomeKind.REFUSED, detail=refused.reason)
        try:
            client = self._opened()
        except Exception as error:
            return _no_client(error)
        reach("letter_begun")
        try:
            answer = client.send_email(**request)
        except Exception as error:
            return outcome_of(error)
        reach("letter_answered")
        message_id = answer.get("MessageId") if isinstance(answer, dict) else None
        if not message_id or not isinstance(message_id, str):
            return Outcome(OutcomeKind.UNCERTAIN, detail="an answer without a message id")
        return Outcome(OutcomeKind.ACCEPTED, provider_id=message_id)

    def get_account(self) -> Account:
        """Ask SES for the sending quota. Raises `SesUnavailable`."""
        try:
            client = self._opened()
        except Exception as error:
            raise SesUnavailable(_no_client(error)) from error
        try:
            return _account(client.get_account())
        except Exception as error:
            raise SesUnavailable(outcome_of(error)) from error

    def close(self) -> None:
        """Close the connections; the next use makes a new client."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _opened(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> Any:
        # boto3 takes half a second to import; who never sends through SES need not wait for it.
        import boto3
        from botocore.config import Config

        connect, read = self._timeouts
        keys = {}
        if self._endpoint and urlsplit(self._endpoint).hostname in _LOOPBACK:
            keys = {"aws_access_key_id": _STAND_IN_KEY, "aws_secret_access_key": _STAND_IN_KEY}
        return boto3.session.Session().client(
            "sesv2",
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=connect,
                read_timeout=read,
                max_pool_connections=self._connections,
                tcp_keepalive=True,
            ),
            **keys,
        )


def _no_client(error: Exception) -> Outcome:
    """Without a client nothing has left, and nothing will until the set-up is mended."""
    return Outcome(OutcomeKind.ACCOUNT, detail=told(f"no client: {type(error).__name__} {error}"))


def _account(answer: dict[str, Any]) -> Account:
    quota = answer.get("SendQuota") or {}
    per_day = float(quota.get("Max24HourSend", 0.0))
    return Account(
        per_second=float(quota.get("MaxSendRate", 0.0)),
        per_day=None if per_day == -1 else per_day,
        sent_last_day=float(quota.get("SentLast24Hours", 0.0)),
        sending_enabled=bool(answer.get("SendingEnabled", False)),
        production=bool(answer.get("ProductionAccessEnabled", False)),
        enforcement=str(answer.get("EnforcementStatus", "")),
    )
