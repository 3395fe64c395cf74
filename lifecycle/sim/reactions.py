"""What simulated customers do with a letter, and what is told back of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core.message import Letter
from lifecycle.sim.behaviour import Life, filled
from lifecycle.sources.event_line import EventIn

MACHINES_LOOK_AFTER = timedelta(seconds=40)
Happened = tuple[datetime, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reactions:
    """What follows from letters that were accepted, as events that are still to arrive."""

    lives: Mapping[str, Life]
    heard: Callable[[str], bool]
    """Whether anything reads events of a name."""

    def to(self, letter: Letter, customer_id: str) -> Iterator[EventIn]:
        """Everything that one letter leads to, each event at its own instant."""
        life = self.lives[customer_id]
        own = letter.attempt_id
        for at, name, said in self._told(letter, life):
            told = {**said, "message_id": letter.message_id}
            yield EventIn(f"ses-{name}-{own}", at, name, customer_id, told, at)
        for at, name, said in self._done(letter, life):
            if self.heard(name):
                yield EventIn(f"{name}-{own}", at, name, customer_id, said, at)

    def _told(self, letter: Letter, life: Life) -> Iterator[Happened]:
        habits, dice, own = life.habits, life.dice, letter.message_id
        arrives = letter.at + habits.time_to_delivered.drawn(dice, "delivered", own)
        if life.person.address_is_dead:
            yield arrives, "message_bounced", {"kind": "hard"}
            return
        if habits.soft_bounce.drawn(dice, "soft", own):
            yield arrives, "message_bounced", {"kind": "soft"}
            return
        yield arrives, "message_delivered", {}
        machine = {"machine": True}
        if habits.machine_opens.drawn(dice, "machine", own):
            yield arrives + MACHINES_LOOK_AFTER, "message_opened", machine
        if habits.machine_clicks.drawn(dice, "machine clicks", own):
            yield arrives + MACHINES_LOOK_AFTER, "message_clicked", {**machine, "url": _URL}
        opened = self._opened_at(letter, life)
        if opened is None:
            return
        yield opened, "message_opened", {}
        clicked = self._clicked_at(letter, life, opened)
        if clicked is not None:
            yield clicked, "message_clicked", {"url": _URL}
        if habits.unsubscribes.drawn(dice, "unsubscribes", own):
            yield opened + timedelta(minutes=2), "message_unsubscribed", {}
        elif habits.complains.drawn(dice, "complains", own):
            yield opened + timedelta(minutes=3), "message_complained", {}

    def _done(self, letter: Letter, life: Life) -> Iterator[Happened]:
        opened = self._opened_at(letter, life)
        clicked = None if opened is None else self._clicked_at(letter, life, opened)
        if clicked is None:
            return
        habits, dice, own = life.habits, life.dice, letter.message_id
        yield clicked + timedelta(seconds=1), "site_visited", {}
        if habits.orders_when_clicked.drawn(dice, "orders", own):
            at = clicked + habits.orders_soon_after.drawn(dice, "orders", own)
            yield from life.order(at, filled(dice, f"cart-{own}", 1))

    def _opened_at(self, letter: Letter, life: Life) -> datetime | None:
        habits, dice, own = life.habits, life.dice, letter.message_id
        dead = life.person.address_is_dead or habits.soft_bounce.drawn(dice, "soft", own)
        if dead or not habits.opens.drawn(dice, "opens", own):
            return None
        return letter.at + timedelta(minutes=2) + habits.time_to_open.drawn(dice, "open", own)

    def _clicked_at(self, letter: Letter, life: Life, opened: datetime) -> datetime | None:
        habits, dice, own = life.habits, life.dice, letter.message_id
        if not habits.clicks_when_open.drawn(dice, "clicks", own):
            return None
        return opened + habits.time_to_click.drawn(dice, "click", own)


_URL = "https://shop.example/sale"
