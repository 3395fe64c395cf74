"""Whether the next letter of a recurring broadcast is written yet: what only the calendar tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.document import read_document
from lifecycle.catalog.folder import CAMPAIGNS, TEMPLATES
from lifecycle.catalog.problem import Problem
from lifecycle.catalog.templates import named_templates
from lifecycle.core.campaign import Broadcast
from lifecycle.core.recurring import Recurrence, template_for
from lifecycle.core.words import Moment, instant_of, zone_of


def letters_to_write(catalog: Catalog, now: datetime) -> Iterator[Problem]:
    """A warning for each letter that goes next, from `now` on, and whose template is not there.

    The day is the shop's own, in its zone.
    """
    for name, campaign in sorted(catalog.campaigns.items()):
        if not isinstance(campaign, Broadcast) or campaign.status == "archived":
            continue
        day = _next_day(catalog, campaign, now)
        file = f"{CAMPAIGNS}/{name}.toml"
        for place, said, _ in named_templates(campaign):
            meant = template_for(said, day)
            if meant == said or catalog.template(meant) is not None:
                continue
            document, _ = read_document(file, catalog.files[file])
            problem = f"the letter of {day.isoformat()} is not written yet"
            hint = f"make {TEMPLATES}/{meant}.mjml before that day"
            yield document.problem(place, problem, hint, "warning")


def _next_day(catalog: Catalog, broadcast: Broadcast, now: datetime) -> date:
    if broadcast.every is None:
        if broadcast.on is not None:
            return broadcast.on
        assert isinstance(broadcast.at, Moment)
        return broadcast.at.value.date()
    zone = zone_of(catalog.settings.shop.timezone)
    today = now.astimezone(zone).date()
    recurrence: Recurrence = broadcast.every
    day = recurrence.next_on(today)
    if day == today and instant_of(day, recurrence.at, zone) < now:
        return recurrence.next_on(today + timedelta(days=1))
    return day
