"""The column types that every table shares: instants as microseconds, values as JSON text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from lifecycle.core.words import from_micros, micros

ROOM_TO_CLAIM = {"fillfactor": 50}
"""Of a queue's table on PostgreSQL: a claim writes each row anew, beside the old one on its page
where there is room, and touches no index then."""
BUCKETS = 64
"""Into how many buckets customers fall; workers may narrow a claim by them."""


def _to_micros(value: datetime | None) -> int | None:
    return None if value is None else micros(value)


def _from_micros(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)


def _from_json(value: str | None) -> Any:
    return None if value is None else msgspec.json.decode(value)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, kept as whole microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To microseconds."""
        return _to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From microseconds."""
        return _from_micros(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """The way in, without a step between: ticks go it hundreds of thousands of times."""
        return _to_micros

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """The way out, likewise."""
        return _from_micros


class Json(TypeDecorator[Any]):
    """A plain value kept as compact JSON text; read and written without the ORM's help."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To text."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From text."""
        return _from_json(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """The way out, without a step between."""
        return _from_json


def json_text(value: Any) -> str:
    """A plain value as compact JSON text; instants as RFC 3339."""
    return msgspec.json.encode(value).decode()
