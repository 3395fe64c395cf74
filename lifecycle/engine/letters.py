"""Letters: what a template sees, and the message once rendered, with links and headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection

from lifecycle.core import kept
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.core.double_opt_in import CAMPAIGN as CONFIRMS
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.key import ITEM
from lifecycle.core.made_from import template_name
from lifecycle.core.message import Attachment, Letter
from lifecycle.core.step import Step, Variant
from lifecycle.core.tracking import Naming, mode_for, naming_of
from lifecycle.core.typed import Text, in_language
from lifecycle.engine.attaching import attached
from lifecycle.engine.live import Live
from lifecycle.engine.old_letters import OldLetters, stored_template
from lifecycle.engine.parts import Parts
from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.letter import LetterTexts, Rendered
from lifecycle.render.links import LinkSigner, counted_id
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.rendering import Asked
from lifecycle.send.list_id import list_id
from lifecycle.store import operations

MAX_NAMED_TEMPLATES = 256
"""Templates kept in memory whose links are named for a step, where no click is followed."""
MAX_PLACES = 256
"""Steps of which what templates see is kept."""
ONE_CLICK = "List-Unsubscribe=One-Click"


class Wanted(NamedTuple):
    """One letter to be made: for which message and attempt, and what it is made of."""

    message_id: str
    attempt_id: str
    campaign: Campaign
    step: Step
    variant: Variant | None
    enrollment: Enrollment
    facts: Facts
    incentive: Mapping[str, Any] | None
    referral_link: str | None
    now: datetime


class Ready(NamedTuple):
    """A rendered message, with what is kept of it for clicks and the view in the browser."""

    letter: Letter
    template: CompiledTemplate
    context: Mapping[str, Any]
    links: Mapping[str, str]


class _Draft(NamedTuple):
    """A letter that is being rendered; `template` is what is kept of it."""

    template: CompiledTemplate
    asked: Asked
    files: tuple[Attachment, ...]


@dataclass
class Letters:
    """Makes letters; templates were compiled when the definitions were loaded."""

    parts: Parts
    kept: set[str] = field(default_factory=set)
    _shown: tuple[object, Mapping[str, Any]] | None = None

    @property
    def live(self) -> Live:
        """The live definitions."""
        return self.parts.live

    def template(self, name: str, locale: str | None) -> CompiledTemplate:
        """The compiled template in the best language for a locale. Raises BrokenTemplate."""
        catalog = self.live.catalog
        found = catalog.template(name, locale)
        if found is None:
            # A letter of a flow as it was goes on though its template's file is gone.
            language = catalog.settings.shop.language
            found = self.live.versions.template(name, locale, language)
        if found is None:
            raise BrokenTemplate("the template is gone", file=f"{name}.mjml")
        return found

    def make(
        self,
        message_id: str,
        attempt_id: str,
        campaign: Campaign,
        step: Step,
        variant: Variant | None,
        enrollment: Enrollment,
        facts: Facts,
        incentive: Mapping[str, Any] | None,
        referral_link: str | None,
        now: datetime,
    ) -> Ready:
        """Render one message. Raises BrokenTemplate."""
        wanted = Wanted(
            message_id,
            attempt_id,
            campaign,
            step,
            variant,
            enrollment,
            facts,
            incentive,
            referral_link,
            now,
        )
        made = self.make_many([wanted])[0]
        if isinstance(made, BrokenTemplate):
            raise made
        return made

    def make_many(self, wanted: Sequence[Wanted]) -> list[Ready | BrokenTemplate]:
        """Render a batch, in order: each letter, or why it could not be made."""
        drafts = [self._draft(one) for one in wanted]
        asked = [draft.asked for draft in drafts if isinstance(draft, _Draft)]
        rendered = iter(self.parts.rendering.render(asked))
        return [
            self._ready(one, draft, next(rendered)) if isinstance(draft, _Draft) else draft
            for one, draft in zip(wanted, drafts, strict=True)
        ]

    def _draft(self, one: Wanted) -> _Draft | BrokenTemplate:
        """What is asked of the rendering for one message."""
        campaign, step, variant, facts = one.campaign, one.step, one.variant, one.facts
        name = template_name(campaign, step, variant, one.enrollment.entry)
        assert name is not None and facts.email is not None
        try:
            template = self.template(name, facts.locale)
            files = attached(self.live.catalog.files, step)
        except BrokenTemplate as broken:
            return broken
        context = self.context(
            campaign, step, one.enrollment, facts, one.incentive, one.referral_link
        )
        if campaign.id == CONFIRMS:
            public_url = self.live.catalog.settings.http.public_url
            context["confirm_url"] = self.parts.signer.confirm_url(public_url, one.message_id)
        links, naming = self._links(one.message_id, campaign, step, variant, facts)
        made_from = template
        if naming is not None and links.click_prefix is None:
            made_from = _with_named_links(template, naming)
        asked = Asked(made_from, self._texts(step, variant, facts), context, links)
        return _Draft(template, asked, files)

    def _ready(
        self, one: Wanted, draft: _Draft, rendered: Rendered | BrokenTemplate
    ) -> Ready | BrokenTemplate:
        """A message with what was rendered of it."""
        if isinstance(rendered, BrokenTemplate):
            return rendered
        sender = self._sender(one.campaign, one.step, one.variant)
        links, context = draft.asked.links, draft.asked.context
        assert links is not None and one.facts.email is not None
        letter = Letter(
            message_id=one.message_id,
            attempt_id=one.attempt_id,
            campaign=one.campaign.id,
            step=one.step.name,
            variant=one.variant.name if one.variant else "",
            sender=sender.from_,
            reply_to=sender.reply_to,
            to=one.facts.email,
            subject=rendered.subject,
            html="",
            text="",
            at=one.now,
            headers=_headers(links, one, sender.from_),
            links=rendered.links,
            pieces=rendered.pieces,
            attachments=draft.files,
        )
        kept = {**context, "_subject": rendered.subject}
        targets = {str(number): url for number, url in rendered.links.items()}
        return Ready(letter, draft.template, kept, targets)

    def _links(
        self,
        message_id: str,
        campaign: Campaign,
        step: Step,
        variant: Variant | None,
        facts: Facts,
    ) -> tuple[LinkSigner, Naming | None]:
        """The letter's links as its reader may be followed, and how they are named."""
        settings, which = self.live.catalog.settings, variant.name if variant else ""
        mode = mode_for(settings, None if step.transactional else campaign.topic, facts.consents)
        links = self.parts.signer.for_message(
            settings.http.public_url,
            message_id,
            mode=mode,
            counted_id=counted_id(campaign.id, step.name, which) if mode == "aggregate" else None,
        )
        naming = naming_of(settings, campaign.id, step.name, which)
        if naming is None:
            return links, None
        # Tracked links are named on their way to the target.
        return replace(links, named=naming.name), naming

    @property
    def _shop(self) -> Mapping[str, Any]:
        """What templates see of the shop: one object for all letters, so that it is sent once."""
        shop = self.live.catalog.settings.shop
        if self._shown is None or self._shown[0] is not shop:
            told = {
                "name": shop.name,
                "address": shop.address,
                "website": shop.website,
                "currency": shop.currency,
                "language": shop.language,
                "timezone": shop.timezone,
            }
            self._shown = shop, told
        return self._shown[1]

    def _sender(self, campaign: Campaign, step: Step, variant: Variant | None) -> Any:
        settings = self.live.catalog.settings
        said = (variant.sender if variant else None) or step.sender or campaign.sending.sender
        first = settings.senders[settings.first_sender]
        # A flow as it was may name a sender that the settings no longer know.
        return settings.senders.get(said or settings.first_sender, first)

    def _texts(self, step: Step, variant: Variant | None, facts: Facts) -> LetterTexts:
        language = self.live.catalog.settings.shop.language

        def chosen(own: Text | None, shared: Text | None) -> str:
            return in_language(own or shared, facts.locale, language) or ""

        if variant is None:
            return LetterTexts(chosen(None, step.subject), chosen(None, step.preheader))
        return LetterTexts(
            chosen(variant.subject, step.subject), chosen(variant.preheader, step.preheader)
        )

    def context(
        self,
        campaign: Campaign,
        step: Step,
        enrollment: Enrollment,
        facts: Facts,
        incentive: Mapping[str, Any] | None,
        referral_link: str | None,
    ) -> dict[str, Any]:
        """What the template sees, as plain data."""
        shop = self.live.catalog.settings.shop
        event = dict(enrollment.properties)
        items, item = items_of(campaign, enrollment)
        return {
            "customer": {
                "id": facts.customer_id,
                "email": facts.email,
                "timezone": facts.zone.key,
                "locale": facts.locale or shop.language,
                **facts.attributes,
                **kept.told(facts, self.live.kept_in_letters, facts.now),
            },
            "event": event,
            "items": items,
            "item": item,
            "incentive": incentive,
            "points": kept.points_told(facts, facts.now),
            "referral": {"link": referral_link} if referral_link else None,
            "shop": self._shop,
            **_place(campaign.id, campaign.name, campaign.topic, step.name),
        }

    def keep_templates(self, connection: Connection, used: Iterable[CompiledTemplate]) -> None:
        """Keep each template version that letters go out with, once."""
        for template in used:
            if template.version not in self.kept:
                self.kept.add(template.version)
                operations.keep_template(connection, template.version, stored_template(template))

    def view(self, connection: Connection, row: Any) -> str | None:
        """The HTML of a letter that went, for the view in the browser; None when it is gone."""
        return self._old.view(connection, row)

    @cached_property
    def _old(self) -> OldLetters:
        return OldLetters(self.parts)


@lru_cache(maxsize=MAX_NAMED_TEMPLATES)
def _with_named_links(template: CompiledTemplate, naming: Naming) -> CompiledTemplate:
    return replace(template, links=tuple(naming.name(one) for one in template.links))


@lru_cache(maxsize=MAX_PLACES)
def _place(campaign: str, name: str, topic: str | None, step: str) -> Mapping[str, Any]:
    """What templates see of where they are: the same objects for all letters, sent once a chunk."""
    return {
        "campaign": {"id": campaign, "name": name, "topic": topic},
        "step": {"name": step},
    }


def items_of(campaign: Campaign, enrollment: Enrollment) -> tuple[list[Any], Any]:
    """What a template sees as `items` and `item`: the event's list, and its first entry.

    With `each` it is the list that the flow names, and the very entry that this entry is about.
    """
    properties: Mapping[str, Any] = enrollment.properties
    each = campaign.enter.each if isinstance(campaign, Flow) else None
    items: Any = properties
    for part in each or ("items",):
        items = items.get(part) if isinstance(items, Mapping) else None
    found = items if isinstance(items, list) else []
    if each is not None and ITEM in properties:
        return found, properties[ITEM]
    return found, found[0] if found else None


def _headers(links: LinkSigner, one: Wanted, sender: str) -> tuple[tuple[str, str], ...]:
    """The headers of RFC 2369, 8058 and 2919; a transactional letter carries none."""
    if one.step.transactional:
        return ()
    topic = list_id(one.campaign.topic, sender) if one.campaign.topic else None
    return (
        ("List-Unsubscribe", f"<{links.unsubscribe_url}>"),
        ("List-Unsubscribe-Post", ONE_CLICK),
        *((("List-Id", topic),) if topic else ()),
    )
