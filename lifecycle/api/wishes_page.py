"""The preference page: one button to leave, and below it topics, how often, a pause, everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape

from babel.dates import format_date

from lifecycle.api.choice import Choice, Standing
from lifecycle.api.phrases import Phrases
from lifecycle.core.wishes import AT_MOST, PAUSE, often_of, paused


@dataclass(frozen=True, slots=True)
class Told:
    """What the page is made of: its language, the shop, its topics with what each is about."""

    said: Phrases
    language: str
    shop: str
    about: Mapping[str, str]
    now: datetime

    def text(self, phrase: str, **given: str) -> str:
        """A phrase as HTML."""
        return escape(self.said[phrase].format(shop=self.shop, **given))

    def day(self, at: datetime) -> str:
        """A day in words."""
        return format_date(at.date(), "long", locale=self.language)


def wishes_page(told: Told, standing: Standing | None, done: Choice | None) -> str:
    """The page's HTML: the one button, or what was done; below it, finer choices."""
    pause = _pause_until(told, standing, done)
    parts = [_head(told, standing, done, pause)]
    if standing is not None and told.about:
        parts.append(_preferences(told, standing, done))
    if not (done is not None and done.kind in ("topic", "everything")):
        parts.append(_pause(told, pause, just_now=done is not None and done.kind == "pause"))
    parts.append(
        f"<h2>{told.text('stop')}</h2>"
        '<form method="post"><input type="hidden" name="action" value="everything">'
        f'<p class="soft">{told.text("orders")}</p>'
        f'<div class="row"><button class="quiet" type="submit">{told.text("stop_button")}'
        "</button></div></form>"
    )
    return "".join(parts)


def _head(
    told: Told, standing: Standing | None, done: Choice | None, pause: datetime | None
) -> str:
    topic = told.about.get((standing.topic if standing else None) or "", "")
    if done is None:
        ask = told.text("ask_about", topic=topic) if topic else told.text("ask")
        return (
            f"<h1>{ask}</h1><p>{told.text('one_click')}</p>"
            '<form method="post"><input type="hidden" name="action" value="topic">'
            f'<button type="submit">{told.text("unsubscribe")}</button></form>'
        )
    if done.kind == "preferences":
        return _banner(told.text("saved"), told.text("saved_told"))
    if done.kind == "go_on":
        return _banner(told.text("goes_on"), told.text("goes_on_told"))
    if done.kind == "pause" and pause is not None:
        day = told.day(pause)
        return _banner(told.text("paused", day=day), told.text("paused_told", day=day))
    about = topic and done.kind == "topic"
    gone = told.text("gone_about", topic=topic) if about else told.text("gone_all")
    return _banner(told.text("gone"), f"{gone} {told.text('on_its_way')}")


def _banner(head: str, words: str) -> str:
    return f'<h1>{head}</h1><p class="done" role="status">{words}</p>'


def _pause_until(told: Told, standing: Standing | None, done: Choice | None) -> datetime | None:
    """Until when there is a pause, with what was just chosen: it may wait in the spool yet."""
    if done is not None and done.kind == "go_on":
        return None
    if done is not None and done.kind == "pause":
        return told.now + PAUSE
    return paused(standing.wishes, told.now) if standing is not None else None


def _pause(told: Told, pause: datetime | None, *, just_now: bool) -> str:
    """The button that pauses, or ends the pause; what was just said above is not said again."""
    if pause is None:
        head, words = told.text("pause"), told.text("pause_told")
        action, button = "pause", told.text("pause_button")
    else:
        day = told.day(pause)
        head, words = told.text("paused", day=day), told.text("paused_told", day=day)
        action, button = "go_on", told.text("go_on")
    said = "" if just_now else f'<p class="soft">{words}</p>'
    return (
        f'<h2>{head}</h2>{said}<form method="post">'
        f'<input type="hidden" name="action" value="{action}">'
        f'<div class="row"><button class="quiet" type="submit">{button}'
        "</button></div></form>"
    )


def _agreed(standing: Standing, done: Choice | None) -> frozenset[str]:
    """The topics agreed to, with what was just chosen: the engine takes it in a moment later."""
    if done is None or done.kind in ("pause", "go_on"):
        return standing.agreed
    if done.kind == "preferences":
        return frozenset(done.agreed)
    if done.kind == "everything" or standing.topic is None:
        return frozenset()
    return standing.agreed - {standing.topic}


def _preferences(told: Told, standing: Standing, done: Choice | None) -> str:
    agreed = _agreed(standing, done)
    boxes = "".join(
        f'<label><input type="checkbox" name="agreed" value="{escape(name)}"'
        f"{' checked' if name in agreed else ''}><span>{escape(about)}</span></label>"
        for name, about in told.about.items()
    )
    chosen = (done.often if done is not None else None) or often_of(standing.wishes)
    often = "".join(
        f'<label><input type="radio" name="often" value="{one}"'
        f"{' checked' if one == chosen else ''}><span>{told.text(one)}</span></label>"
        for one in AT_MOST
    )
    return (
        f'<h2 id="preferences">{told.text("choose")}</h2><form method="post">'
        '<input type="hidden" name="action" value="preferences">'
        f"<fieldset><legend>{told.text('topics')}</legend>{boxes}</fieldset>"
        f"<fieldset><legend>{told.text('how_often')}</legend>{often}</fieldset>"
        f'<div class="row"><button class="quiet" type="submit">{told.text("save")}</button></div>'
        "</form>"
    )
