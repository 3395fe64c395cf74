"""What differs between two runs over the same events: by campaign and step, in counts and words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from statistics import median
from typing import Any

from lifecycle.core.words import length_words

Row = Mapping[str, Any]
_WORDS: Mapping[str, tuple[str, str]] = {
    "sent": ("letter", "letters"),
    "entered": ("entry", "entries"),
    "not_entered": ("refusal to let in", "refusals to let in"),
    "held_out": ("held out", "held out"),
    "held": ("hold", "holds"),
    "dropped": ("drop", "drops"),
    "skipped": ("skip", "skips"),
    "left": ("left early", "left early"),
    "finished": ("finished", "finished"),
    "emitted": ("event emitted", "events emitted"),
    "awarded": ("award", "awards"),
    "issued": ("incentive", "incentives"),
    "called": ("call", "calls"),
    "notified": ("note", "notes"),
    "suppressed": ("silence", "silences"),
}
"""One and several of each kind of decision."""
_OF_CUSTOMERS: Mapping[str, tuple[str, str]] = {
    "sent": ("get{s} none any more", "get{s} one who had none"),
    "entered": ("enter{s} no more", "enter{s} who never did"),
}
"""What is said of customers who have none any more, and of those who have some now."""


@dataclass(frozen=True, slots=True)
class Change:
    """One decision that the runs do not share: gone, new, or at another time or in another way.

    `before` and `after` are the decisions of the two runs; None where there is none.
    """

    campaign: str
    step: str
    what: str
    customer: str
    entry: str
    before: Row | None
    after: Row | None

    @property
    def later(self) -> timedelta:
        """How much later it comes; negative where it comes earlier."""
        if self.before is None or self.after is None:
            return timedelta()
        return _at(self.after) - _at(self.before)


@dataclass(frozen=True, slots=True)
class StepDifference:
    """What became different of one kind of decision at one step."""

    campaign: str
    step: str
    what: str
    before: int
    after: int
    """How many there are in each run."""
    customers_none: int
    """Customers who had some before and have none any more."""
    customers_first: int
    """Customers who had none before and have some now."""
    later: int = 0
    later_median: timedelta = timedelta()
    earlier: int = 0
    earlier_median: timedelta = timedelta()
    otherwise: Mapping[str, int] = field(default_factory=dict)
    """How many come at their time, with another variant, reason or detail."""

    def words(self) -> str:
        """The difference in words."""
        one, many = _WORDS[self.what]
        parts = []
        more = self.after - self.before
        if more:
            noun = one if abs(more) == 1 else many
            parts.append(f"{abs(more)} {'more' if more > 0 else 'fewer'} {noun}")
        if self.what in _OF_CUSTOMERS:
            none, first = _OF_CUSTOMERS[self.what]
            parts += _customers(self.customers_none, none)
            parts += _customers(self.customers_first, first)
        for word, count, by in (
            ("later", self.later, self.later_median),
            ("earlier", self.earlier, self.earlier_median),
        ):
            if count:
                parts.append(f"{count} {word} by {_length(by)}{_median(count)}")
        for name, count in self.otherwise.items():
            parts.append(f"{count} with another {name}")
        if not parts:
            parts.append(f"the same number of {many}, for other entries")
        return ", ".join(parts)

    def told(self) -> dict[str, Any]:
        """The difference as plain data, lengths in seconds."""
        names = ("campaign", "step", "what", "before", "after", "customers_none", "customers_first")
        return {
            **{name: getattr(self, name) for name in names},
            "later": {"count": self.later, "median": self.later_median.total_seconds()},
            "earlier": {"count": self.earlier, "median": self.earlier_median.total_seconds()},
            "otherwise": dict(self.otherwise),
            "sentence": self.words(),
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between two runs."""

    steps: tuple[StepDifference, ...]
    changes: tuple[Change, ...]
    segments: Mapping[str, tuple[int, int]]
    """Segments whose size at the end differs: before and after."""

    @property
    def nothing(self) -> bool:
        """Whether the two runs came to the same."""
        return not self.steps and not self.segments and not self.changes

    def told(self) -> dict[str, Any]:
        """The difference as plain data, whole."""
        return {
            "same": self.nothing,
            "steps": [one.told() for one in self.steps],
            "segments": {
                name: {"before": before, "after": after}
                for name, (before, after) in self.segments.items()
            },
            "changes": [
                {
                    "campaign": one.campaign,
                    "step": one.step,
                    "what": one.what,
                    "customer": one.customer,
                    "entry": one.entry,
                    "before": one.before,
                    "after": one.after,
                }
                for one in self.changes
            ],
        }


def difference(
    before: Iterable[Row],
    after: Iterable[Row],
    sizes: tuple[Mapping[str, int], Mapping[str, int]] = ({}, {}),
) -> Difference:
    """What differs between the decisions of two runs, `before` being what is live.

    Decisions belong together by customer, entry, step and kind; of several such ones in their
    order, those with the same instant first.
    """
    runs = (list(before), list(after))
    changes = tuple(_changes(_grouped(runs[0]), _grouped(runs[1])))
    counted = [Counter(_place(row) for row in run) for run in runs]
    who = [_customers_by_place(run) for run in runs]
    met = dict.fromkeys(place[:2] for place in (*counted[0], *counted[1]))
    order = {step: index for index, step in enumerate(met)}
    by_place: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
    for one in changes:
        by_place[one.campaign, one.step, one.what].append(one)
    steps = []
    for place, found in sorted(by_place.items(), key=lambda pair: _rank(pair[0], order)):
        had, has = who[0].get(place, set()), who[1].get(place, set())
        timed = [one.later for one in found]
        later = [one for one in timed if one > timedelta()]
        earlier = [-one for one in timed if one < timedelta()]
        steps.append(
            StepDifference(
                *place,
                before=counted[0][place],
                after=counted[1][place],
                customers_none=len(had - has),
                customers_first=len(has - had),
                later=len(later),
                later_median=_middle(later),
                earlier=len(earlier),
                earlier_median=_middle(earlier),
                otherwise=_otherwise(found),
            )
        )
    return Difference(tuple(steps), changes, _segments(*sizes))


def _segments(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    names = sorted({*before, *after})
    pairs = {name: (before.get(name, 0), after.get(name, 0)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _place(row: Row) -> tuple[str, str, str]:
    return row["campaign"], row["step"], row["what"]


def _rank(
    place: tuple[str, str, str], order: Mapping[tuple[str, str], int]
) -> tuple[str, bool, int, int]:
    """By campaign, first what is of no step; steps as they come, letters before what else is."""
    campaign, step, what = place
    return campaign, bool(step), order[campaign, step], list(_WORDS).index(what)


def _customers_by_place(run: Sequence[Row]) -> dict[tuple[str, str, str], set[str]]:
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in run:
        found[_place(row)].add(row["customer"])
    return found


def _grouped(run: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    found: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in run:
        found[row["campaign"], row["step"], row["what"], row["customer"], row["entry"]].append(row)
    return found


def _changes(
    before: Mapping[tuple[str, ...], Sequence[Row]], after: Mapping[tuple[str, ...], Sequence[Row]]
) -> Iterable[Change]:
    for key in sorted({*before, *after}):
        old, new = list(before.get(key, ())), list(after.get(key, ()))
        for row in list(old):
            if row in new:
                old.remove(row)
                new.remove(row)
        for gone, come in zip_longest(old, new):
            campaign, step, what, customer, entry = key
            yield Change(campaign, step, what, customer, entry, gone, come)


def _middle(lengths: Sequence[timedelta]) -> timedelta:
    """The median, in whole seconds."""
    seconds = [one.total_seconds() for one in lengths]
    return timedelta(seconds=round(median(seconds))) if seconds else timedelta()


def _otherwise(found: Sequence[Change]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for one in found:
        if one.before is None or one.after is None or one.later:
            continue
        name = next((name for name in _BESIDE if one.before[name] != one.after[name]), None)
        if name is not None:
            counts[name] += 1
    return dict(sorted(counts.items()))


_BESIDE = ("variant", "reason", "detail")


def _at(row: Row) -> datetime:
    return datetime.fromisoformat(row["at"])


def _customers(count: int, said: str) -> list[str]:
    if not count:
        return []
    alone = count == 1
    people = "1 customer" if alone else f"{count} customers"
    return [f"{people} {said.format(s='s' if alone else '')}"]


def _median(count: int) -> str:
    return " in the median" if count > 1 else ""


def _length(length: timedelta) -> str:
    """A length in words, to the minute from an hour on."""
    hours = length // timedelta(hours=1)
    if hours and length % timedelta(hours=1):
        minutes = length % timedelta(hours=1) // timedelta(minutes=1)
        text = length_words(timedelta(hours=hours))
        return f"{text} {length_words(timedelta(minutes=minutes))}" if minutes else text
    return length_words(length)
