"""The domain of an address in a query: each database has its own way to cut a text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func


def domain_in(kind: str, address: Any) -> ColumnElement[Any]:
    """What stands behind the @ of an address, in small letters; NULL where there is none."""
    if kind == "postgresql":
        return func.lower(func.split_part(address, "@", 2))
    return func.lower(func.substr(address, func.instr(address, "@") + 1))
