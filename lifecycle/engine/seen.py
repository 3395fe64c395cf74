"""What is kept of what a letter was made from, for its view in the browser: no more than it needs.

What let the customer in is kept with the enrollment already, and never changes there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.store.tables import METADATA

_ENROLLMENT = METADATA.tables["enrollment"]
OF_ENTRY = "_of_entry"
"""Names what was left out: of `event`, `items` and `item` those that the entry event gives."""


def shortened(context: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """What a template saw, without what the properties of the entry event give again."""
    given = _given(properties)
    left_out = [name for name, value in given.items() if context.get(name) == value]
    short = {name: value for name, value in context.items() if name not in left_out}
    return {**short, OF_ENTRY: left_out} if left_out else short


def whole(connection: Connection, row: Any) -> dict[str, Any] | None:
    """What a message's template saw, whole again; None where some of it is gone."""
    if row.context is None:
        return None
    context = dict(row.context)
    left_out = context.pop(OF_ENTRY, ())
    if not left_out:
        return context
    properties = connection.execute(
        select(_ENROLLMENT.c.properties).where(
            _ENROLLMENT.c.customer_id == row.customer_id,
            _ENROLLMENT.c.enrollment_id == row.enrollment_id,
        )
    ).scalar()
    if properties is None:
        return None
    given = _given(properties)
    return {**context, **{name: given[name] for name in left_out}}


def _given(properties: Mapping[str, Any]) -> dict[str, Any]:
    items = properties.get("items")
    found = items if isinstance(items, list) else []
    return {"event": properties, "items": found, "item": found[0] if found else None}
