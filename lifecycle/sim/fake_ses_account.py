"""The account behind the stand-in for SES: what it may do now, its identities and suppressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle.sim.fake_ses_events import TOPIC_ARN
from lifecycle.sim.fake_ses_faults import Fault, Refusal, refused_for
from lifecycle.sim.fake_ses_limits import Limits, mailbox, require

SIMULATOR = "simulator.amazonses.com"
PAGE = 1000
"""Suppressed addresses a page, at most."""
BOUNCE, COMPLAINT = "BOUNCE", "COMPLAINT"
PUBLISHED = (
    *("SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY"),
    *("RENDERING_FAILURE", "SUBSCRIPTION"),
)
"""The kinds of events that its configuration sets publish, in the words of the set-up."""
CREDENTIALS = {
    "good": None,
    "expired": Fault.EXPIRED_KEY,
    "skewed": Fault.SKEWED_CLOCK,
}
"""In what state the keys are, as the control path says it, and the error that answers then."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address on the account's suppression list."""

    address: str
    reason: str
    at: datetime
    message_id: str = ""
    feedback_id: str = ""

    def summary(self) -> dict[str, Any]:
        """As SES lists it."""
        return {
            "EmailAddress": self.address,
            "Reason": self.reason,
            "LastUpdateTime": self.at.timestamp(),
        }


class FakeAccount:
    """What can change while the stand-in runs; by itself nothing does but the suppressions."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.enforcement = "HEALTHY"
        self.paused = False
        self.credentials = "good"
        self.down = False
        self.removed: set[str] = set()
        """Identities that are verified no longer."""
        self.suppressed: dict[str, Suppressed] = {}
        self.suppressed_reasons = {BOUNCE, COMPLAINT}

    def check_credentials(self) -> None:
        """Raise the `Refusal` of keys that are not good."""
        fault = CREDENTIALS[self.credentials]
        if fault is not None:
            raise refused_for(fault)

    def check_sending(self) -> None:
        """Raise the `Refusal` of an account that may not send now."""
        if self.enforcement == "SHUTDOWN":
            raise refused_for(Fault.SUSPENDED)
        if self.paused:
            raise refused_for(Fault.PAUSED)

    def check_sender(self, source: str, configuration_set: str | None) -> None:
        """Raise the `Refusal` of an unverified sender, or of a set that is not there."""
        if not self.verified(mailbox(source.rpartition("<")[2].rstrip("> "), "sender")):
            raise _unverified([source])
        sets = self.limits.configuration_sets
        if configuration_set and sets is not None and configuration_set not in sets:
            told = f"Configuration set <{configuration_set}> does not exist."
            raise Refusal(404, "NotFoundException", told)

    def check_recipients(self, recipients: Iterable[str]) -> None:
        """Raise the `Refusal` of a recipient whom the sandbox does not write to."""
        if self.limits.sandbox:
            named = self.limits.sender_domains is not None
            unknown = [
                one for one in recipients if not (simulated(one) or (named and self.verified(one)))
            ]
            if unknown:
                raise _unverified(unknown)

    def verified(self, address: str) -> bool:
        """Whether an address or its domain is a verified identity; without any named all are."""
        domain = address.rpartition("@")[2].lower()
        meant = {address.lower(), *(domain[at:] for at in _starts(domain))}
        known = self.limits.sender_domains
        return not meant & self.removed and (known is None or bool(meant & known))

    def answer(self, sent: int) -> dict[str, Any]:
        """The answer to GetAccount, every field of it."""
        limits = self.limits
        return {
            "DedicatedIpAutoWarmupEnabled": True,
            "EnforcementStatus": self.enforcement,
            "ProductionAccessEnabled": not limits.sandbox,
            "SendQuota": {
                "Max24HourSend": limits.per_day,
                "MaxSendRate": limits.per_second,
                "SentLast24Hours": float(sent),
            },
            "SendingEnabled": not self.paused and self.enforcement != "SHUTDOWN",
            "SuppressionAttributes": {"SuppressedReasons": sorted(self.suppressed_reasons)},
            "Details": {
                "MailType": "MARKETING",
                "WebsiteURL": "https://shop.example/",
                "ContactLanguage": "EN",
                "UseCaseDescription": "A stand-in for Amazon SES.",
                "ReviewDetails": {"Status": "PENDING" if limits.sandbox else "GRANTED"},
            },
            "VdmAttributes": {"VdmEnabled": "DISABLED"},
        }

    def identity(self, name: str) -> dict[str, Any]:
        """The answer to GetEmailIdentity. Raises `Refusal` for one that is not there."""
        if not self.verified(name):
            told = f"Email identity {name} does not exist."
            raise Refusal(404, "NotFoundException", told)
        return {
            "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
            "FeedbackForwardingStatus": False,
            "VerifiedForSendingStatus": True,
            "VerificationStatus": "SUCCESS",
            "DkimAttributes": {
                "SigningEnabled": True,
                "Status": "SUCCESS",
                "Tokens": ["standin1", "standin2", "standin3"],
                "SigningAttributesOrigin": "AWS_SES",
                "CurrentSigningKeyLength": "RSA_2048_BIT",
                "NextSigningKeyLength": "RSA_2048_BIT",
            },
            "Policies": {},
            "Tags": [],
        }

    def configuration_set(self, name: str) -> dict[str, Any]:
        """The answer to GetConfigurationSet. Raises `Refusal` for one that is not there."""
        sets = self.limits.configuration_sets
        if sets is not None and name not in sets:
            told = f"Configuration set <{name}> does not exist."
            raise Refusal(404, "NotFoundException", told)
        return {"ConfigurationSetName": name, "SendingOptions": {"SendingEnabled": True}}

    def event_destinations(self, name: str) -> dict[str, Any]:
        """The answer to GetConfigurationSetEventDestinations. Raises `Refusal` likewise."""
        self.configuration_set(name)
        destination = {
            "Name": "feedback",
            "Enabled": True,
            "MatchingEventTypes": PUBLISHED,
            "SnsDestination": {"TopicArn": TOPIC_ARN},
        }
        return {"EventDestinations": [destination]}

    def suppress(self, one: Suppressed) -> None:
        """Put an address on the list if the account keeps those of its reason."""
        if one.reason in self.suppressed_reasons:
            self.suppressed[one.address.lower()] = one

    def put(self, request: Mapping[str, Any], now: datetime) -> None:
        """PutSuppressedDestination. Raises `Refusal`."""
        address = mailbox(request.get("EmailAddress"), "destination")
        reason = str(request.get("Reason"))
        require(reason in (BOUNCE, COMPLAINT), "Reason is BOUNCE or COMPLAINT")
        require(not self.limits.sandbox, "The account is in the sandbox")
        self.suppressed[address.lower()] = Suppressed(address, reason, now)

    def get(self, address: str) -> dict[str, Any]:
        """GetSuppressedDestination. Raises `Refusal`."""
        found = self._found(address)
        told = found.summary()
        if found.message_id:
            ids = {"MessageId": found.message_id, "FeedbackId": found.feedback_id}
            told["Attributes"] = ids
        return {"SuppressedDestination": told}

    def delete(self, address: str) -> None:
        """DeleteSuppressedDestination. Raises `Refusal`."""
        del self.suppressed[self._found(address).address.lower()]

    def page(
        self,
        reasons: frozenset[str],
        begin: datetime | None,
        end: datetime | None,
        size: int,
        token: str,
    ) -> dict[str, Any]:
        """ListSuppressedDestinations, page by page. Raises `Refusal`."""
        require(1 <= size <= PAGE, f"PageSize is 1 to {PAGE}")
        try:
            after = bytes.fromhex(token).decode()
        except (ValueError, UnicodeError):
            raise Refusal(400, "InvalidNextTokenException", "Invalid token") from None
        found = [
            key
            for key, one in sorted(self.suppressed.items())
            if key > after
            and (not reasons or one.reason in reasons)
            and (begin is None or one.at >= begin)
            and (end is None or one.at < end)
        ]
        told = [self.suppressed[key].summary() for key in found[:size]]
        answer: dict[str, Any] = {"SuppressedDestinationSummaries": told}
        if len(found) > size:
            answer["NextToken"] = found[size - 1].encode().hex()
        return answer

    def _found(self, address: str) -> Suppressed:
        found = self.suppressed.get(address.lower())
        if found is None:
            told = f"Email address {address} does not exist on your suppression list."
            raise Refusal(404, "NotFoundException", told)
        return found


def simulated(address: str) -> bool:
    """Whether an address is one of SES's own mailbox simulator."""
    return address.lower().endswith("@" + SIMULATOR)


def _starts(domain: str) -> list[int]:
    """Where the domain and each of its parents begin."""
    return [0, *(at + 1 for at, sign in enumerate(domain) if sign == ".")]


def _unverified(addresses: Iterable[str]) -> Refusal:
    told = "Email address is not verified. The following identities failed the check: "
    return Refusal(400, "MessageRejected", told + ", ".join(addresses))
