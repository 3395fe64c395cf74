"""The attributes that the engine keeps of orders, counted from the whole history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.properties.plain_people import Person


def kept(person: Person, name: str, now: datetime) -> Any:
    """The engine's own attributes of a top-level name; None where it keeps none."""
    return None
