"""An event: something that happened to a customer at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

HUMAN_ONLY = frozenset(("message_opened", "message_clicked"))
"""Events that count in rules only where a person was behind them."""


def by_machine(name: str, properties: Mapping[str, Any]) -> bool:
    """Whether an open or a click was a machine's: a scanner's, a preview's, a proxy's."""
    return name in HUMAN_ONLY and properties.get("machine") is True


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something that happened to a customer; ordered by its moment, then by its id as text."""

    at: datetime
    id: str
    name: str = field(compare=False)
    properties: Mapping[str, Any] = field(compare=False, default_factory=dict)
    received_at: datetime | None = field(compare=False, default=None)
    enters: bool = field(compare=False, default=True)
    """False for history that was imported: it counts, and lets nobody into a flow."""

    def __getitem__(self, name: str) -> Any:
        """A property of the event, None when it has none of that name."""
        return self.properties.get(name)

    def becomes(self, name: str, /, **properties: Any) -> Event:
        """The event a trigger makes of this one: same moment, id derived from name and source."""
        return Event(self.at, f"{name}:{self.id}", name, properties, self.received_at, self.enters)
