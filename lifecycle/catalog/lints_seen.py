"""Doubts that only what came in can raise: names never seen, bounds never reached, currencies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.document import Document, read_document
from lifecycle.catalog.folder import CAMPAIGNS, SEGMENTS, SETTINGS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.catalog.project import leaves
from lifecycle.catalog.steps import emitted
from lifecycle.catalog.told_of import Spoken, spoken
from lifecycle.store.seen import Looked, Seen, Values, seen, unknown

FEW = 10
"""Of less than so many nothing is concluded."""
MANY = 100
"""Of so many a name that nothing resembles is missed too."""
NEAR = 0.8
"""How alike two names are, 0 to 1, for one to be taken for the other miswritten."""
OWN_ATTRIBUTES = frozenset(
    {
        *("id", "email", "timezone", "locale", "language", "points", "orders", "engagement"),
        *("incentives", "rfm", "predicted"),
    }
)
"""Attributes that the engine itself knows or keeps."""
OWN_PROPERTIES = frozenset({"event_day", "event_hour", "event_weekday"})
OWN_EVENTS = (
    *("message_", "segment_", "consent_", "points_", "incentive_", "referral_"),
    "tier_reached",
)
"""What the names of the engine's own events begin with."""


def doubts(connection: Connection, catalog: Catalog, made: Collection[str] = ()) -> list[Problem]:
    """A warning for each thing in the definitions that nothing in the database bears out.

    `made` are the names of events and attributes that hooks make. Reading only, at bounded cost.
    """
    judging = Judging(catalog.files, made)
    looked = seen(connection, judging.events, judging.topics)
    found = judging.problems(looked)
    if looked.customers.count >= FEW:
        for document in judging.documents:
            found += _nobody(connection, catalog, document)
    return sorted(set(found), key=Problem.sort_key)


def _nobody(connection: Connection, catalog: Catalog, document: Document) -> Iterator[Problem]:
    """Customers named one by one whom nobody knows, or who were merged into another."""
    folder, _, name = document.file.rpartition("/")
    segment = catalog.segments.get(name.removesuffix(".toml")) if folder == SEGMENTS else None
    if segment is None or segment.members is None:
        return
    for key, ids in (("include", segment.members.include), ("exclude", segment.members.exclude)):
        missing = unknown(connection, ids) if ids else {}
        some = [one if now is None else f"{one} (now {now})" for one, now in missing.items()]
        if some:
            shown = ", ".join(some[:5]) + (", …" if len(some) > 5 else "")
            problem = f"{len(some)} of the {len(ids)} customers named here are not known: {shown}"
            hint = "an id that was merged into another counts no more: write the other one"
            hint = hint if any(missing.values()) else ""
            yield document.problem(("members", key), problem, hint, "warning")


class Judging:
    """The definitions in `files`, to be held against what was seen.

    `made` are the names of events and attributes that hooks make.
    """

    def __init__(self, files: Mapping[str, str], made: Collection[str] = ()) -> None:
        ruled = (SETTINGS, f"{CAMPAIGNS}/", f"{SEGMENTS}/")
        self.documents: list[Document] = [
            read_document(path, text)[0]
            for path, text in sorted(files.items())
            if path.startswith(ruled) and path.endswith(".toml")
        ]
        campaigns = (one for one in self.documents if one.file.startswith(f"{CAMPAIGNS}/"))
        self.made = frozenset((*made, *emitted(campaigns)))
        self.spoken: list[Spoken] = [one for document in self.documents for one in spoken(document)]

    @property
    def events(self) -> frozenset[str]:
        """The events whose properties are spoken of."""
        return frozenset(name for one in self.spoken if one.path for name in one.names)

    @property
    def topics(self) -> frozenset[str]:
        """The topics that rules ask consent to."""
        return frozenset(name for _, _, name in self._agreed())

    def problems(self, looked: Seen) -> list[Problem]:
        """A warning for each doubt, once a file."""
        found: list[Problem] = []
        told: set[tuple[str, str]] = set()
        for one in self.spoken:
            for problem in self._judged(one, looked):
                if (problem.file, problem.problem) not in told:
                    told.add((problem.file, problem.problem))
                    found.append(problem)
        if looked.consents >= FEW:
            for document, place, topic in self._agreed():
                if topic not in looked.topics:
                    said = f"nobody has agreed to “{topic}” so far"
                    found.append(document.problem(place, said, "", "warning"))
        return sorted(set(found), key=Problem.sort_key)

    def _agreed(self) -> Iterator[tuple[Document, Place, str]]:
        for document in self.documents:
            for leaf in leaves(document):
                if isinstance(topic := leaf.said.get("agreed_to"), str):
                    yield document, (*leaf.place, "agreed_to"), topic

    def _judged(self, one: Spoken, looked: Seen) -> Iterator[Problem]:
        if not one.path:
            yield from self._event(one, looked)
        elif one.names:
            yield from _property(one, looked)
        elif not {one.path[0], ".".join(one.path)} & (OWN_ATTRIBUTES | self.made):
            what = f"the {looked.customers.count:,} customers looked at"
            yield from _value(one, "attribute", looked.customers, f"none of {what}", what)

    def _event(self, one: Spoken, looked: Seen) -> Iterator[Problem]:
        (name,) = one.names
        stem = name.removesuffix("*")
        if name.startswith(OWN_EVENTS) or name in self.made or looked.history < FEW:
            return
        if name in looked.names or (stem != name and any(n.startswith(stem) for n in looked.names)):
            return
        near = _near(name, looked.names)
        if near or looked.history >= MANY:
            problem = f"no event “{name}” has come in so far"
            hint = f"did you mean “{near}”?" if near else _listed(looked.names)
            yield one.document.problem(one.place, problem, hint, "warning")


def _property(one: Spoken, looked: Seen) -> Iterator[Problem]:
    """Judge a property by the events that may have it: one that has it is enough."""
    if one.path[0] in OWN_PROPERTIES or any(name.endswith("*") for name in one.names):
        return
    if not all(name in looked.events for name in one.names):
        return
    found = Looked()
    for event in one.names:
        found.also(looked.events[event])
    name = "” or “".join(one.names)
    newest = "" if found.whole else "newest "
    what = f"the {newest}{found.count:,} events “{name}”"
    yield from _value(one, "property", found, f"none of {what}", what)
    if one.summed and not one.apart:
        yield from _currencies(one, found)


def _value(one: Spoken, kind: str, found: Looked, none_of: str, what: str) -> Iterator[Problem]:
    path = ".".join(one.path)
    values = found.values.get(one.path)
    if values is None or not values.count:
        names = {".".join(at) for at, known in found.values.items() if known.count}
        near = _near(path, names)
        if found.count >= FEW and (near or found.count >= MANY):
            hint = f"did you mean “{near}”?" if near else _listed(names)
            problem = f"{none_of} has the {kind} “{path}”"
            yield one.document.problem(one.place, problem, hint, "warning")
        return
    for word, bound in one.bounds:
        if values.numbers >= FEW and (reached := _beyond(word, bound, values)):
            problem = f"“{path}” never was {_WORDS[word]} {bound:f}"
            hint = f"of {what} the {reached}"
            yield one.document.problem(one.place, problem, hint, "warning")


_WORDS = {
    "at_least": "at least",
    "at_most": "at most",
    "more_than": "more than",
    "less_than": "less than",
}


def _beyond(word: str, bound: Decimal, values: Values) -> str:
    """What was seen instead, where a bound lies beyond everything that was; else empty."""
    least, most = values.least, values.most
    assert least is not None and most is not None
    over = bound > most or (word == "more_than" and bound == most)
    under = bound < least or (word == "less_than" and bound == least)
    if word in ("at_least", "more_than") and over:
        return f"largest is {most:f}"
    if word in ("at_most", "less_than") and under:
        return f"smallest is {least:f}"
    return ""


def _currencies(one: Spoken, found: Looked) -> Iterator[Problem]:
    beside = {(*one.path[:depth], "currency") for depth in range(len(one.path))}
    texts = sorted(
        {text for path in beside if path in found.values for text in found.values[path].texts}
    )
    if len(texts) > 1:
        name = ".".join((*one.names, *one.path))
        problem = f"“{name}” adds up different currencies: {', '.join(texts[:5])}"
        hint = f'keep them apart: where = {{ currency = "{texts[0]}" }}'
        yield one.document.problem(one.place, problem, hint, "warning")


def _near(name: str, names: Collection[str]) -> str:
    near = get_close_matches(name, sorted(names), 1, NEAR)
    return near[0] if near else ""


def _listed(names: Collection[str]) -> str:
    some = sorted(names)[:8]
    return f"seen were: {', '.join(some)}{', …' if len(names) > len(some) else ''}" if some else ""
