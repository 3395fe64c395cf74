"""Leaves on the customer's own row and on what stands beside it, as probes; and what is unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, exists, false, func, not_, select

from lifecycle.core.chance import fraction
from lifecycle.core.facts import Facts
from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.listed import Listed
from lifecycle.core.rule.standing import AgreedTo, KnownFor, RandomPercent, Suppressed
from lifecycle.core.rule.tree import Everyone, Needs, Rule, View
from lifecycle.core.words import micros
from lifecycle.store.dialect.lists import among
from lifecycle.store.dialect.values import Truth, Values
from lifecycle.store.rule_sql.answers import (
    FAILS,
    HOLDS,
    UNSURE,
    Answer,
    Ask,
    Row,
    always,
)
from lifecycle.store.rule_sql.bounds import Bounds
from lifecycle.store.rule_sql.comparisons import asks_number, compared
from lifecycle.store.rule_sql.counted import INDEXED, MICROSECOND
from lifecycle.store.rule_sql.probe import (
    BY_INDEX,
    Asking,
    Column,
    Driver,
    Layer,
    Probe,
    Tell,
    anybody,
    as_micros,
)
from lifecycle.store.rule_sql.rows import CUSTOMER, EVENT, OWN, RECKONED, between, named
from lifecycle.store.rule_sql.same_text import same_text
from lifecycle.store.tables import METADATA

_CONSENT = METADATA.tables["consent"]
_SUPPRESSION = METADATA.tables["suppression"]
NOBODY = ZoneInfo("UTC")


def constant(holds: bool) -> Probe:
    """Holds for all or for none, for ever."""
    answer = HOLDS if holds else FAILS

    def refused(columns: Sequence[Column]) -> Truth | None:
        return false()

    return Probe(
        ask=lambda place: always(answer),
        soon=anybody if holds else refused,
        lapse=refused if holds else anybody,
    )


def standing(number: int, rule: Rule, asking: Asking) -> Probe | None:
    """The probe of a leaf on how the customer stands; None when it is no such leaf."""
    if isinstance(rule, Everyone):
        return constant(True)
    if isinstance(rule, RandomPercent):
        return Probe(ask=lambda place: _by_hash(rule))
    if isinstance(rule, KnownFor):
        return _known_for(rule, micros(asking.now))
    if isinstance(rule, AgreedTo):
        return _there(lambda layer: _agreed(rule, layer))
    if isinstance(rule, Suppressed):
        return _there(_suppressed)
    if isinstance(rule, Listed):
        ids = sorted(rule.ids)
        return _there(lambda layer: among(layer.customer_id, f"probe_{number}", ids))
    return None


def _there(truth: Callable[[Layer], Truth]) -> Probe:
    """A truth that SQL knows exactly and that time does not turn."""

    def ask(place: int) -> Ask:
        return lambda row: HOLDS if row[place] else FAILS

    return Probe(
        BY_INDEX,
        lambda layer: [case((truth(layer), 1), else_=0)],
        ask,
        lambda columns: columns[0] == 1,
        lambda columns: columns[0] == 0,
    )


def _agreed(rule: AgreedTo, layer: Layer) -> Truth:
    said = select(_CONSENT.c.customer_id).where(
        _CONSENT.c.customer_id == layer.customer_id, _CONSENT.c.topic == rule.topic
    )
    return exists(said.where(_CONSENT.c.agreed).correlate(layer.rows))


def _suppressed(layer: Layer) -> Truth:
    listed = (
        select(CUSTOMER.c.customer_id)
        .join(_SUPPRESSION, _SUPPRESSION.c.address_hash == CUSTOMER.c.address_hash)
        .where(CUSTOMER.c.customer_id == layer.customer_id)
    )
    return exists(listed.correlate(layer.rows))


def _by_hash(rule: RandomPercent) -> Ask:
    def ask(row: Row) -> Answer:
        inside = fraction(rule.seed, "random_percent", row[0]) * 100 < rule.percent
        return HOLDS if inside else FAILS

    return ask


def _known_for(rule: KnownFor, now: int) -> Probe:
    assert isinstance(rule.length, timedelta)
    length = rule.length // MICROSECOND

    def ask(place: int) -> Ask:
        def told(row: Row) -> Answer:
            turns = row[place] + length
            return HOLDS if turns <= now else (False, turns)

        return told

    def columns(layer: Layer) -> list[Column]:
        since = select(as_micros(CUSTOMER.c.known_since))
        since = since.where(CUSTOMER.c.customer_id == layer.customer_id).correlate(layer.rows)
        return [since.scalar_subquery()]

    return Probe(BY_INDEX, columns, ask, lapse=lambda columns: columns[0] > now - length)


def attribute(rule: Compared, values: Values, elsewhere: frozenset[str]) -> Probe | None:
    """The probe of a comparison of an attribute; None where SQL cannot tell the attribute.

    `elsewhere` are top-level attributes that are not in the customer's row alone.
    """
    name = rule.path[0]
    if not values.can_read(rule.path) or (name in OWN and len(rule.path) > 1):
        return None
    if name in RECKONED or name in elsewhere:
        return None

    def columns(layer: Layer) -> list[Column]:
        assert layer.attributes is not None
        rows = layer.attributes
        told = compared(rule.comparison, rows.value(rule.path), values)
        holds = Bounds(rows.doubtful | told.upper, and_(not_(rows.doubtful), told.lower))
        return [case((holds.lower, 1), (holds.upper, 2), else_=0)]

    def ask(place: int) -> Ask:
        answers: dict[int, Answer] = {0: FAILS, 1: HOLDS, 2: UNSURE}
        return lambda row: answers[row[place]]

    same = None
    if name not in OWN:
        same = same_text(rule.comparison, CUSTOMER.c.attributes, rule.path, values)
    if same is not None:
        return Probe(
            ask=ask,
            soon=lambda columns: columns[0] == 1,
            lapse=lambda columns: columns[0] == 0,
            first=case((same, 1), else_=0),
        )
    return Probe(
        columns=columns,
        ask=ask,
        soon=lambda columns: columns[0] != 0,
        lapse=lambda columns: columns[0] != 1,
        attributes=((rule.path, asks_number(rule.comparison)),),
    )


def by_history(rule: Rule, asking: Asking) -> Probe:
    """A leaf that Python alone can ask: but who has none of its events answers like nobody."""
    needs = rule.needs()
    nobody = View(Facts("", asking.now, NOBODY), asking.now)
    if not _reads_events_alone(needs):
        return Probe()
    try:
        empty, turns = rule.matches(nobody), rule.may_turn_at(nobody)
    except (AttributeError, TypeError, ValueError):
        return Probe()
    if turns is not None:
        return Probe()
    reaches = sorted(needs.reaches, key=lambda pair: pair[0])
    starts = [_from(reach, asking.now) for _, reach in reaches]
    after = None if None in starts else min(one for one in starts if one is not None)
    names = tuple(dict.fromkeys(name for name, _ in reaches))
    edges = (after, asking.now)

    def columns(layer: Layer) -> list[Column]:
        query = select(EVENT.c.customer_id).where(
            EVENT.c.customer_id == layer.customer_id,
            named(names, asking.values),
            *between(EVENT.c.at, edges),
        )
        query = asking.values.of_customer(query, EVENT)
        return [case((exists(query.correlate(layer.rows)), 1), else_=0)]

    def ask(place: int) -> Ask:
        otherwise = HOLDS if empty else FAILS
        return lambda row: UNSURE if row[place] else otherwise

    some: Tell = lambda columns: columns[0] == 1  # noqa: E731
    driver = None if empty else _with_events(names, edges, asking)
    return Probe(
        BY_INDEX,
        columns,
        ask,
        anybody if empty else some,
        some if empty else anybody,
        driver,
    )


def _with_events(
    names: tuple[str, ...], edges: tuple[datetime | None, datetime], asking: Asking
) -> Driver:
    query = select(
        EVENT.c.customer_id.label("customer_id"),
        func.count().label("driver_count"),
        func.min(as_micros(EVENT.c.at)).label("driver_first"),
        func.max(as_micros(EVENT.c.at)).label("driver_last"),
    ).where(named(names, asking.values), *between(EVENT.c.at, edges))
    if not any(name.endswith("*") for name in names):
        query = asking.values.by_name(query, EVENT)
    return Driver(query.group_by(EVENT.c.customer_id), names, *edges, INDEXED)


def _reads_events_alone(needs: Needs) -> bool:
    """Whether nothing but events can make a customer's answer differ from nobody's."""
    plain = Needs()
    return bool(needs.reaches) and all(
        getattr(needs, one.name) == getattr(plain, one.name)
        for one in fields(needs)
        if one.name != "reaches"
    )


def _from(reach: Any, now: datetime) -> datetime | None:
    """From which instant on a reach reads; None for all time."""
    if reach.last is not None or (reach.back is None and reach.since is None):
        return None
    starts = []
    if reach.back is not None:
        starts.append(_before(now, reach.back))
    if reach.since is not None:
        starts.append(reach.since - MICROSECOND)
    return min(starts)


def _before(now: datetime, back: timedelta) -> datetime:
    try:
        return now - back
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)
