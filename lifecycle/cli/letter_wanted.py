"""Which letter a preview means: a step of a campaign, wherever it stands, or a template alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.problem import did_you_mean
from lifecycle.cli.sample import sample_flow
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.step import Step, Variant
from lifecycle.errors import UsageError


@dataclass(frozen=True)
class Wanted:
    """The letter that is wanted; without `of_campaign` it is a template in a made-up flow.

    `variant` is the one asked for by name; None leaves the choice to the customer's own.
    """

    campaign: Campaign
    step: Step
    variant: Variant | None
    of_campaign: bool


def wanted(catalog: Catalog, what: str, variant: str | None) -> Wanted:
    """The letter meant: a campaign's step wins over a template of the same name.

    Raises UsageError, naming the nearest.
    """
    campaign_id, _, name = what.partition("/")
    campaign = catalog.campaigns.get(campaign_id)
    if campaign is not None:
        places = list(_places(campaign))
        if not name:
            letters = [step for _, step in places if step.writes]
            if letters:
                return Wanted(campaign, letters[0], _variant(letters[0], variant), True)
            raise UsageError(f"“{campaign_id}” writes no letter")
        step = next((one for said, one in places if name in (said, one.name)), None)
        if step is not None and not step.writes:
            written = ", ".join(f"{campaign_id}/{one.name}" for _, one in places if one.writes)
            remedy = f"its letters: {written}" if written else ""
            raise UsageError(f"the step “{name}” writes no letter", remedy=remedy)
        if step is not None:
            return Wanted(campaign, step, _variant(step, variant), True)
    template = what.removesuffix(".mjml")
    if _is_template(catalog, template):
        flow, step = sample_flow(template, catalog.settings)
        if variant is not None:
            raise UsageError("a template alone has no variants", remedy="name CAMPAIGN/STEP")
        return Wanted(flow, step, None, False)
    raise _unknown(catalog, what, campaign)


def _places(campaign: Campaign) -> Iterator[tuple[str, Step]]:
    """Every step with what tells it apart: branches may bear the name of the step they are of."""
    if isinstance(campaign, Broadcast):
        yield campaign.letter().name, campaign.letter()
    elif isinstance(campaign, Flow):
        for place in campaign.way.places.values():
            yield place.id, place.step
    else:
        for step in campaign.step:
            yield step.name, step


def _is_template(catalog: Catalog, name: str) -> bool:
    if name in catalog.templates:
        return True
    return (catalog.root / "templates" / f"{name}.mjml").is_file()


def _unknown(catalog: Catalog, what: str, campaign: Campaign | None) -> UsageError:
    if campaign is not None:
        name = what.partition("/")[2]
        names = [said for said, step in _places(campaign) if step.writes]
        hint = did_you_mean(name, names) or f"its letters: {', '.join(names)}"
        return UsageError(f"“{campaign.id}” has no step “{name}”", remedy=hint)
    names = [one for one in catalog.templates if "#" not in one]
    for one in catalog.campaigns.values():
        names += [one.id, *(f"{one.id}/{said}" for said, step in _places(one) if step.writes)]
    return UsageError(f"“{what}” is no template and no step", remedy=did_you_mean(what, names))


def _variant(step: Any, name: str | None) -> Variant | None:
    if name is None:
        return None
    found: Variant | None = next((one for one in step.variant if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in step.variant)
        remedy = f"there are {known}" if known else "the step has none"
        raise UsageError(f"there is no variant “{name}”", remedy=remedy)
    return found
