"""Judges an experiment by two witnesses: what SES accepted, and what the database says of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from faults.events import LETTERS, kind_of
from faults.place import Place
from faults.ses import Accepted, twice, worst_second

OWED = frozenset({"receipt", "invoice", "welcome"})
"""The campaigns whose letters are owed for events; others are judged by their fates alone."""
RESENDING = frozenset({"invoice"})
"""The campaigns that allow a letter of unknown fate to be sent again."""
OPEN = frozenset({"planned", "ready", "attempting", "requeued"})
PROVED = "proved by "
SHOWN = 5


@dataclass
class Verdict:
    """What an experiment came to; `wrong` names each breach of a promise."""

    letters_owed: int = 0
    accepted: int = 0
    duplicates: int = 0
    """Letters that SES accepted twice, other than those resent by their campaign's own leave."""
    resent: int = 0
    """Letters accepted twice that were resent by their campaign's leave, after the window."""
    lost: int = 0
    events_answered: int = 0
    events_missing: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0
    uncertain_ever: int = 0
    resolved: dict[str, int] = field(default_factory=dict)
    """Those once of unknown fate, by what settled them."""
    uncertain_left: int = 0
    uncertain_left_accepted: int = 0
    """Of those left, how many SES has accepted in truth."""
    worst_second: int = 0
    restarts: int = 0
    recovery_seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0
    whole: bool = True
    """Whether the database's own check finds it whole."""
    wrong: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As it is written down."""
        return asdict(self)


def judge(place: Place, answered: Sequence[str], *, restored: bool = False) -> Verdict:
    """Compare the oracle with the database, once all is settled.

    One that was `restored` cannot know the attempts that were made after its backup.
    """
    notes = {row[0] for row in place.ground.rows("SELECT errand_id FROM errand")}
    accepted = [one for one in place.ses.accepted() if one.message_id not in notes]
    found = Verdict(events_answered=len(answered), accepted=len(accepted))
    _events(found, place, answered)
    messages = _messages(found, place, answered)
    _fates(found, place, accepted, messages, restored=restored)
    found.worst_second = worst_second(accepted)
    found.restarts = max(0, len(place.daemon.started_at) - 1)
    found.recovery_seconds = recovery(place, accepted)
    found.peak_mb = round(place.daemon.peak_mb, 1)
    found.whole = place.ground.whole()
    if not found.whole:
        found.wrong.append("the database is not whole")
    return found


def _events(found: Verdict, place: Place, answered: Sequence[str]) -> None:
    """Each event answered 202 is there once: ids are unique, so being there is being there once."""
    rows = place.ground.rows(
        "SELECT event_id FROM event WHERE name IN ('order_placed', 'invoice_made', 'signed_up')"
    )
    there = Counter(row[0] for row in rows)
    missing = [one for one in answered if one not in there]
    found.events_missing = len(missing)
    if missing:
        found.wrong.append(f"events answered and not there: {missing[:SHOWN]}")
    if more := [one for one, count in there.items() if count > 1]:
        found.wrong.append(f"events counted twice: {more[:SHOWN]}")


def _messages(found: Verdict, place: Place, answered: Sequence[str]) -> dict[str, _Message]:
    """All messages by id. Each event has its own letters, no fewer and no more."""
    rows = place.ground.rows(
        "SELECT message_id, campaign, entry, state, reason, quarantined_at IS NOT NULL, "
        "uncertain_since IS NOT NULL, resent_at IS NOT NULL FROM message"
    )
    of_entry = Counter(row[2] for row in rows if row[1] in OWED)
    found.letters_owed = sum(LETTERS[kind_of(one)] for one in answered)
    short = [one for one in answered if of_entry[one] < LETTERS[kind_of(one)]]
    aside = _put_aside(place)
    found.quarantined += sum(one in aside for one in short)
    short = [one for one in short if one not in aside]
    over = [one for one in of_entry if of_entry[one] > LETTERS[kind_of(one)]]
    if short:
        found.lost += sum(LETTERS[kind_of(one)] - of_entry[one] for one in short)
        told = [_standing(place, one) for one in short[:SHOWN]]
        found.wrong.append(f"events without their letters: {told}")
    if over:
        found.wrong.append(f"more letters than events allow: {over[:SHOWN]}")
    return {row[0]: _Message(row[1], row[3], row[4], *map(bool, row[5:])) for row in rows}


def _put_aside(place: Place) -> set[str]:
    """The events whose work died with three daemons: put aside and listed, not forgotten."""
    rows = place.ground.rows(
        "SELECT entry FROM enrollment WHERE quarantined_at IS NOT NULL UNION "
        "SELECT event_id FROM event JOIN intake ON intake.customer_id = event.customer_id "
        "WHERE intake.quarantined_at IS NOT NULL AND event.pending"
    )
    return {row[0] for row in rows}


def _standing(place: Place, event: str) -> str:
    """How far an event has got whose letters are not there: what it left in each queue."""
    known = [f"event {event}"]
    for table, what in (
        ("intake", "due_at, attempts, quarantined_at"),
        ("enrollment", "campaign, entry, state, step, due_at, attempts, quarantined_at"),
        ("message", "campaign, entry, place, state, reason"),
        ("decision", "campaign, entry, what, reason, detail"),
    ):
        where = "customer_id = (SELECT customer_id FROM event WHERE event_id = :event)"
        own = "" if table == "intake" else " AND entry = :event"
        rows = place.ground.rows(f"SELECT {what} FROM {table} WHERE {where}{own}", event=event)
        known += [f"{table} {tuple(row)}" for row in rows]
    return "; ".join(known)


def _fates(
    found: Verdict,
    place: Place,
    accepted: Sequence[Accepted],
    messages: dict[str, _Message],
    *,
    restored: bool,
) -> None:
    tries = _tries(place)
    dropped: Counter[str] = Counter()
    resolved: Counter[str] = Counter()
    went = {one.message_id for one in accepted}
    stuck, unsent, unsaid = [], [], []
    for message_id, one in messages.items():
        state = one.state
        found.uncertain_ever += one.doubted
        if one.aside:
            found.quarantined += 1
        elif state in OPEN:
            stuck.append(message_id)
        elif state == "accepted" and message_id not in went:
            unsent.append(message_id)
        elif state == "dropped":
            dropped[one.reason] += 1
            if not one.reason:
                unsaid.append(message_id)
        elif state == "uncertain":
            found.uncertain_left += 1
            found.uncertain_left_accepted += message_id in went
        if one.doubted and state != "uncertain":
            resolved["sent again" if one.resent else tries.how(message_id, state)] += 1
    found.dropped, found.resolved = dict(dropped), dict(resolved)
    found.lost += len(stuck) + len(unsent)
    strangers = [] if restored else tries.strangers(accepted)
    for what, ids in (
        ("under way for ever", stuck),
        ("said sent, and SES never had it", unsent),
        ("dropped without a reason", unsaid),
        ("accepted by SES, and not known here", sorted(went - set(messages))),
        ("accepted with an attempt that is not known here", strangers),
    ):
        if ids:
            found.wrong.append(f"{what}: {len(ids)}, as {ids[:SHOWN]}")
    _doubled(found, accepted, messages)


def _doubled(found: Verdict, accepted: Sequence[Accepted], messages: dict[str, _Message]) -> None:
    """What SES has accepted twice, and whether its campaign allows it."""
    for message_id in twice(list(accepted)):
        campaign = messages[message_id].campaign if message_id in messages else ""
        if campaign in RESENDING:
            found.resent += 1
        else:
            found.duplicates += 1
            found.wrong.append(f"accepted twice: {message_id} of {campaign}")


@dataclass(frozen=True, slots=True)
class _Message:
    """What the database says of one message."""

    campaign: str
    state: str
    reason: str
    aside: bool
    doubted: bool
    """Whether its fate was ever unknown."""
    resent: bool


@dataclass
class _Tries:
    """The attempts of all messages."""

    of: dict[str, list[tuple[Any, ...]]]

    def how(self, message_id: str, state: str) -> str:
        """What settled a message once of unknown fate."""
        for one in self.of.get(message_id, ()):
            detail = str(one[1])
            if detail.startswith(PROVED):
                return detail.removeprefix(PROVED)
            if "by hand" in detail:
                return "by hand"
        return state

    def strangers(self, accepted: Sequence[Accepted]) -> list[str]:
        """Attempts that SES accepted and the database does not know."""
        known = {one[0] for tries in self.of.values() for one in tries}
        return [one.attempt_id for one in accepted if one.attempt_id not in known]


def _tries(place: Place) -> _Tries:
    of: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    statement = "SELECT message_id, attempt_id, detail FROM attempt"
    for message_id, *rest in place.ground.rows(statement):
        of[message_id].append(tuple(rest))
    return _Tries(dict(of))


def recovery(place: Place, accepted: Sequence[Accepted]) -> dict[str, float]:
    """From each start after the first to the first letter accepted by SES: median and worst.

    A start after which the daemon lived too briefly to send anything says nothing.
    """
    starts = place.daemon.started_at[1:]
    ends: list[datetime | None] = [*place.daemon.ended_at[1:], None]
    instants = sorted(one.at for one in accepted)
    took = []
    for place_, start in enumerate(starts):
        until = ends[place_] if place_ < len(ends) else None
        first = next((at for at in _after(instants, start)), None)
        if first is not None and (until is None or first <= until):
            took.append((first - start).total_seconds())
    if not took:
        return {}
    return {
        "measured": len(took),
        "median": round(median(took), 2),
        "worst": round(max(took), 2),
    }


def _after(instants: Sequence[datetime], start: datetime) -> Sequence[datetime]:
    from bisect import bisect_right

    return instants[bisect_right(instants, start) :][:1]
