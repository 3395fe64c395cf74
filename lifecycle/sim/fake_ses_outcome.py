"""Has something come of each accepted letter: its events are drawn, and published on their way."""

from __future__ import annotations

from datetime import datetime, timedelta

from lifecycle.sim.fake_ses_account import BOUNCE, COMPLAINT, FakeAccount, Suppressed, simulated
from lifecycle.sim.fake_ses_events import Mail, MailEvent
from lifecycle.sim.fake_ses_letters import Posted
from lifecycle.sim.fake_ses_publisher import Publisher
from lifecycle.sim.fake_ses_reactions import HARD, Reactions, is_named, reactions_to

TEMPLATE_NAME = "inline"


class Outcomes:
    """Draws what comes of letters. As at SES, events need a configuration set to come by."""

    def __init__(self, account: FakeAccount, publisher: Publisher, seed: str) -> None:
        self.reactions = Reactions()
        self.events: dict[str, int] = {}
        """How many have happened, by type, lost ones among them."""
        self.without_configuration_set = 0
        """Letters of which SES would tell nothing."""
        self._account = account
        self._publisher = publisher
        self._seed = seed

    def accepted(self, letter: Posted, identity: str, at: datetime) -> None:
        """Decide what comes of one letter."""
        if letter.configuration_set is None:
            self.without_configuration_set += 1
        mail = Mail(
            identity,
            at,
            letter.source,
            letter.recipients,
            letter.headers,
            letter.subject,
            letter.tags,
            letter.configuration_set or "",
        )
        if letter.missing:
            told = f"Attribute '{letter.missing}' is not present in the rendering data."
            details = {"errorMessage": told, "templateName": TEMPLATE_NAME}
            event = MailEvent("Rendering Failure", mail, letter.recipients[0], at, details)
            self._happened(event, 0.0)
            return
        html = letter.bodies[1] if self._is_read(letter) else ""
        for number, address in enumerate(letter.recipients):
            self._come_of(mail, address, html, first=number == 0)

    def _is_read(self, letter: Posted) -> bool:
        """Whether anybody, or any machine, may follow a link of the letter."""
        if self.reactions.click or self.reactions.machine:
            return True
        return any(is_named(one) for one in letter.recipients)

    def _come_of(self, mail: Mail, address: str, html: str, *, first: bool) -> None:
        key = f"{mail.message_id}:{address}"
        reactions = reactions_to(*(address, key, html, self.reactions, self._account, self._seed))
        for one in reactions:
            if one.kind == "Send" and not first:
                continue
            at = mail.at + timedelta(seconds=one.after)
            event = MailEvent(one.kind, mail, address, at, one.told)
            if not simulated(address):
                if one is HARD:
                    self._suppress(event, BOUNCE)
                elif one.kind == "Complaint":
                    self._suppress(event, COMPLAINT)
            self._happened(event, one.after)

    def _suppress(self, event: MailEvent, reason: str) -> None:
        listed = Suppressed(
            *(event.recipient, reason, event.at, event.mail.message_id, event.feedback_id())
        )
        self._account.suppress(listed)

    def _happened(self, event: MailEvent, after: float) -> None:
        self.events[event.kind] = self.events.get(event.kind, 0) + 1
        if event.mail.configuration_set:
            self._publisher.publish(event, after)
