"""Random shops for property tests: rules as marketers write them, customers, histories."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.words import zone_of

EXAMPLES = int(os.environ.get("LIFECYCLE_EXAMPLES", "50"))
"""How many examples a property is tried on; more finds more."""
NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
SHOP_ZONE = "Europe/Berlin"
MICRO = timedelta(microseconds=1)
DAYS = (1, 2, 3, 30)
TOPICS = ("news", "offers")
EVENT_NAMES = ("order_placed", "order_paid", "Order_placed", "page_viewed", "order%")
DID_NAMES = (*EVENT_NAMES, "order_*", "order*", "p*")
KEYS = ("a", "b", "Größe")
SINCE = (
    date(2026, 3, 28),
    date(2026, 3, 29),
    datetime(2026, 3, 29, 2, 30),
    datetime(2026, 3, 28, 12, tzinfo=UTC),
    date(2026, 3, 30),
)
SCALARS: tuple[Any, ...] = (
    *("DE", "de", "D", "", "Zo\u00eb", "Zoe\u0308", "K", "\u212a", "nul\0nul", 'quo"te\\', "a5"),
    *(0, 1, 2, 5, -5, 5.0, 0.1, 0.2, 0.30000000000000004, 12.5, -0.0, 1234567.891),
    *("5", "5.0", " 5 ", "5.", ".5", "-5", "+5", "1e1", "5e-1", "0.1", "12.50", "٣", "--5", "1-2"),
    *(0.0000005, 0.0000015, 1.0000000000000002, "1.0000000000000002", 1e21, 1e-7),
    *(2**53, 2**53 + 1, 2**63, 10**25, 1e300, "9007199254740993", 3_000_000_000.5),
    *(True, False, "true", None),
    *("2026-03-29", "2026-03-28T12:00:00Z", 1774785600, 1774785600000, "1774785600"),
    *("de-AT", "en_GB", "Europe/Berlin", "c1"),
)
OPERANDS = tuple(one for one in SCALARS if one is not None and one != "" and "\0" not in str(one))
NUMBERS = (0, 1, 5, 5.0, 0.1, 0.3, 12.5, -5, "5", 0.0000005, 2**53, 10**25, 1e300, 3)


@dataclass(slots=True)
class Known:
    """A customer as the store keeps it, with everything that hangs on it."""

    customer_id: str
    attributes: dict[str, Any]
    timezone: str | None = None
    locale: str | None = None
    email: str | None = None
    known_since: datetime = NOW
    consents: dict[str, bool] = field(default_factory=dict)
    suppressed: bool = False
    history: list[tuple[Event, datetime]] = field(default_factory=list)
    """Events, each with the instant from which on it counts."""

    def facts(self, now: datetime) -> Facts:
        """The facts at `now`, made without the store."""
        facts = Facts(
            self.customer_id,
            now,
            zone_of(self.timezone, SHOP_ZONE),
            email=self.email,
            locale=self.locale,
            timezone=self.timezone,
            known_since=self.known_since,
            attributes=self.attributes,
            consents=dict(self.consents),
            suppressed="bounced" if self.suppressed else None,
        )
        for event, due_at in self.history:
            if due_at <= now:
                facts.add_event(event)
        return facts


def scalars() -> st.SearchStrategy[Any]:
    """Values at which readers tend to part ways, and a few that nobody thought of."""
    return st.one_of(
        st.sampled_from(SCALARS),
        st.sampled_from(SCALARS),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(10**18), 10**18),
        st.decimals(-10_000, 10_000, places=2).map(str),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    )


def values() -> st.SearchStrategy[Any]:
    """A value of an attribute or property: mostly plain, at times a list or a table."""
    tables = st.dictionaries(st.sampled_from(KEYS), scalars(), max_size=2)
    return st.one_of(
        scalars(),
        scalars(),
        scalars(),
        st.lists(st.one_of(scalars(), tables), max_size=3),
        st.dictionaries(st.sampled_from(KEYS), st.one_of(scalars(), st.lists(tables, max_size=2))),
    )


def documents(*own: str) -> st.SearchStrategy[dict[str, Any]]:
    """Attributes or properties."""
    return st.dictionaries(st.sampled_from((*KEYS, *own)), values(), max_size=4)


def paths(*own: str) -> st.SearchStrategy[str]:
    """A path of one to three parts."""
    deep = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(".".join)
    return st.one_of(st.sampled_from(KEYS), deep, st.sampled_from(own)) if own else deep


def comparisons() -> st.SearchStrategy[dict[str, Any]]:
    """One or two operators."""
    operand = st.sampled_from((*OPERANDS, date(2026, 3, 29), NOW))
    text = st.sampled_from([one for one in OPERANDS if not isinstance(one, bool)])
    length = st.sampled_from(("1 day", "2 days", "36 hours"))
    op = st.one_of(
        st.tuples(st.sampled_from(("is", "is_not")), operand),
        st.tuples(st.just("is_set"), st.booleans()),
        st.tuples(
            st.sampled_from(("is_one_of", "is_none_of")),
            st.lists(operand, min_size=1, max_size=3),
        ),
        st.tuples(st.sampled_from(("contains", "starts_with", "ends_with")), text),
        numeric_ops(),
        numeric_ops(),
        st.tuples(st.sampled_from(("before", "after")), st.sampled_from(SINCE)),
        st.tuples(st.sampled_from(("within_last", "within_next")), length),
    )
    return st.lists(op, min_size=1, max_size=2).map(dict)


def numeric_ops() -> st.SearchStrategy[tuple[str, Any]]:
    """An operator that asks for a number."""
    words = st.sampled_from(("at_least", "at_most", "more_than", "less_than"))
    return st.tuples(words, st.sampled_from(NUMBERS))


def figure_ops() -> st.SearchStrategy[dict[str, Any]]:
    """What stands beside a figure: numbers mostly."""
    equal = st.tuples(st.sampled_from(("is", "is_not")), st.sampled_from(NUMBERS))
    several = st.tuples(
        st.sampled_from(("is_one_of", "is_none_of")),
        st.lists(st.sampled_from(OPERANDS), min_size=1, max_size=2),
    )
    known = st.tuples(st.just("is_set"), st.booleans())
    op = st.one_of(numeric_ops(), numeric_ops(), numeric_ops(), equal, several, known)
    return st.one_of(
        op.map(lambda one: dict([one])), op.map(lambda one: dict([one])), comparisons()
    )


def windows(*, entry: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """A window, or none; with `entry` also those that begin with the entry event."""
    days = st.sampled_from(DAYS)
    rolling = days.map(lambda n: {"within": f"{n} days"})
    between = st.sampled_from([(30, 2), (3, 1), (2, 1), (30, 0)]).map(
        lambda edges: {"between": [f"{edges[0]} days ago", f"{edges[1]} days ago"]}
    )
    since = st.sampled_from(SINCE).map(lambda at: {"since": at})
    until = st.sampled_from(SINCE).map(lambda at: {"until": at})
    both = st.tuples(since, until).map(lambda two: {**two[0], **two[1]})
    mixed = st.tuples(rolling, until).map(lambda two: {**two[0], **two[1]})
    found = st.one_of(st.just({}), rolling, rolling, between, between, since, until, both, mixed)
    if not entry:
        return found
    return st.tuples(found, st.sampled_from(({}, {"since_entry": True}))).map(merged)


def wheres() -> st.SearchStrategy[dict[str, Any]]:
    """Conditions on properties, or none."""
    key = paths("event_day", "event_weekday")
    value = st.one_of(st.sampled_from(OPERANDS), comparisons())
    some = st.dictionaries(key, value, min_size=1, max_size=2).map(lambda told: {"where": told})
    return st.one_of(st.just({}), some)


def leaves(segments: tuple[str, ...], *, entry: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Every leaf that is carried out; with `entry` also those that look at the entry event."""
    own = ("id", "email", "timezone", "locale", "language", "points", "locale.a")
    customer = st.tuples(paths(*own).map(lambda at: {"customer": at}), comparisons())
    names = st.one_of(
        st.sampled_from(DID_NAMES), st.lists(st.sampled_from(DID_NAMES), min_size=1, max_size=3)
    )
    counts: st.SearchStrategy[dict[str, Any]] = st.one_of(
        st.just({}),
        st.fixed_dictionaries({"at_least": st.integers(0, 3)}),
        st.fixed_dictionaries({"at_most": st.integers(0, 2)}),
        st.fixed_dictionaries({"exactly": st.integers(0, 2)}),
        st.fixed_dictionaries({"at_least": st.integers(0, 2), "at_most": st.integers(1, 3)}),
    )
    did = st.tuples(names.map(lambda name: {"did": name}), counts, windows(entry=entry), wheres())
    words = ("total_of", "average_of", "smallest_of", "largest_of", "distinct_of")
    measured = st.tuples(st.sampled_from(EVENT_NAMES), paths("event_hour")).map(".".join)
    figure = st.tuples(
        st.tuples(st.sampled_from(words), measured).map(lambda one: dict([one])),
        figure_ops(),
        windows(entry=entry),
        wheres(),
    )
    standing = st.one_of(
        st.sampled_from(TOPICS).map(lambda topic: {"agreed_to": topic}),
        st.sampled_from(("0 days", "1 day", "3 days")).map(lambda told: {"known_for": told}),
        st.just({"suppressed": True}),
        st.just({"everyone": True}),
        st.sampled_from((0, 30, 50.5, 100)).map(lambda n: {"random_percent": n, "seed": "x"}),
        st.sampled_from((*segments, "nowhere")).map(lambda name: {"in_segment": name}),
    )
    tables = st.one_of(customer, customer, did, did, did, figure, figure, figure)
    found = st.one_of(tables.map(merged), tables.map(merged), tables.map(merged), standing)
    if not entry:
        return found
    of_entry = st.tuples(paths().map(lambda at: {"event": at}), comparisons()).map(merged)
    return st.one_of(found, found, of_entry)


def merged(tables: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Several tables as one."""
    return {key: value for table in tables for key, value in table.items()}


def rules(segments: tuple[str, ...] = (), *, entry: bool = False) -> st.SearchStrategy[Any]:
    """A rule as written: a leaf, or branches of them."""

    def branches(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        parts = st.lists(below, min_size=1, max_size=3)
        word = st.sampled_from(("all", "any", "none"))
        return st.one_of(
            st.dictionaries(word, parts, min_size=1, max_size=2),
            below.map(lambda part: {"not": part}),
        )

    return st.recursive(leaves(segments, entry=entry), branches, max_leaves=4)


def instants() -> st.SearchStrategy[datetime]:
    """Instants on and beside every edge that the windows have."""
    edges = [NOW - timedelta(days=days) for days in (0, *DAYS)]
    edges += [datetime(2026, 3, 28, hour, tzinfo=UTC) for hour in (0, 4, 11, 12, 13, 23)]
    edges += [datetime(2026, 3, 29, hour, tzinfo=UTC) for hour in (0, 1)]
    beside = st.sampled_from((-MICRO, timedelta(), timedelta(), MICRO))
    hours = st.integers(-24 * 40, 30).map(lambda n: NOW + timedelta(hours=n))
    return st.one_of(st.tuples(st.sampled_from(edges), beside).map(sum_of), hours)


def sum_of(two: tuple[datetime, timedelta]) -> datetime:
    """An instant moved by a length."""
    return two[0] + two[1]


@st.composite
def customers(draw: st.DrawFn, customer_id: str) -> Known:
    """A customer with a history."""
    known = Known(
        customer_id,
        draw(documents("email", "locale", "language", "points")),
        timezone=draw(st.sampled_from((None, "Pacific/Kiritimati", "Pacific/Niue", "nowhere"))),
        locale=draw(st.sampled_from((None, "de-AT", "en_GB", "de", ""))),
        email=draw(st.sampled_from((None, "a@shop.example"))),
        known_since=draw(instants()),
        consents=draw(st.dictionaries(st.sampled_from(TOPICS), st.booleans())),
        suppressed=draw(st.booleans()),
    )
    for number in range(draw(st.integers(0, 6))):
        at = draw(instants())
        late = draw(st.sampled_from((timedelta(), timedelta(), timedelta(days=2), MICRO)))
        name = draw(st.sampled_from((*EVENT_NAMES, "order_placed", "order_placed")))
        known.history.append(
            (Event(at, f"e{number}", name, draw(documents("event_day"))), at + late)
        )
    return known


def timed_rules() -> st.SearchStrategy[Any]:
    """Rules that time alone can turn, in branches."""
    days = st.sampled_from(DAYS)
    within = days.map(lambda n: {"within": f"{n} days"})
    between = st.sampled_from([(30, 2), (3, 1), (2, 1)]).map(
        lambda edges: {"between": [f"{edges[0]} days ago", f"{edges[1]} days ago"]}
    )
    rolling = st.one_of(within, between)
    count = st.sampled_from(("at_least", "at_most", "exactly"))
    counts = st.tuples(count, st.integers(1, 4)).map(lambda told: dict([told]))
    names = st.sampled_from(("order_placed", "order_*", ["order_placed", "order_paid"]))
    did = st.tuples(names.map(lambda name: {"did": name}), counts, rolling)
    word = st.sampled_from(("total_of", "average_of", "smallest_of", "largest_of", "distinct_of"))
    figure = word.map(lambda one: {one: "order_placed.a", "at_least": 1})
    length = st.sampled_from(("1 day", "36 hours", "3 days"))
    near = st.tuples(st.sampled_from(("within_last", "within_next")), length).map(
        lambda told: dict([told])
    )
    told = st.tuples(st.just({"customer": "at"}), near)
    met = st.tuples(st.just({"did": "order_placed"}), near.map(lambda op: {"where": {"at": op}}))
    tables = st.one_of(did, did, st.tuples(figure, rolling), told, met).map(merged)
    leaf = st.one_of(tables, tables, days.map(lambda n: {"known_for": f"{n} days"}))
    words = st.sampled_from(("all", "any", "none"))
    branch = st.tuples(words, st.lists(leaf, min_size=2, max_size=3)).map(lambda one: dict([one]))
    return st.one_of(leaf, branch)


@st.composite
def busy_customers(draw: st.DrawFn, customer_id: str) -> Known:
    """A customer with much that time can turn."""
    moments = st.one_of(instants(), st.integers(1, 100).map(lambda n: NOW + timedelta(hours=n)))
    known = Known(customer_id, {"at": draw(moments).isoformat()}, known_since=draw(instants()))
    for number in range(draw(st.integers(1, 6))):
        at = draw(instants())
        name = draw(st.sampled_from(("order_placed", "order_placed", "order_paid")))
        properties = {"a": number, "at": draw(moments).isoformat()}
        late = draw(st.sampled_from((timedelta(), timedelta(), timedelta(), MICRO, timedelta(1))))
        known.history.append((Event(at, f"e{number}", name, properties), at + late))
    return known


def shops(least: int = 1, most: int = 4) -> st.SearchStrategy[list[Known]]:
    """A few customers."""
    ids = ("c1", "c2", "C1", "Zoë")
    return st.integers(least, most).flatmap(
        lambda count: st.tuples(*(customers(one) for one in ids[:count])).map(list)
    )


def busy_shops() -> st.SearchStrategy[list[Known]]:
    """Customers with much that time can turn."""
    return st.tuples(*(busy_customers(one) for one in ("c1", "c2", "c3", "c4"))).map(list)
