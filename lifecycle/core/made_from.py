"""From which template a letter is made: one of the folder, or a text of the campaign itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from lifecycle.core.campaign import Broadcast, Campaign
from lifecycle.core.chance import derived_id
from lifecycle.core.recurring import template_for
from lifecycle.core.step import Step, Variant

_DIGITS = 12


def text_name(campaign: str, text: str | Mapping[str, str]) -> str:
    """The name of the template that a text of a campaign is compiled to.

    It derives from the text, so that whoever finishes an earlier version of the campaign gets that
    version's words.
    """
    said = {"": text} if isinstance(text, str) else text
    parts = (part for pair in sorted(said.items()) for part in pair)
    return f"campaigns/{campaign}#{derived_id('text', *parts)[:_DIGITS]}"


def template_name(
    campaign: Campaign, step: Step, variant: Variant | None, entry: str = ""
) -> str | None:
    """The name of a letter's template; None for a step that writes none.

    `entry` is the enrollment's: of a broadcast the day, which a recurring one's template may leave
    open.
    """
    for said in (variant, step):
        if said is not None and said.text is not None:
            return text_name(campaign.id, said.text)
        if said is not None and said.template is not None:
            return _on_the_day(campaign, said.template, entry)
    return None


def _on_the_day(campaign: Campaign, name: str, entry: str) -> str:
    if not isinstance(campaign, Broadcast):
        return name
    try:
        return template_for(name, date.fromisoformat(entry[:10]))
    except ValueError:
        return name
