"""Random campaigns as marketers write them, with every deed, and what happens meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn
from tests.properties.engine_room import toml
from tests.simulation.shop import LETTER, settings

BEGINS = datetime(2026, 3, 27, 6, tzinfo=UTC)
"""Two days before clocks in Europe are put forward."""
DAYS = 6
ENDS = BEGINS + timedelta(days=DAYS + 4)
NAMES = ("a", "b", "x", "order_placed")
PEOPLE = ("c1", "c2", "C3", "ö4")
FLOWS = ("f", "g", "h")
ZONES = (None, "Europe/Berlin", "America/New_York", "Pacific/Kiritimati")
LATER = tuple(BEGINS + timedelta(hours=number) for number in range(1, 120))
WAITS = ("0 minutes", "0 minutes", "1 hour", "3 hours", "1 day", "30 hours")
LETTER_KEYS = {"template": "hello", "subject": "Hello"}
Table = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """Definitions, who they are and what happens; `files` are the texts of the definitions."""

    files: Mapping[str, str]
    catalog: Catalog
    people: Sequence[CustomerIn]
    events: Sequence[EventIn]

    def __repr__(self) -> str:
        told = [f"--- {name}\n{text}" for name, text in sorted(self.files.items())]
        told += [str(one) for one in (*self.people, *self.events)]
        return "\n".join(told)


def rules() -> st.SearchStrategy[Table]:
    """A small rule, of each kind of fact that steps change."""
    leaves: st.SearchStrategy[Table] = st.sampled_from(
        [
            {"customer": "colour", "is": "red"},
            {"customer": "colour", "is_set": True},
            {"did": "b", "within": "1 day"},
            {"did": "a", "at_least": 2, "within": "2 days"},
            {"did": "x", "since_entry": True},
            {"did": "happened", "within": "1 day"},
            {"event": "k", "is": 1},
            {"in_segment": "busy"},
            {"in_segment": "red"},
            {"in_campaign": "g"},
            {"was_sent": "f", "within": "2 days"},
            {"customer": "points.balance", "at_least": 50},
            {"random_percent": 50, "seed": "s"},
        ]
    )
    return st.one_of(leaves, leaves, leaves.map(lambda one: {"not": one}))


def common() -> st.SearchStrategy[Table]:
    """When a step acts, and for whom."""
    return st.fixed_dictionaries(
        {"after": st.sampled_from(WAITS)},
        optional={
            "only_if": rules(),
            "at": st.sampled_from(["10:00", "02:30", "best hour"]),
            "on": st.sampled_from([["mon", "wed"], ["sun"]]),
        },
    ).map(_seldom)


def _seldom(said: Table) -> Table:
    # Else nearly all steps would happen at ten o'clock.
    return said if len(said) < 3 else {"after": said["after"]}


def deeds(depth: int, name: str) -> st.SearchStrategy[Table]:
    """One deed; `name` begins the names of the steps inside."""
    letters = st.one_of(
        st.just(LETTER_KEYS),
        st.just({**LETTER_KEYS, "transactional": True}),
        st.just(
            {
                "template": "hello",
                "variant": [{"name": "one", "subject": "1"}, {"name": "two", "subject": "2"}],
            }
        ),
    )
    plain: list[st.SearchStrategy[Table]] = [
        letters,
        letters,
        letters,
        st.just({"emit": "happened"}),
        st.sampled_from([{"set": {"colour": "red"}}, {"set": {"colour": "blue"}}]),
        st.just({"award": 60}),
        st.just({"suppress": {"until": ["b"]}}),
        st.sampled_from([{"join": one} for one in FLOWS[1:]]),
        st.just({"leave": True}),
        st.just({"notify": {"to": "crm@shop.example", "text": "hello"}}),
        st.just({"issue": {"kind": "percent_off", "percent": 10, "valid_for": "2 days"}}),
    ]
    if depth:
        plain += [nested(depth, name), nested(depth, name)]
    return st.one_of(plain)


@st.composite
def nested(draw: st.DrawFn, depth: int, name: str) -> Table:
    """A wait with its ways, a branch, or a split."""
    kind = draw(st.sampled_from(["wait_for", "branch", "split"]))

    def inside(key: str) -> list[Table]:
        return draw(steps(f"{name}{key}", depth - 1, 2))

    if kind == "wait_for":
        awaited = draw(st.one_of(st.sampled_from(["b", ["b", "order_placed"]]), rules()))
        found: Table = {"wait_for": awaited, "up_to": draw(st.sampled_from(["2 hours", "1 day"]))}
        for key in ("then", "otherwise"):
            if draw(st.booleans()):
                found[key] = inside(key[0])
        return found
    if kind == "split":
        return {
            "split": [{"percent": 50, "step": inside("s")}, {"percent": 25, "step": inside("r")}]
        }
    first: Table = {"if": draw(rules()), **draw(deeds(0, name))}
    return {"branch": [first, {"else": True, "step": inside("e")}]}


@st.composite
def steps(draw: st.DrawFn, name: str, depth: int, most: int) -> list[Table]:
    """Some steps in a row."""
    found = []
    for number in range(draw(st.integers(1, most))):
        own = f"{name}{number}"
        found.append({"name": own, **draw(common()), **draw(deeds(depth, own))})
    return found


@st.composite
def ways_in(draw: st.DrawFn) -> Table:
    """How a flow is entered."""
    kind = draw(st.sampled_from(["when", "when", "when", "joins", "on_date"]))
    if kind == "joins":
        word = draw(st.sampled_from(["joins", "leaves"]))
        return {word: draw(st.sampled_from(["busy", "red"])), "again": "always"}
    if kind == "on_date":
        return {"on_date": "day", "yearly": draw(st.booleans())}
    found: Table = {"when": draw(st.sampled_from(["a", "a", ["a", "b"], "happened"]))}
    found |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "per": st.just("k"),
                "repeat": st.sampled_from(["start over", "queue", "ignore"]),
                "again": st.sampled_from(["always", "always", "after 1 day", "once per key"]),
                "only_if": rules(),
            },
        )
    )
    if "per" not in found and draw(st.booleans()):
        found |= {"each": "items", "per": "item.sku", "at_most": 2}
    return found


@st.composite
def flows(draw: st.DrawFn, name: str) -> str:
    """A flow's file."""
    entered = ways_in() if name == FLOWS[0] else ways_in().filter(lambda one: "on_date" not in one)
    enter = draw(entered)
    own = draw(steps("s", 2, 3))
    if "on_date" in enter:
        own[0]["at"] = draw(st.sampled_from(["T-1 days 10:00", "T 02:30", "T+1 days"]))
        own[0].pop("after")
    sending = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "quiet_hours": st.sampled_from(["off", "21:00-08:00"]),
                "stale_after": st.sampled_from(["6 hours", "2 days"]),
                "class": st.sampled_from(["survey", "campaign"]),
                "caps": st.just(False),
            },
        )
    )
    leaving = draw(
        st.fixed_dictionaries({}, optional={"when": st.just(["x", "order_placed"]), "if": rules()})
    )
    said: Table = {
        "name": name,
        "kind": "flow",
        "status": "live",
        "topic": draw(st.sampled_from(["offers", "newsletter"])),
        "priority": draw(st.integers(1, 3)) * 10,
        "enter": enter,
        "exit": leaving,
        "sending": sending,
        "step": own,
    }
    if draw(st.booleans()):
        said["holdout"] = {"percent": 30}
    return written(said)


def written(said: Mapping[str, Any]) -> str:
    """A file of top-level keys, each on one line."""
    return "".join(f"{key} = {toml(value)}\n" for key, value in said.items() if value != {})


def dated() -> st.SearchStrategy[tuple[str, str]]:
    """A broadcast, a recurring letter or a series, with its file's name."""
    head: Table = {"status": "live", "topic": "offers"}
    whom = st.sampled_from([{"everyone": True}, {"in_segment": "busy"}, {"not": {"did": "x"}}])
    once: Table = {"at": datetime(2026, 3, 28, 9), **LETTER_KEYS}
    waves = {"waves": {"percent": [50, 50], "gap": "90 minutes"}}
    every: Table = {"every": "day at 02:30", **LETTER_KEYS}
    letters: list[Table] = [{"name": "soon", "at": "T-1 days 09:00", **LETTER_KEYS}]
    letters += [{"name": "then", "at": "T 02:30", "only_if": {"did": "b"}, **LETTER_KEYS}]
    series: Table = {"anchor": date(2026, 3, 29), "step": letters}
    kinds: list[Table] = [
        {"kind": "broadcast", **once},
        {"kind": "broadcast", **once, **waves},
        {"kind": "broadcast", **every},
        {"kind": "series", **series},
    ]
    return st.tuples(st.sampled_from(kinds), whom).map(
        lambda two: ("d", written({"name": "D", **head, **two[0], "audience": two[1]}))
    )


def policies() -> st.SearchStrategy[str]:
    """What stands below [sending], and the points that are earned."""
    caps = [
        '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "1 day"\n',
        '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "calendar day"\n',
        "",
    ]
    gaps = ['minimum_gap = "3 hours"\n', "", ""]
    holds = ['hold_if = { did = "x", within = "6 hours" }\n', "", ""]
    return st.tuples(*(st.sampled_from(one) for one in (gaps, holds, caps))).map("".join)


def happenings() -> st.SearchStrategy[list[EventIn]]:
    """What happens: often at one and the same instant, at times late, at times repeated."""
    hours = st.integers(0, DAYS * 24).map(lambda n: BEGINS + timedelta(hours=n))
    busy = st.integers(0, 6).map(lambda n: BEGINS + timedelta(hours=n * 8))
    late = st.sampled_from([timedelta()] * 5 + [timedelta(hours=5), timedelta(days=2)])
    properties = st.fixed_dictionaries(
        {"k": st.integers(1, 2)},
        optional={
            "items": st.lists(
                st.sampled_from(["s", "t", "u"]).map(lambda sku: {"sku": sku}), max_size=3
            ),
            "total": st.integers(1, 90),
        },
    )
    one = st.tuples(
        st.sampled_from(PEOPLE), st.sampled_from(NAMES), st.one_of(hours, busy), late, properties
    )
    return st.lists(one, min_size=4, max_size=14).map(
        lambda many: [
            EventIn(f"e{n % 12}", at, name, person, said, at + behind)
            for n, (person, name, at, behind, said) in enumerate(many)
        ]
    )


@st.composite
def lines(draw: st.DrawFn) -> list[CustomerIn]:
    """Who they are, and what changes of it."""
    found = []
    for person in PEOPLE:
        first = True
        for at in [BEGINS, *draw(st.lists(st.sampled_from(LATER), max_size=1))]:
            said = draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "day": st.sampled_from(["2026-03-29", "1990-03-30", "2026-03-31"]),
                        "colour": st.sampled_from(["red", "blue"]),
                    },
                )
            )
            agreed = draw(st.sampled_from([("offers", "newsletter"), ("offers",), ()]))
            zone = draw(st.sampled_from(ZONES)) if first else None
            email = f"{ord(person[0])}{person[1:]}@x.example" if first else None
            none = frozenset[str]()
            found.append(CustomerIn(person, at, email, zone, None, said, agreed, none))
            first = False
    return found


SEGMENTS = {
    "busy": '{ did = "a", at_least = 2, within = "1 day" }',
    "red": '{ customer = "colour", is = "red" }',
}


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """A shop; its definitions have no error, and no moment in them can never come."""
    files = {
        "settings.toml": settings(draw(policies()), zone="Europe/Berlin", quiet="22:00-07:00")
        + '[points]\nearn = [ { when = "order_placed", per_amount = 1, points = 1 } ]\n',
        "templates/hello.mjml": LETTER,
    }
    for name, match in SEGMENTS.items():
        files[f"segments/{name}.toml"] = f'name = "S"\nmatch = {match}\n'
    for name in FLOWS:
        files[f"campaigns/{name}.toml"] = draw(flows(name))
    if draw(st.booleans()):
        name, said = draw(dated())
        files[f"campaigns/{name}.toml"] = said
    people, events = draw(lines()), draw(happenings())
    return Shop(files, _catalog(json.dumps(files)), people, events)


def _catalog(files: str) -> Catalog:
    loaded = from_files(json.loads(files))
    errors = [str(one) for one in loaded.problems if one.severity == "error"]
    if any("never comes" in one for one in errors):
        reject()
    assert loaded.catalog is not None and not errors, errors
    return loaded.catalog


def a_shop(**steps_of: list[Table]) -> Shop:
    """A shop of these flows, which one customer enters by one event."""
    files = {"settings.toml": settings(), "templates/hello.mjml": LETTER}
    for name, own in steps_of.items():
        said: Table = {"name": name, "kind": "flow", "status": "live", "topic": "offers"}
        files[f"campaigns/{name}.toml"] = written({**said, "enter": {"when": "a"}, "step": own})
    none = frozenset[str]()
    person = CustomerIn("c1", BEGINS, "c1@x.example", None, None, {}, ("offers",), none)
    at = BEGINS + timedelta(hours=2)
    event = EventIn("e1", at, "a", "c1", {}, at)
    return Shop(files, _catalog(json.dumps(files)), [person], [event])
