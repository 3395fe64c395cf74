"""What is legal word by word and yet cannot work: times never reached, names that collide."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from urllib.parse import urlsplit

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS, SEGMENTS, SETTINGS
from lifecycle.catalog.later import not_yet
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, of_file
from lifecycle.catalog.project import Project
from lifecycle.core.campaign import Broadcast, Campaign, Flow
from lifecycle.core.send_time import Allowed, Clock
from lifecycle.core.settings import Settings
from lifecycle.core.step import Step, Winner
from lifecycle.core.words import Moment, Span, zone_of

SOME_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
"""Where the search for a possible time begins: any instant would do, since a year is searched."""
MAX_ID = 100


def check_sense(project: Project) -> Iterator[Problem]:
    """A problem for each thing that can never work as written."""
    for folder in (CAMPAIGNS, SEGMENTS):
        yield from _ids(folder, project.ids(folder))
    yield from _secrets(project)
    documents = dict(project.of(CAMPAIGNS))
    for name, campaign in project.campaigns.items():
        document = documents[name]
        if isinstance(campaign, Flow):
            yield from _flow(document, campaign, project.settings)
        elif isinstance(campaign, Broadcast) and isinstance(campaign.at, Moment):
            yield from _broadcast(document, campaign, project.settings)


def _ids(folder: str, ids: list[str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name in ids:
        file = f"{folder}/{name}.toml"
        if len(name) > MAX_ID or name != name.strip() or not name:
            hint = f"at most {MAX_ID} characters, without blanks around them"
            yield of_file(file, "the file's name is the identity, and this is none", hint)
        plain = unicodedata.normalize("NFC", name).casefold()
        if plain in seen:
            problem = f"its name differs from {seen[plain]}.toml by small and capital letters alone"
            yield of_file(file, problem, "rename one of them")
        seen[plain] = name


def _secrets(project: Project) -> Iterator[Problem]:
    document, settings = project.documents.get(SETTINGS), project.settings
    if document is None or settings is None:
        return
    written: dict[Place, tuple[str | None, str]] = {
        ("secrets", "key"): (settings.secrets.key, "env:LIFECYCLE_KEY"),
        ("smtp", "password"): (settings.smtp.password, "env:SMTP_PASSWORD"),
        ("database", "url"): (_password_in(settings.database.url), "env:DATABASE_URL"),
    }
    for place, (value, name) in written.items():
        if value and not value.startswith("env:"):
            problem = "a secret is named, never written: this file is read by many"
            shown = document.problem(place, problem, f'write {place[-1]} = "{name}"', "warning")
            yield replace(shown, text="")


def _password_in(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None


def _flow(document: Document, flow: Flow, settings: Settings | None) -> Iterator[Problem]:
    names = {step.name for step in flow.step}
    was: set[str] = set()
    for index, step in enumerate(flow.step):
        place: Place = ("step", index)
        if step.was is not None and step.was in names:
            problem = f"“{step.was}” is the name of a step there is, so no step was called that"
            yield document.problem(
                (*place, "was"), problem, "`was` names what the file no longer has"
            )
        elif step.was in was:
            yield document.problem((*place, "was"), f"two steps say they were “{step.was}”")
        was |= {step.was} if step.was else set()
        yield from _winner(document, (*place, "winner"), step.winner, flow)
        if settings is not None:
            quiet = settings.quiet(flow.sending.says_quiet_hours, flow.sending.quiet_hours)
            yield from _times(
                document, place, step, None if step.transactional else quiet, settings
            )
    if not flow.step:
        yield document.problem((), "a flow without steps does nothing", "add a [[step]]", "warning")


def _times(
    document: Document, place: Place, step: Step, quiet: Span | None, settings: Settings
) -> Iterator[Problem]:
    clocks: Mapping[Place, Clock | None] = {
        (*place, "at"): step.at,
        **{(*place, "variant", i, "at"): one.at for i, one in enumerate(step.variant) if one.at},
    }
    zone = zone_of(settings.shop.timezone)
    for at, clock in clocks.items():
        possible = (
            Allowed(hour, step.on, step.not_on, quiet).first(SOME_INSTANT, zone)
            for hour in _hours(clock)
        )
        if not any(one is not None for one in possible):
            where = at if clock is not None else (*place, "on" if step.on else "not_on")
            problem = "this moment never comes: time, weekdays and quiet hours leave none in a year"
            yield document.problem(where, problem, _way_out(quiet, clock))


def _hours(clock: Clock | None) -> list[time | None]:
    if clock is None or (clock.fixed is None and clock.between is None):
        return [None]
    if clock.between is None:
        return [clock.fixed]
    start, end = clock.between.start, clock.between.end
    inside = [
        time(hour)
        for hour in range(24)
        if (start <= time(hour) < end if start < end else time(hour) >= start or time(hour) < end)
    ]
    return [*inside, start]


def _way_out(quiet: Span | None, clock: Clock | None) -> str:
    if quiet is None or clock is None:
        return "leave another day"
    return f"quiet hours are {quiet.start:%H:%M}-{quiet.end:%H:%M}: choose a time outside them"


def _winner(
    document: Document, place: Place, winner: Winner | None, campaign: Campaign
) -> Iterator[Problem]:
    if winner is None:
        return
    if winner.by == "open_rate":
        problem = "opens are mostly machines: the winner may be the wrong one"
        yield document.problem((*place, "by"), problem, 'write by = "click_rate"', "warning")
    if winner.by == "goal_rate" and campaign.goal is None:
        problem = "the winner is chosen by the goal, and the campaign has none"
        yield document.problem((*place, "by"), problem, 'add [goal], or write by = "click_rate"')
    if isinstance(campaign, Flow):
        for key in ("test_percent", "decide_after"):
            if getattr(winner, key) is not None:
                problem = f"`{key}` belongs to the [winner] of a broadcast"
                hint = "in a flow everyone tests until it is proven, or `within` is over"
                yield document.problem((*place, key), problem, hint)
    elif winner.decide_after is None:
        hint = 'write decide_after = "4 hours"'
        if winner.test_percent is not None:
            problem = "`test_percent` keeps the others waiting, and nothing says until when"
            yield document.problem((*place, "test_percent"), problem, hint)
        elif winner.within is None:
            yield document.problem(place, "this winner is never chosen", hint, "warning")


def _broadcast(
    document: Document, broadcast: Broadcast, settings: Settings | None
) -> Iterator[Problem]:
    yield from _winner(document, ("winner",), broadcast.winner, broadcast)
    for index, variant in enumerate(broadcast.variant):
        if variant.at is not None:
            yield document.problem(
                ("variant", index, "at"), not_yet("`at` of a broadcast's variant")
            )
    assert isinstance(broadcast.at, Moment)
    at = broadcast.at.value
    if settings is None or at.tzinfo is not None:
        return
    quiet = settings.quiet(broadcast.sending.says_quiet_hours, broadcast.sending.quiet_hours)
    zone = zone_of("UTC")
    ends = quiet.covering(at.replace(tzinfo=UTC), zone) if quiet is not None else None
    if ends is not None:
        problem = f"this lies in the quiet hours: the letters will wait until {ends:%H:%M}"
        yield document.problem(("at",), problem, "", "warning")
