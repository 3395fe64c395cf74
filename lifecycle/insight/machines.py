"""Opens and clicks of machines, told apart from those of humans, by letter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, select, type_coerce

from lifecycle.core.event import HUMAN_ONLY, by_machine
from lifecycle.insight.attribution import GONE, Letter
from lifecycle.store.dialect.lists import among
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import json_text

MESSAGE, EVENT = METADATA.tables["message"], METADATA.tables["event"]
STREAMED = 5_000
MACHINE = '"machine":true'
"""What the stored text of a machine's event holds; properties are stored without spaces."""


@dataclass(frozen=True, slots=True)
class ByMachines:
    """How many letters machines opened, and clicked in."""

    opened: int = 0
    clicked: int = 0


def by_machines(
    connection: Connection, campaign: str, now: datetime
) -> Mapping[Letter, ByMachines]:
    """How many letters of a campaign machines opened or clicked in, by letter."""
    readers = select(MESSAGE.c.customer_id).where(
        MESSAGE.c.campaign == campaign, MESSAGE.c.state.in_(GONE)
    )
    said = type_coerce(EVENT.c.properties, Text)
    query = select(EVENT.c.customer_id, EVENT.c.name, EVENT.c.at, EVENT.c.properties).where(
        EVENT.c.customer_id.in_(readers),
        EVENT.c.name.in_(sorted(HUMAN_ONLY)),
        said.contains(MACHINE, autoescape=True),
        said.contains(f'"campaign":{json_text(campaign)}', autoescape=True),
        EVENT.c.due_at <= now,
    )
    hits: dict[str, dict[Letter, set[str]]] = {name: defaultdict(set) for name in HUMAN_ONLY}
    unnamed = []
    for row in connection.execute(query, execution_options={"yield_per": STREAMED}):
        told = row.properties
        if not by_machine(row.name, told) or told.get("campaign") != campaign:
            continue
        if told.get("message_id") and "variant" in told:
            letter = (campaign, str(told.get("step") or ""), str(told["variant"] or ""))
            hits[row.name][letter].add(str(told["message_id"]))
        else:
            unnamed.append(row)
    went = _went(connection, campaign, sorted({row.customer_id for row in unnamed}))
    for row in unnamed:
        letter, message = _meant(
            campaign, went.get(row.customer_id, ()), row.at, row.properties.get("step")
        )
        if message:
            hits[row.name][letter].add(message)
    letters = {letter for of in hits.values() for letter in of}
    opened, clicked = hits["message_opened"], hits["message_clicked"]
    return {one: ByMachines(len(opened[one]), len(clicked[one])) for one in sorted(letters)}


def _went(
    connection: Connection, campaign: str, customers: Sequence[str]
) -> Mapping[str, Sequence[Any]]:
    """The campaign's letters that went to some customers, the latest first."""
    found: dict[str, list[Any]] = defaultdict(list)
    if not customers:
        return found
    query = (
        select(
            MESSAGE.c.customer_id,
            MESSAGE.c.message_id,
            MESSAGE.c.step,
            MESSAGE.c.variant,
            MESSAGE.c.attempted_at,
        )
        .where(
            among(MESSAGE.c.customer_id, "ids", customers),
            MESSAGE.c.campaign == campaign,
            MESSAGE.c.state.in_(GONE),
        )
        .order_by(MESSAGE.c.attempted_at.desc(), MESSAGE.c.message_id.desc())
    )
    for row in connection.execute(query):
        found[row.customer_id].append(row)
    return found


def _meant(campaign: str, went: Sequence[Any], at: datetime, step: object) -> tuple[Letter, str]:
    """The latest letter that feedback means which names a campaign and a step alone."""
    for row in went:
        if row.attempted_at <= at and (not step or row.step == step):
            return (campaign, row.step, row.variant), row.message_id
    return ("", "", ""), ""
