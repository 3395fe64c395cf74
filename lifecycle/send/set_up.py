"""What SES says of the set-up around the letters: the sender's identity, the configuration set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.log import redacted
from lifecycle.send.ses_client import Access, SesClient

READ_SECONDS = 10.0
_NOT_THERE = "NotFoundException"
_NOT_ALLOWED = frozenset({"AccessDeniedException", "AccessDenied"})


class NotTold(Exception):
    """SES did not tell; `right` is the right that the credentials lack, if that is why."""

    def __init__(self, reason: str, right: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.right = reason, right


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified identity: a domain, or a whole address."""

    name: str
    verified: bool
    signs: bool
    """Whether letters are signed with DKIM."""
    dkim: str
    """SUCCESS, or how far the check of its records in the DNS has got."""
    mail_from: str | None
    """The identity's own MAIL FROM domain, which SPF then speaks of."""
    mail_from_status: str


@dataclass(frozen=True, slots=True)
class Published:
    """An event destination of a configuration set."""

    name: str
    enabled: bool
    kinds: frozenset[str]
    """SEND, DELIVERY, BOUNCE and so on."""
    topic: str | None
    """The topic of SNS that events go to; None where they go elsewhere."""


class SetUp:
    """Asks one account; each question is asked once."""

    def __init__(self, region: str, endpoint: str | None) -> None:
        self._client = SesClient(Access(region, endpoint, read_seconds=READ_SECONDS, connections=1))

    def identity(self, address: str) -> Identity | None:
        """The identity that stands for an address: its own, its domain's, or a parent domain's.

        Raises `NotTold`.
        """
        for name in names_of(address):
            answer = self._told("get_email_identity", EmailIdentity=name)
            if answer is not None:
                return _identity(name, answer)
        return None

    def sends(self, configuration_set: str) -> bool | None:
        """Whether a configuration set sends; None where it is not there. Raises `NotTold`."""
        answer = self._told("get_configuration_set", ConfigurationSetName=configuration_set)
        if answer is None:
            return None
        return bool((answer.get("SendingOptions") or {}).get("SendingEnabled", True))

    def published(self, configuration_set: str) -> list[Published]:
        """Where a configuration set's events go. Raises `NotTold`."""
        operation = "get_configuration_set_event_destinations"
        answer = self._told(operation, ConfigurationSetName=configuration_set) or {}
        return [_published(one) for one in answer.get("EventDestinations") or []]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _told(self, operation: str, **asked: str) -> Mapping[str, Any] | None:
        try:
            call: Callable[..., Mapping[str, Any]] = getattr(self._client.opened(), operation)
            return call(**asked)
        except Exception as error:
            answered = getattr(error, "response", None) or {}
            said = answered.get("Error") or {}
            code = str(said.get("Code", "")).rpartition("#")[2]
            if code == _NOT_THERE:
                return None
            right = "".join(part.title() for part in operation.split("_"))
            reason = str(said.get("Message") or type(error).__name__)
            lacking = f"ses:{right}" if code in _NOT_ALLOWED else None
            raise NotTold(redacted(f"{code} {reason}".strip()), lacking) from error


def names_of(address: str) -> list[str]:
    """The identities that SES would take for an address, the nearest first."""
    domain = address.rpartition("@")[2]
    labels = domain.split(".")
    parents = [".".join(labels[at:]) for at in range(max(1, len(labels) - 1))]
    return [address, *parents]


def _identity(name: str, answer: Mapping[str, Any]) -> Identity:
    dkim, mail_from = answer.get("DkimAttributes") or {}, answer.get("MailFromAttributes") or {}
    return Identity(
        name=name,
        verified=bool(answer.get("VerifiedForSendingStatus")),
        signs=bool(dkim.get("SigningEnabled")),
        dkim=str(dkim.get("Status") or "NOT_STARTED"),
        mail_from=mail_from.get("MailFromDomain") or None,
        mail_from_status=str(mail_from.get("MailFromDomainStatus") or ""),
    )


def _published(one: Mapping[str, Any]) -> Published:
    return Published(
        name=str(one.get("Name", "")),
        enabled=bool(one.get("Enabled")),
        kinds=frozenset(str(kind) for kind in one.get("MatchingEventTypes") or ()),
        topic=(one.get("SnsDestination") or {}).get("TopicArn"),
    )
