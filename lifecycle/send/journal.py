"""The journal of attempts: a file outside the database, on disk before a letter may leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Begun:
    """One attempt as the journal keeps it: ids that name nobody."""

    message_id: str
    attempt_id: str
    number: int
    at: datetime


class Journal(Protocol):
    """Where attempts are noted beside the database."""

    def note(self, begun: Sequence[Begun]) -> None:
        """Write attempts down and return once they are on disk. Raises EnvironmentFailed."""

    def close(self) -> None:
        """Close the file."""
