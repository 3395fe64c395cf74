"""Sending through Amazon SES: one request per letter, and never a second one by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.failpoints import reach
from lifecycle.send.envelope import LetterRefused
from lifecycle.send.ses_client import (
    CONNECT_SECONDS,
    CONNECTIONS,
    READ_SECONDS,
    SEND_ONE,
    Access,
    SesClient,
)
from lifecycle.send.ses_errors import no_client, outcome_of
from lifecycle.send.ses_rules import body_of, check_configuration_set


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
    """The SES v2 transport; threads may share one."""

    name = "ses"

    def __init__(
        self,
        region: str,
        configuration_set: str | None = None,
        endpoint: str | None = None,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        connections: int = CONNECTIONS,
    ) -> None:
        if configuration_set:
            check_configuration_set(configuration_set)
        self._configuration_set = configuration_set
        self._client = SesClient(
            Access(region, endpoint, connect_seconds, read_seconds, connections)
        )

    def send(self, letter: Letter) -> Outcome:
        """Hand over one letter; everything SES would refuse it for is looked at before."""
        try:
            body = body_of(letter, self._configuration_set)
        except LetterRefused as refused:
            return Outcome(OutcomeKind.REFUSED, detail=refused.reason)
        try:
            self._client.opened()
        except Exception as error:
            return no_client(error)
        reach("letter_begun")
        try:
            answer = self._client.post(SEND_ONE, body)
        except Exception as error:
            return outcome_of(error, letter.sender)
        reach("letter_answered")
        message_id = answer.get("MessageId") if isinstance(answer, dict) else None
        if not message_id or not isinstance(message_id, str):
            return Outcome(OutcomeKind.UNCERTAIN, detail="an answer without a message id")
        return Outcome(OutcomeKind.ACCEPTED, provider_id=message_id)

    def get_account(self) -> Account:
        """Ask SES for the sending quota. Raises `SesUnavailable`."""
        try:
            client = self._client.opened()
        except Exception as error:
            raise SesUnavailable(no_client(error)) from error
        try:
            return _account(client.get_account())
        except Exception as error:
            raise SesUnavailable(outcome_of(error)) from error

    def close(self) -> None:
        """Close the connections; the next use makes a new client."""
        self._client.close()


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
