"""Carries out what steps did beside letters: attributes, points and incentives of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.core.facts import Facts
from lifecycle.engine.parts import Parts
from lifecycle.store.apply import Writing


def carry_out(
    connection: Connection,
    parts: Parts,
    facts: Mapping[str, Facts],
    writing: Writing,
    now: datetime,
) -> None:
    """Write the deeds gathered in `writing`, and have those customers taken in again."""
