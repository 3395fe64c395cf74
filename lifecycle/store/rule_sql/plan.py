"""The set query of a rule: customers brought together by one leaf, then asked leaf by leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    FromClause,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    union,
)

from lifecycle.core.rule.tree import Rule
from lifecycle.core.words import micros
from lifecycle.store.erase import PSEUDONYM
from lifecycle.store.rule_sql.answers import Ask
from lifecycle.store.rule_sql.bounds import sure
from lifecycle.store.rule_sql.probe import (
    BY_DOCUMENT,
    BY_INDEX,
    BY_ROW,
    Asking,
    Column,
    Driver,
    Layer,
    as_micros,
)
from lifecycle.store.rule_sql.rows import (
    CUSTOMER,
    EVENT,
    OWN,
    Path,
    Rows,
    between,
    named,
    numbered,
    own_value,
    with_values,
)
from lifecycle.store.rule_sql.tree import Driving, Joined, Leaf, TreeReader

COUNTED = 20_000
"""To compare leaves, so many events of each are counted; beyond, their share of time tells."""
_DRIVER = ("driver_count", "driver_first", "driver_last")


@dataclass(frozen=True, slots=True)
class Plan:
    """A query that gives, in the order of customers, all for whom a rule may hold or come to hold.

    `ask` makes an answer of a row, whose first value is the customer.
    """

    query: Select[Any]
    ask: Ask


def plan(
    connection: Connection,
    rule: Rule,
    segments: Mapping[str, Rule],
    asking: Asking,
    elsewhere: frozenset[str],
) -> Plan:
    """The plan of one rule; the leaf that brings customers together is chosen by what is there."""
    reader = TreeReader(segments, asking, elsewhere)
    tree = reader.read(rule)
    costs: dict[int, float] = {}

    def cost(driver: Driver) -> float:
        found = costs.get(id(driver))
        if found is None:
            found = costs[id(driver)] = _cost(connection, driver, asking)
        return found

    return _Planner(tree, reader.leaves, asking, tree.driving(cost)).plan()


def _cost(connection: Connection, driver: Driver, asking: Asking) -> float:
    """About how many events a driver reads, by what one costs."""
    total = 0.0
    for name in driver.names:
        at = as_micros(EVENT.c.at)
        edges = between(EVENT.c.at, (driver.after, driver.up_to))
        events = select(at.label("at")).where(named((name,), asking.values), *edges)
        if not name.endswith("*"):
            events = asking.values.by_name(events, EVENT).order_by(at.desc())
        first = events.limit(COUNTED).subquery()
        count, oldest = connection.execute(select(func.count(), func.min(first.c.at))).one()
        if count == COUNTED:
            after = driver.after
            if after is None:
                oldest_of_all = select(func.min(at)).where(EVENT.c.name == name)
                start = connection.execute(oldest_of_all).scalar() or oldest
            else:
                start = micros(after)
            end = micros(driver.up_to)
            count = count * max(1.0, (end - start) / max(1, end - oldest))
        total += count
    return total * driver.weight


class _Planner:
    """Lays the layers of a query one on the other."""

    def __init__(
        self,
        tree: Leaf | Joined,
        leaves: list[Leaf],
        asking: Asking,
        driving: Driving | None,
    ) -> None:
        self.tree, self.leaves, self.asking, self.driving = tree, leaves, asking, driving
        single = driving is not None and len(driving) == 1
        self.driver = driving[0] if single and driving else None
        self.read: dict[int, list[str]] = {}

    def plan(self) -> Plan:
        """The query and what is made of its rows."""
        layer = self._customers()
        for kind in (BY_ROW, BY_INDEX, BY_DOCUMENT):
            layer = self._asked(layer, kind)
        rows = layer.rows
        names = [name for columns in self.read.values() for name in columns]
        places, place = {}, 1
        for number, columns in self.read.items():
            places[number] = place
            place += len(columns)
        ordered = self.asking.values.in_order(rows.c.customer_id)
        query = select(rows.c.customer_id, *(rows.c[name] for name in names))
        query = query.where(self._left(rows)).order_by(ordered)
        return Plan(query, self.tree.ask(places))

    def _customers(self) -> Layer:
        """The first layer: whoever the driving leaf names, with the attributes that are read."""
        asked = self._attributes()
        columns: list[Column] = [CUSTOMER.c.customer_id.label("customer_id")]
        if asked:
            columns.append(self.asking.values.document(CUSTOMER.c.attributes).label("document"))
        for path, number in numbered(asked).items():
            if path[0] in OWN:
                own = own_value(path[0], CUSTOMER, self.asking.values)
                columns.append(own.label(f"own_{number}"))
        here = and_(CUSTOMER.c.erased_at.is_(None), CUSTOMER.c.known_since <= self.asking.now)
        for leaf in self.leaves:
            if leaf.probe.first is not None:
                self.read[leaf.number] = [f"leaf_{leaf.number}_0"]
                columns.append(leaf.probe.first.label(f"leaf_{leaf.number}_0"))
        if self.driving is None:
            query = select(*columns).where(here)
        else:
            query = self._driven(columns, here)
        if not asked:
            return Layer(self.asking.values.fence(query).subquery(), None, self.driver)
        values = with_values(query, asked, self.asking.values)
        rows = Rows(values, self.asking.values, numbered(asked), sure(true()))
        return Layer(values.customer_id.table, rows, self.driver)

    def _driven(self, columns: list[Column], here: Column) -> Select[Any]:
        """Customers by what was found of them; the outer join keeps SQLite to this order."""
        assert self.driving is not None
        queries = [driver.query for driver in self.driving]
        if not queries:
            return select(*columns).where(false())
        driver: FromClause
        events: list[Column] = []
        if len(queries) == 1:
            driver = queries[0].subquery("driver")
            events = [driver.c[name] for name in _DRIVER]
        else:
            ids = [select(one.subquery().c.customer_id) for one in queries]
            driver = union(*ids).subquery("driver")
        if len(columns) == 1:
            return select(driver.c.customer_id, *events).where(self._stays(driver, here))
        columns = [*columns, *events]
        there = case((and_(CUSTOMER.c.customer_id.is_not(None), here), 1), else_=0)
        joined = driver.outerjoin(CUSTOMER, CUSTOMER.c.customer_id == driver.c.customer_id)
        found = self.asking.values.fence(
            select(*columns, there.label("there")).select_from(joined)
        ).subquery()
        kept = [column for column in found.c if column.name != "there"]
        return select(*kept).where(found.c.there == 1)

    def _stays(self, driver: FromClause, here: Column) -> Column:
        """Who has events is there, but for those who may be erased; they alone are looked up."""
        customer_id = driver.c.customer_id
        there = select(CUSTOMER.c.customer_id).where(CUSTOMER.c.customer_id == customer_id, here)
        erased = self.asking.values.begins(customer_id, PSEUDONYM)
        return or_(not_(erased), exists(there.correlate(driver)))

    def _attributes(self) -> dict[Path, bool]:
        asked: dict[Path, bool] = {}
        for leaf in self.leaves:
            for path, as_number in leaf.probe.attributes:
                asked[path] = asked.get(path, False) or as_number
        return asked

    def _asked(self, layer: Layer, kind: int) -> Layer:
        """One more layer: the leaves of a kind, read for whoever is left."""
        asked = (leaf for leaf in self.leaves if leaf.probe.layer == kind)
        leaves = [leaf for leaf in asked if leaf.number not in self.read]
        if not leaves:
            return layer
        rows = layer.rows
        columns: list[Column] = [rows.c.customer_id]
        columns += [rows.c[name] for names in self.read.values() for name in names]
        if layer.driver is not None:
            columns += [rows.c[name] for name in _DRIVER]
        left = self._left(rows)
        for leaf in leaves:
            made = leaf.probe.columns(layer)
            names = [f"leaf_{leaf.number}_{place}" for place in range(len(made))]
            columns += [one.label(name) for one, name in zip(made, names, strict=True)]
            self.read[leaf.number] = names
        query = self.asking.values.fence(select(*columns).where(left))
        return Layer(query.subquery(), None, layer.driver)

    def _left(self, rows: FromClause) -> Column:
        """Who may hold still, by what was read so far."""
        read = {number: [rows.c[name] for name in names] for number, names in self.read.items()}
        soon = self.tree.soon(read)
        return true() if soon is None else soon
