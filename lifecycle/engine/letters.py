"""Letters: what a template sees, and the message once rendered, with links and headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from lifecycle.core import kept
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.core.double_opt_in import CAMPAIGN as CONFIRMS
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.key import ITEM
from lifecycle.core.made_from import template_name
from lifecycle.core.message import Letter
from lifecycle.core.step import Step, Variant
from lifecycle.core.tracking import Naming, mode_for, naming_of
from lifecycle.core.typed import Text, in_language
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.letter import LetterTexts, render
from lifecycle.render.links import LinkSigner, counted_id
from lifecycle.render.problems import BrokenTemplate
from lifecycle.store import operations

MAX_NAMED_TEMPLATES = 256
"""Templates kept in memory whose links are named for a step, where no click is followed."""
ONE_CLICK = "List-Unsubscribe=One-Click"


@dataclass(frozen=True, slots=True)
class Wanted:
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


@dataclass(frozen=True, slots=True)
class Ready:
    """A rendered message, with what is kept of it for clicks and the view in the browser."""

    letter: Letter
    template: CompiledTemplate
    context: Mapping[str, Any]
    links: Mapping[str, str]


@dataclass
class Letters:
    """Makes letters; templates were compiled when the definitions were loaded."""

    parts: Parts
    kept: set[str] = field(default_factory=set)

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
        name = template_name(campaign, step, variant, enrollment.entry)
        assert name is not None and facts.email is not None
        template = self.template(name, facts.locale)
        context = self.context(campaign, step, enrollment, facts, incentive, referral_link)
        if campaign.id == CONFIRMS:
            public_url = self.live.catalog.settings.http.public_url
            context["confirm_url"] = self.parts.signer.confirm_url(public_url, message_id)
        links, naming = self._links(message_id, campaign, step, variant, facts)
        made_from = template
        if naming is not None and links.click_prefix is None:
            made_from = _with_named_links(template, naming)
        rendered = render(made_from, self._texts(step, variant, facts), context, links)
        sender = self._sender(campaign, step, variant)
        letter = Letter(
            message_id=message_id,
            attempt_id=attempt_id,
            campaign=campaign.id,
            step=step.name,
            variant=variant.name if variant else "",
            sender=sender.from_,
            reply_to=sender.reply_to,
            to=facts.email,
            subject=rendered.subject,
            html="",
            text="",
            at=now,
            headers=headers(links, transactional=step.transactional),
            links=rendered.links,
            pieces=rendered.pieces,
        )
        kept = {**context, "_subject": rendered.subject}
        return Ready(letter, template, kept, {str(n): url for n, url in rendered.links.items()})

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
            counted_id=counted_id(campaign.id, step.name, which),
        )
        naming = naming_of(settings, campaign.id, step.name, which)
        if naming is None:
            return links, None
        # Tracked links are named on their way to the target.
        return replace(links, named=naming.name), naming

    def make_many(self, wanted: Sequence[Wanted]) -> list[Ready | BrokenTemplate]:
        """Render a batch, in order: each letter, or why it could not be made."""
        return [self._made(one) for one in wanted]

    def _made(self, one: Wanted) -> Ready | BrokenTemplate:
        try:
            return self.make(
                one.message_id,
                one.attempt_id,
                one.campaign,
                one.step,
                one.variant,
                one.enrollment,
                one.facts,
                one.incentive,
                one.referral_link,
                one.now,
            )
        except BrokenTemplate as broken:
            return broken

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
        settings = self.live.catalog.settings
        shop = settings.shop
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
            "shop": {
                "name": shop.name,
                "address": shop.address,
                "website": shop.website,
                "currency": shop.currency,
                "language": shop.language,
                "timezone": shop.timezone,
            },
            "campaign": {"id": campaign.id, "name": campaign.name, "topic": campaign.topic},
            "step": {"name": step.name},
        }

    def keep_templates(self, connection: Connection, used: Iterable[CompiledTemplate]) -> None:
        """Keep each template version that letters go out with, once."""
        for template in used:
            if template.version not in self.kept:
                self.kept.add(template.version)
                operations.keep_template(connection, template.version, _stored(template))

    def view(self, connection: Connection, row: Any) -> str | None:
        """The HTML of a letter that went, for the view in the browser; None when it is gone."""
        if row.template_version is None or row.context is None:
            return None
        stored = operations.template(connection, row.template_version)
        if stored is None:
            return None
        settings = self.live.catalog.settings
        campaign = self.live.campaign(row.campaign)
        # Whether its customer agreed is not asked here: then nothing is followed.
        mode = mode_for(settings, campaign.topic if campaign else None, {})
        links = self.parts.signer.for_message(settings.http.public_url, row.message_id, mode=mode)
        subject = str(row.context.get("_subject") or "-")
        texts = LetterTexts("{% raw %}" + subject.replace("{%", "{ %") + "{% endraw %}")
        try:
            return render(
                self._restored(row.template_version, stored), texts, row.context, links
            ).html
        except BrokenTemplate:
            return None

    def _restored(self, version: str, stored: Mapping[str, Any]) -> CompiledTemplate:
        return CompiledTemplate(
            name=stored["name"],
            version=version,
            html=stored["html"],
            text=stored["text"],
            links=tuple(stored["links"]),
            problems=(),
            files=(),
            imports=tuple((name, source) for name, source in stored["imports"]),
            filters=tuple(sorted(self.live.filters.items())),
        )


@lru_cache(maxsize=MAX_NAMED_TEMPLATES)
def _with_named_links(template: CompiledTemplate, naming: Naming) -> CompiledTemplate:
    return replace(template, links=tuple(naming.name(one) for one in template.links))


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


def _stored(template: CompiledTemplate) -> dict[str, Any]:
    return {
        "name": template.name,
        "html": template.html,
        "text": template.text,
        "links": list(template.links),
        "imports": [list(pair) for pair in template.imports],
    }


def headers(links: LinkSigner, *, transactional: bool) -> tuple[tuple[str, str], ...]:
    """The unsubscribe headers of RFC 2369 and RFC 8058; a transactional letter carries none."""
    if transactional:
        return ()
    return (
        ("List-Unsubscribe", f"<{links.unsubscribe_url}>"),
        ("List-Unsubscribe-Post", ONE_CLICK),
    )
