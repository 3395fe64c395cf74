"""Reads the facts of customers, many at once: one query for each kind of fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.facts import DateKept, Facts, Sent, Silence
from lifecycle.core.ledger import Tiers
from lifecycle.core.rule.tree import Reach
from lifecycle.core.words import zone_of
from lifecycle.store import history, ledger, nightly, past, preferences
from lifecycle.store.dialect.lists import among
from lifecycle.store.handed import handed
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

TABLES = METADATA.tables
AT = TABLES["event"].c.at.type
NO_SENT = timedelta(0)
ROWS_REMEMBERED = 20_000
"""So many rows of a kind are not decoded again when a customer's facts are read again soon."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Which facts a stage reads.

    `reaches` says of each event name (`prefix*` too) how much of its history, `sent` how far back
    what was sent, `ledger` whether points and codes are read.
    """

    reaches: frozenset[tuple[str, Reach]] = frozenset()
    enrollments: bool = True
    again: bool = True
    """Whether enrollments are kept as they were read, since they will be read again unchanged."""
    sent: timedelta = NO_SENT
    past: frozenset[str] = frozenset()
    """The top-level attributes whose earlier values are read."""
    ledger: bool = False
    tiers: Tiers = ()
    """The shop's tiers, where points and codes are read: nobody has one without them."""
    nightly: bool = False
    """Whether what is reckoned at night is read."""
    dates: bool = False
    """Whether what flows around a date keep is read."""
    wishes: bool = False
    """Whether what was chosen on the preference page is read."""
    hours: bool = False
    """Whether all letters that were handed over are read, as hours are learned from them."""

    @property
    def events(self) -> frozenset[str]:
        """The names of the events that are read."""
        return frozenset(name for name, _ in self.reaches)


def load(
    connection: Connection,
    customers: Sequence[str],
    now: datetime,
    reading: Reading,
    *,
    shop_zone: str,
    seen: datetime | None = None,
    anchor: datetime | None = None,
    claimed: history.Claimed | None = None,
) -> dict[str, Facts]:
    """The facts of those of `customers` that exist, as known at `now`.

    Events not taken in yet are left out unless `seen` is given: then all that was known at that
    instant count, taken in or not, as a rule asked from scratch wants it. `anchor` is the earliest
    instant that is asked about, where that is before `now`. `claimed` tells whose histories may
    be used that are still in memory.
    """
    ids = {"ids": list(customers)}
    facts = {
        row.customer_id: _customer(row, now, shop_zone) for row in _CUSTOMERS.rows(connection, ids)
    }
    if not facts:
        return facts
    ids = {"ids": list(facts)}
    _standing(connection, facts, ids)
    if reading.dates:
        for customer_id, campaign, *kept in _DATES.rows(connection, ids):
            facts[customer_id].dates[campaign] = DateKept(*kept)
    if reading.reaches:
        history.read(connection, facts, reading.reaches, min(anchor or now, now), seen, claimed)
    if reading.enrollments:
        read = _ENROLLMENTS if reading.again else _ENROLLMENTS_ONCE
        for customer_id, enrollment in read.rows(connection, ids):
            facts[customer_id].enrollments.append(enrollment)
    back = reading.sent
    if reading.wishes:
        back = max(back, preferences.read(connection, facts))
    if back:
        _sent(connection, facts, ids, now - back)
    if reading.past:
        past.read(connection, facts, reading.past)
    if reading.ledger:
        ledger.read(connection, facts, min(anchor or now, now), reading.tiers)
    if reading.nightly:
        nightly.read(connection, facts)
    if reading.hours:
        for customer_id, letters in handed(connection, list(facts), now).items():
            facts[customer_id].handed.extend(letters)
    return facts


def _standing(connection: Connection, facts: Mapping[str, Facts], ids: dict[str, Any]) -> None:
    """Consents, memberships and suppressions."""
    for customer_id, topic, agreed, at in _CONSENTS.rows(connection, ids):
        facts[customer_id].consents[topic] = bool(agreed)
        facts[customer_id].consents_at[topic] = at
    for customer_id, segment, member, since, wake_at in _SEGMENTS.rows(connection, ids):
        known = facts[customer_id]
        if member:
            known.segments[segment] = since
        if wake_at is not None:
            known.wakes[segment] = wake_at
    for customer_id, reason in _SUPPRESSED.rows(connection, ids):
        facts[customer_id].suppressed = reason
    for customer_id, silence_id, since, until in _SILENCES.rows(connection, ids):
        facts[customer_id].silences[silence_id] = Silence(since, tuple(until))


def _sent(
    connection: Connection, facts: Mapping[str, Facts], ids: dict[str, Any], since: datetime
) -> None:
    for row in _SENT.rows(connection, {**ids, "since": since}):
        facts[row.customer_id].sent.append(
            Sent(row.attempted_at, row.campaign, row.step, row.klass, row.counts, row.enrollment_id)
        )


def _customer(row: Any, now: datetime, shop_zone: str) -> Facts:
    return Facts(
        customer_id=row.customer_id,
        now=now,
        zone=zone_of(row.timezone, shop_zone),
        email=row.email,
        locale=row.locale,
        timezone=row.timezone,
        known_since=row.known_since,
        attributes=dict(row.attributes),
        erased=row.erased_at is not None,
    )


def enrollment_of(row: Any) -> Enrollment:
    """The enrollment that a row holds."""
    return Enrollment(
        id=row.enrollment_id,
        campaign=row.campaign,
        version=row.version,
        entry=row.entry,
        key=row.key,
        visit=row.visit,
        entered_at=row.entered_at,
        event_id=row.event_id,
        event_name=row.event_name,
        event_at=row.event_at,
        properties=row.properties,
        state=_STATES[row.state],
        step=row.step,
        due_at=row.due_at,
        decided_at=row.decided_at,
        fell_due_at=row.fell_due_at,
        waiting_since=row.waiting_since,
        anchor=row.anchor,
        ended_at=row.ended_at,
        led_to_letter=bool(row.led_to_letter),
        open_messages=tuple(row.open_messages),
        decided_steps=tuple(row.decided_steps),
        timed=row.timed,
    )


def _of_customer(row: Any) -> tuple[str, Enrollment]:
    """A row as `_EACH_ENROLLMENT` reads it: its columns are in the order of the value's fields."""
    *plain, state, step, due, decided, fell, waiting, anchor, ended, led, opened, steps, timed = row
    later = step, due, decided, fell, waiting, anchor, ended, bool(led)
    values: list[Any] = [*plain[1:], _STATES[state], *later, tuple(opened), tuple(steps), timed]
    return plain[0], Enrollment(*values)


def _ids(column: Any) -> Any:
    return among(column, "ids")


_CUSTOMER = TABLES["customer"]
_CONSENT, _MEMBERSHIP = TABLES["consent"], TABLES["membership"]
_ENROLLMENT, _MESSAGE = TABLES["enrollment"], TABLES["message"]
_CUSTOMERS = Statement(select(_CUSTOMER).where(_ids(_CUSTOMER.c.customer_id)), reads=("customer",))
_CONSENTS = Statement(
    select(_CONSENT.c.customer_id, _CONSENT.c.topic, _CONSENT.c.agreed, _CONSENT.c.at).where(
        _ids(_CONSENT.c.customer_id)
    ),
    reads=("consent",),
)
_SEGMENTS = Statement(
    select(_MEMBERSHIP).where(_ids(_MEMBERSHIP.c.customer_id)), reads=("membership",)
)
_STATES = {str(one): one for one in EnrollmentState}
_FIELDS = ("enrollment_id", *(one.name for one in fields(Enrollment) if one.name != "id"))
_EACH_ENROLLMENT = (
    select(_ENROLLMENT.c.customer_id, *(_ENROLLMENT.c[name] for name in _FIELDS))
    .where(_ids(_ENROLLMENT.c.customer_id))
    .order_by(_ENROLLMENT.c.entered_at, _ENROLLMENT.c.enrollment_id)
)
_ENROLLMENTS = Statement(
    _EACH_ENROLLMENT, into=_of_customer, remembers=ROWS_REMEMBERED, reads=("enrollment",)
)
_ENROLLMENTS_ONCE = Statement(_EACH_ENROLLMENT, into=_of_customer, reads=("enrollment",))
_SENT = Statement(
    select(
        _MESSAGE.c.customer_id,
        _MESSAGE.c.attempted_at,
        _MESSAGE.c.campaign,
        _MESSAGE.c.step,
        _MESSAGE.c.klass,
        _MESSAGE.c.counts,
        _MESSAGE.c.enrollment_id,
    ).where(
        _ids(_MESSAGE.c.customer_id),
        _MESSAGE.c.attempted_at > bindparam("since", type_=AT),
        or_(*(_MESSAGE.c.state == state for state in ("attempting", "accepted", "uncertain"))),
    )
)
_SILENCE = TABLES["silence"]
_SILENCES = Statement(
    select(_SILENCE.c.customer_id, _SILENCE.c.silence_id, _SILENCE.c.since, _SILENCE.c.until).where(
        _ids(_SILENCE.c.customer_id)
    ),
    reads=("silence",),
)
_DATE = TABLES["date_kept"]
_DATES = Statement(
    select(
        _DATE.c.customer_id, _DATE.c.campaign, _DATE.c.said, _DATE.c.asked, _DATE.c.wake_at
    ).where(_ids(_DATE.c.customer_id)),
    reads=("date_kept",),
)
_SUPPRESSION = TABLES["suppression"]
_SUPPRESSED = Statement(
    select(_CUSTOMER.c.customer_id, _SUPPRESSION.c.reason)
    .join(_SUPPRESSION, _SUPPRESSION.c.address_hash == _CUSTOMER.c.address_hash)
    .where(_ids(_CUSTOMER.c.customer_id)),
    reads=("customer", "suppression"),
)


def fresh_enrollments(connection: Connection, facts: Mapping[str, Facts]) -> None:
    """Read the enrollments of customers anew into facts in hand."""
    for known in facts.values():
        known.enrollments.clear()
    for customer_id, enrollment in _ENROLLMENTS_ONCE.rows(connection, {"ids": list(facts)}):
        facts[customer_id].enrollments.append(enrollment)


_VARIANTS = Statement(
    select(
        _MESSAGE.c.customer_id,
        _MESSAGE.c.campaign,
        _MESSAGE.c.step,
        _MESSAGE.c.entry,
        _MESSAGE.c.variant,
    )
    .where(_ids(_MESSAGE.c.customer_id), _MESSAGE.c.variant != "")
    .order_by(_MESSAGE.c.planned_at.desc(), _MESSAGE.c.message_id.desc()),
    reads=("message",),
)


def variants_seen(connection: Connection, facts: Mapping[str, Facts]) -> None:
    """Read which variant of each step customers were first owed, into facts in hand."""
    for row in _VARIANTS.rows(connection, {"ids": list(facts)}):
        seen = facts[row.customer_id].variants
        seen[row.campaign, row.step, ""] = seen[row.campaign, row.step, row.entry] = row.variant


def customer_exists(connection: Connection, customer_id: str) -> bool:
    """Whether we know a customer of this id."""
    query = select(_CUSTOMER.c.customer_id).where(_CUSTOMER.c.customer_id == customer_id)
    return connection.execute(query).first() is not None


def ids_after(connection: Connection, after: str, limit: int) -> list[str]:
    """The next customers by id: a page of all of them."""
    query = (
        select(_CUSTOMER.c.customer_id)
        .where(_CUSTOMER.c.customer_id > after)
        .order_by(_CUSTOMER.c.customer_id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def chunks(ids: Iterable[str], size: int) -> Iterable[list[str]]:
    """The ids in lists of at most `size`."""
    everything = list(ids)
    return (everything[start : start + size] for start in range(0, len(everything), size))
