"""The top-level fields of a line: known by name, each of its own type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from lifecycle.sources.plain import check, kilobytes, read_json
from lifecycle.sources.refused import Refused

MAX_LINE_BYTES = 256 * 1024
MAX_ID_BYTES = 512
MAX_NAME_BYTES = 256
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2400, 1, 1, tzinfo=UTC)
FURTHEST_AHEAD = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours where the future makes no sense."""

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:(?:[0-5]\d|60)(?:\.\d+)?)?([Zz]|[+-]\d\d:\d\d)"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Line = bytes | str | dict[str, Any]


class Fields:
    """One line as an object whose keys are all known."""

    def __init__(self, raw: Line, known: Sequence[str], *, max_bytes: int = MAX_LINE_BYTES) -> None:
        """Read `raw`. Raises Refused for anything but an object with known keys."""
        if isinstance(raw, dict):
            check(raw)
            self.values = raw
        else:
            self.values = read_json(raw, max_bytes=max_bytes)
        if not isinstance(self.values, dict):
            raise Refused("", "not an object", 'write {"id": …}')
        for key in self.values:
            if key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                raise Refused(key[:MAX_ID_BYTES], "an unknown key", hint)

    def identity(self, name: str, *, limit: int = MAX_ID_BYTES) -> str:
        """An id or name that must be there: text without control characters. Raises Refused."""
        value = self.values.get(name)
        if value is None:
            raise Refused(name, "missing")
        if isinstance(value, int) and not isinstance(value, bool):
            raise Refused(name, "a number where text is wanted", f'write "{value}", in quotes')
        return _identity(name, value, limit)

    def text(self, name: str, *, limit: int = MAX_ID_BYTES) -> str | None:
        """A short text; None when unsaid, null or empty. Raises Refused."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise Refused(name, f"text is wanted, not {_kind(value)}")
        if len(value.encode()) > limit:
            raise Refused(name, f"longer than {limit} bytes")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """An object; empty when unsaid or null. Raises Refused."""
        value = self.values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise Refused(name, f"an object is wanted, not {_kind(value)}")
        return value

    def names(self, name: str) -> tuple[str, ...] | None:
        """A list of names, each once; None when unsaid or null. Raises Refused."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise Refused(name, f"a list of names is wanted, not {_kind(value)}")
        said = [
            _identity(f"{name}[{place}]", one, MAX_NAME_BYTES) for place, one in enumerate(value)
        ]
        return tuple(dict.fromkeys(said))

    def instant(self, name: str) -> datetime | None:
        """An instant in RFC 3339 with its offset; None when unsaid or null. Raises Refused."""
        value = self.values.get(name)
        return None if value is None else instant(name, value)

    def past(self, name: str, latest: datetime | None) -> datetime | None:
        """An instant that cannot lie ahead of `latest` (if given) by more than a clock's error."""
        at = self.instant(name)
        if at is not None and latest is not None and at > latest + FURTHEST_AHEAD:
            raise Refused(name, "lies in the future", "say when it was said; the clock may be off")
        return at


def instant(field: str, value: object) -> datetime:
    """Read an instant in RFC 3339. Raises Refused, naming `field`."""
    hint = "write 2026-05-04T09:00:00Z"
    if not isinstance(value, str):
        raise Refused(field, f"an instant is text, not {_kind(value)}", hint)
    match = _INSTANT.fullmatch(value.strip())
    if match is None:
        raise Refused(field, "not an instant in RFC 3339 with its offset", hint)
    day, minute, second, offset = match.groups()
    second = second or ":00"
    leap = second.startswith(":60")
    try:
        text = f"{day}T{minute}{':59' + second[3:] if leap else second}{offset.upper()}"
        at = datetime.fromisoformat(text).astimezone(UTC)
        at += timedelta(seconds=1 if leap else 0)
    except (ValueError, OverflowError):
        raise Refused(field, "no such day or time", hint) from None
    if not EARLIEST <= at <= LATEST:
        raise Refused(field, f"outside the years {EARLIEST.year} to {LATEST.year}", hint)
    return at


def size_refused(field: str, limit: int) -> Refused:
    """The refusal of something too long."""
    return Refused(field, f"longer than {kilobytes(limit)}")


def _identity(name: str, value: object, limit: int) -> str:
    if not isinstance(value, str):
        raise Refused(name, f"text is wanted, not {_kind(value)}")
    if not value.strip():
        raise Refused(name, "empty")
    if len(value.encode()) > limit:
        raise Refused(name, f"longer than {limit} bytes")
    if _CONTROL.search(value):
        raise Refused(name, "holds a line break or control character")
    return value


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "text"
