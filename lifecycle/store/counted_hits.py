"""Opens and clicks that are counted without a name, by letter and day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

HIT = METADATA.tables["counted_hit"]


class Hit(NamedTuple):
    """One kind of hit: of which letter, what it was, by whom, and on which day of UTC."""

    campaign: str
    step: str
    variant: str
    what: str
    """open or click."""
    machine: bool
    day: str


def _counting(kind: str) -> Statement:
    insert = (sqlite.insert if kind == "sqlite" else postgresql.insert)(HIT)
    more = {"hits": HIT.c.hits + insert.excluded.hits}
    return Statement(insert.on_conflict_do_update(index_elements=list(Hit._fields), set_=more))


_COUNT = {kind: _counting(kind) for kind in ("sqlite", "postgresql")}


def count(connection: Connection, hits: Mapping[Hit, int]) -> None:
    """Add so many hits of each kind to those that are counted."""
    rows = [{**one._asdict(), "hits": number} for one, number in sorted(hits.items())]
    _COUNT[connection.dialect.name].each(connection, rows)


def of_people(connection: Connection, campaign: str) -> Mapping[tuple[str, str], dict[str, int]]:
    """How many hits of people there were, by step and variant, and by what they were."""
    query = (
        select(HIT.c.step, HIT.c.variant, HIT.c.what, func.sum(HIT.c.hits))
        .where(HIT.c.campaign == campaign, HIT.c.machine.is_(False))
        .group_by(HIT.c.step, HIT.c.variant, HIT.c.what)
    )
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for step, variant, what, number in connection.execute(query):
        found[step, variant][what] = int(number)
    return found
