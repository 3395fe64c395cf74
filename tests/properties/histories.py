"""Random histories on a coarse grid of instants, so that edges of windows are met exactly."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.words import zone_of
from tests.properties.plain_people import Happened, Person, Told

MIDDLE = datetime(2026, 3, 29, 12, tzinfo=UTC)
"""A Sunday on which clocks change in Europe, two days before a month's end."""
STEP = timedelta(hours=12)
MICRO = timedelta(microseconds=1)
BEGIN = MIDDLE - timedelta(days=6)
END = MIDDLE + timedelta(days=12)
SHOP_ZONE = "Europe/Berlin"
ZONES = (None, None, "Asia/Beirut", "Pacific/Kiritimati", "America/New_York", "Atlantis")
NAMES = (
    *("order_placed", "order_placed", "order_placed", "order_paid", "order_paid"),
    *("page_viewed", "page_viewed", "ticket_closed"),
    *("consent_given", "consent_withdrawn", "message_clicked", "message_opened"),
)
HOW_MANY = (5, 3, 4, 6, 8, 12, 0, 1, 2)
WORDS = ("x", "y", "Zo\u00eb", "Zoe\u0308", "")
NUMBERS: tuple[Any, ...] = (0, 1, 2, 5, 0.1, 0.2, "1", "2.0", " 5 ", -1, 10**9)
LEAP = "2024-02-29"


def moments() -> st.SearchStrategy[datetime]:
    """Instants of the grid, at times a microsecond beside it; few lie a year back."""
    grid = st.integers(-12, 12).map(lambda n: MIDDLE + n * STEP)
    beside = st.tuples(grid, st.sampled_from((-MICRO, MICRO))).map(lambda two: two[0] + two[1])
    old = st.sampled_from((timedelta(days=364), timedelta(days=370), timedelta(days=31)))
    near = st.integers(-2, 2).map(lambda n: MIDDLE + n * STEP)
    return st.one_of(near, near, grid, grid, beside, old.map(lambda ago: MIDDLE - ago))


def told_instants() -> st.SearchStrategy[Any]:
    """Instants as shops send them: with and without an offset, days, Unix time, leap days."""
    return st.one_of(
        moments().map(lambda at: at.isoformat()),
        moments().map(lambda at: at.replace(tzinfo=None).isoformat()),
        moments().map(lambda at: at.date().isoformat()),
        moments().map(lambda at: int(at.timestamp())),
        moments().map(lambda at: str(int(at.timestamp() * 1000))),
        st.sampled_from(("1990-03-29", "1990-04-01", LEAP, "2026-03-29T00:30:00", "03-30", "soon")),
    )


def scalars() -> st.SearchStrategy[Any]:
    """A word, a number, a yes or no, nothing."""
    return st.one_of(
        st.sampled_from(WORDS), st.sampled_from(NUMBERS), st.sampled_from((True, False, None))
    )


def items() -> st.SearchStrategy[Any]:
    """A list of entries as orders hold them, at times empty, bare or no list at all."""
    entry = st.fixed_dictionaries(
        {}, optional={"sku": st.sampled_from(("x", "y")), "n": st.sampled_from(NUMBERS)}
    )
    whole = st.fixed_dictionaries(
        {"sku": st.sampled_from(("x", "y")), "n": st.sampled_from((0, 1, 2, 5))}
    )
    return st.one_of(
        st.lists(whole, min_size=2, max_size=3),
        st.lists(whole, min_size=2, max_size=3),
        st.lists(entry, max_size=3),
        entry,
        st.lists(st.one_of(scalars(), st.lists(entry, max_size=2)), max_size=2),
    )


def properties() -> st.SearchStrategy[dict[str, Any]]:
    """An event's properties: an order's as shops send them, or whatever there may be."""
    plain = {
        "sku": st.sampled_from(("x", "y")),
        "total": st.sampled_from((1, 2, 5, "2.0")),
        "items": items(),
    }
    odd = {
        "sku": scalars(),
        "total": st.sampled_from(NUMBERS),
        "when": told_instants(),
        "items": items(),
        "topic": st.just("offers"),
        "machine": st.booleans(),
    }
    rest = {name: odd[name] for name in ("when", "topic", "machine")}
    return st.sampled_from(("plain", "plain", "odd")).flatmap(
        lambda kind: (
            st.fixed_dictionaries(plain, optional=rest)
            if kind == "plain"
            else st.fixed_dictionaries({}, optional=odd)
        )
    )


def attributes() -> st.SearchStrategy[dict[str, Any]]:
    """A customer's attributes, as one line says them; None removes."""
    return st.fixed_dictionaries(
        {},
        optional={
            "plan": st.one_of(st.sampled_from(("x", "y", None)), scalars()),
            "n": st.sampled_from((*NUMBERS, None)),
            "birthday": told_instants(),
            "tags": st.lists(st.sampled_from(WORDS), max_size=2),
            "deep": st.fixed_dictionaries({"a b": scalars(), "items": items()}),
            "gap": st.sampled_from((1, 2, 0.5, "soon", 0, None)),
        },
    )


@st.composite
def people(draw: st.DrawFn, name: str = "c1", *, told_late: bool = True) -> Person:
    """A customer with a history, events late and early; `told_late`: what is said may be late."""
    person = Person(name, shop_zone=SHOP_ZONE)
    late = st.sampled_from((timedelta(), timedelta(), MICRO, STEP, 4 * STEP, -STEP))
    for number in range(draw(st.sampled_from(HOW_MANY))):
        at = draw(moments())
        event_id = draw(st.sampled_from((f"e{number}", f"e{9 - number}", "e0", f"E{number}")))
        word = draw(st.sampled_from(NAMES))
        arrives = max(BEGIN - 400 * STEP, at + draw(late))
        person.events.append(Happened(at, event_id, word, draw(properties()), arrives))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(moments())
        person.told.append(
            Told(
                at,
                draw(attributes()),
                draw(st.sampled_from(ZONES)) if draw(st.booleans()) else None,
                draw(st.sampled_from((None, "de-AT", "en"))),
                agreed_to=draw(st.sampled_from((None, None, (), ("offers",)))),
                arrives=max(at, at + draw(late)) if told_late else at,
            )
        )
    return person


def known_from(person: Person) -> datetime:
    """When the first thing of them arrived."""
    arrived = [one.received for one in person.told] + [one.received for one in person.events]
    return min(arrived)


def facts_of(person: Person, now: datetime, past: Collection[str] = ()) -> Facts:
    """The facts of somebody at an instant, and what attributes were in the past."""
    names = {name for one in person.said(now) for name in one.attributes}
    own = {name: person.attribute(name, now) for name in names}
    facts = Facts(
        person.id,
        now,
        zone_of(person.own("timezone", now), person.shop_zone),
        email=person.own("email", now),
        locale=person.own("locale", now),
        timezone=person.own("timezone", now),
        known_since=person.known_since(now),
        attributes={name: value for name, value in own.items() if value is not None},
        past={name: tuple(person.past(name, now)) for name in past},
        consents={"offers": person.agreed_to("offers", now)},
    )
    for event in person.seen(now):
        facts.add_event(product_event(event))
    return facts


def product_event(event: Happened) -> Event:
    """The product's value of an event."""
    return Event(event.at, event.id, event.name, event.properties, event.received)
