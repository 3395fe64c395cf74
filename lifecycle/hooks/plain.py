"""Plain values: what JSON can hold, inside the limits that events have."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 32
MAX_BYTES = 32_000
"""Bytes of one value as JSON, as for an event that comes over HTTP."""
MAX_WHOLE = 2**63 - 1


class NotPlain(ValueError):
    """A value that an event cannot carry."""


def plain(value: object) -> Any:
    """A copy of a plain value; tuples become lists. Raises NotPlain."""
    copied = _plain(value, 0)
    if len(json.dumps(copied, ensure_ascii=False).encode()) > MAX_BYTES:
        raise NotPlain(f"larger than {MAX_BYTES} bytes")
    return copied


def _plain(value: object, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise NotPlain(f"deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if abs(value) > MAX_WHOLE:
            raise NotPlain("a whole number of more than 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotPlain("a number that is not finite")
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise NotPlain("a name that is not text")
        return {_text(name): _plain(one, depth + 1) for name, one in value.items()}
    raise NotPlain(f"a {type(value).__name__} is no plain value; text, numbers and lists are")


def _text(value: str) -> str:
    if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
        raise NotPlain("text with a NUL or half a character")
    return str(value)
