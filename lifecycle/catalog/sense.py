"""What is legal word by word and yet cannot work: times never reached, names that collide."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS, SEGMENTS, SETTINGS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, of_file
from lifecycle.catalog.project import Project
from lifecycle.catalog.sense_sending import sending_sense
from lifecycle.catalog.sense_times import quiet_moment, stale_at_night, times
from lifecycle.catalog.sense_way import way_sense
from lifecycle.catalog.sense_winner import timed_bandit, winner_sense
from lifecycle.core.anchor import AnchorTime
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series, Waves, letters_of
from lifecycle.core.settings import Settings
from lifecycle.core.words import length_words

MAX_ID = 100
_BLOCKED_FROM = {"complaint_rate": 0.5, "bounce_rate": 10.0}
"""Percent from which Amazon SES stops a sender; Gmail wants complaints below 0.3."""


def check_sense(project: Project) -> Iterator[Problem]:
    """A problem for each thing that can never work as written."""
    for folder in (CAMPAIGNS, SEGMENTS):
        yield from _ids(folder, project.ids(folder))
    yield from _secrets(project)
    yield from sending_sense(project)
    documents = dict(project.of(CAMPAIGNS))
    for name, campaign in project.campaigns.items():
        document = documents[name]
        yield from _resends(document, campaign)
        if isinstance(campaign, Flow):
            yield from _flow(document, campaign, project.settings)
        elif isinstance(campaign, Series):
            yield from _series(document, campaign, project.settings)
        else:
            yield from _broadcast(document, campaign, project.settings)


def _resends(document: Document, campaign: Campaign) -> Iterator[Problem]:
    """Marketing is never sent again that may have gone: only transactional letters are worth it."""
    marketing = [step.name for _, step in letters_of(campaign) if not step.transactional]
    if campaign.sending.resend_uncertain and marketing:
        some = ", ".join(f"“{name}”" for name in marketing)
        yield document.problem(
            ("sending", "resend_uncertain"),
            f"`resend_uncertain` is for transactional steps only: {some} may have gone already",
            "leave it out, or write the transactional steps in a campaign of their own",
        )


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
    places = flow.way.places.values()
    names = {place.name for place in places}
    was: set[str] = set()
    for place in places:
        step, at = place.step, place.path
        if step.was is not None and step.was in names:
            problem = f"“{step.was}” is the name of a step there is, so no step was called that"
            hint = "`was` names what the file no longer has"
            yield document.problem((*at, "was"), problem, hint)
        elif step.was in was:
            yield document.problem((*at, "was"), f"two steps say they were “{step.was}”")
        was |= {step.was} if step.was else set()
        yield from winner_sense(document, (*at, "winner"), step.winner, flow)
        yield from timed_bandit(document, (*at, "winner"), step)
        if settings is not None:
            yield from times(document, at, step, flow, settings)
    yield from way_sense(document, flow)
    yield from _again(document, flow)
    if settings is not None:
        letters = [step for _, step in letters_of(flow)]
        yield from stale_at_night(document, flow, letters, settings)
    if not flow.step:
        yield document.problem((), "a flow without steps does nothing", "add a [[step]]", "warning")


def _again(document: Document, flow: Flow) -> Iterator[Problem]:
    """A doubt where somebody may enter under another key while letters are still to come."""
    again = flow.enter.again
    if not isinstance(again, timedelta) or not flow.enter.per:
        return
    last = max((i for i, step in enumerate(flow.step) if step.writes), default=-1)
    waits = [step.after for step in flow.step[: last + 1] if isinstance(step.after, timedelta)]
    length = sum(waits, timedelta())
    if again < length:
        problem = f"the letters go on for {length_words(length)}: one person may get two at once"
        hint = f'if that is not meant: again = "after {length_words(length)}"'
        yield document.problem(("enter", "again"), problem, hint, "warning")


def _series(document: Document, series: Series, settings: Settings | None) -> Iterator[Problem]:
    before: tuple[datetime, str] | None = None
    for index, step in enumerate(series.step):
        place: Place = ("step", index)
        yield from winner_sense(document, (*place, "winner"), step.winner, series)
        if settings is not None:
            yield from times(document, place, step, series, settings)
        if not isinstance(step.at, AnchorTime):
            continue
        at = step.at.moment(series.anchor).value.replace(tzinfo=None)
        if before is not None and at < before[0]:
            problem = f"this comes before “{before[1]}”, which stands above it"
            hint = "let the steps stand in the order of time"
            yield document.problem((*place, "at"), problem, hint, "warning")
        before = (at, step.name) if before is None else max(before, (at, step.name))
    if settings is not None:
        yield from stale_at_night(document, series, list(series.step), settings)


def _broadcast(
    document: Document, broadcast: Broadcast, settings: Settings | None
) -> Iterator[Problem]:
    yield from winner_sense(document, ("winner",), broadcast.winner, broadcast)
    if broadcast.waves is not None:
        yield from _waves(document, broadcast.waves)
    if settings is not None:
        yield from quiet_moment(document, broadcast, settings)


def _waves(document: Document, waves: Waves) -> Iterator[Problem]:
    stops = waves.stop_if.model_fields_set
    if waves.count == 1:
        problem = "one wave is none: everybody gets the letter at once"
        yield document.problem(("waves", "percent"), problem, "percent = [5, 25, 70]", "warning")
    elif stops and not waves.gap:
        problem = "without a gap the next wave has gone before any bounce or complaint comes back"
        yield document.problem(("waves", "gap"), problem, 'gap = "2 hours"', "warning")
    seen: set[str] = set()
    for index, name in enumerate(waves.first):
        if name in seen:
            problem = f"“{name}” goes first already"
            yield document.problem(("waves", "first", index), problem, "leave it out", "warning")
        seen.add(name)
    for key, most in _BLOCKED_FROM.items():
        rate = getattr(waves.stop_if, key)
        if rate is not None and rate > most:
            problem = f"mailbox providers refuse senders long before this: from {most:g} % on"
            yield document.problem(("waves", "stop_if", key), problem, "", "warning")
