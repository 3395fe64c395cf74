"""The log: one JSON line a happening on standard error, with ids and never an address."""

from __future__ import annotations

import json
import logging
import math
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

import msgspec

LOGGER_NAME = "lifecycle"
REDACTED = "[address]"

# Wider than the grammar of addresses on purpose: what merely looks like one is no loss in a log.
# `%40` is the at-sign of a link; the bounds keep the search linear on a long token.
_ADDRESS = re.compile(
    r"""(?:"[^"@]{0,256}"|[^\s"<>(),;:\[\]@\uff20]{1,256})"""
    r"""(?:@|\uff20|%40)"""
    r"""(?:\[[^\]]{0,256}\]|[^\s"'<>(),;:=\[\]{}/?&@]{1,256})""",
)
_AT_SIGNS = ("@", "\uff20", "%40")

_logger = logging.getLogger(LOGGER_NAME)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: at, level, event, then the ids it was given."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record; a message of another package becomes the event `said` with its text.

        A record of many happenings of one kind becomes as many lines.
        """
        many = getattr(record, "lifecycle_many", None)
        if many is not None:
            return _lines(record, many)
        line: dict[str, object] = {
            "at": _instant(record.created),
            "level": record.levelname.lower(),
        }
        ids = getattr(record, "lifecycle_ids", None)
        if ids is None:
            line |= {"event": "said", "logger": record.name, "text": record.getMessage()}
        else:
            line["event"] = record.getMessage()
            for name, value in ids.items():
                line[f"its_{name}" if name in line else name] = value
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # ASCII, so that a lone surrogate in somebody's data cannot stop the line.
        return json.dumps(_clean(line), ensure_ascii=True, allow_nan=False)


def redacted(text: str) -> str:
    """Give `text` with all that looks like an e-mail address put as `[address]`."""
    if not any(sign in text for sign in _AT_SIGNS):
        return text
    return _ADDRESS.sub(REDACTED, text)


def start(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send all logging of the process to `stream` (standard error if unsaid), one line a happening.

    Calling it again replaces the stream; nothing is written twice.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(level)


def happened(event: str, /, **ids: object) -> None:
    """Log that `event` happened, a past-tense name such as `message_accepted`, with its ids."""
    _write(logging.INFO, event, ids)


def happened_each(event: str, /, each: Sequence[Mapping[str, str]]) -> None:
    """Log that `event` happened to each of `each`, with its ids: as cheap as so many lines can be.

    No id is called at, level or event.
    """
    if each and _logger.isEnabledFor(logging.INFO):
        _logger.info(event, extra={"lifecycle_many": each})


def warned(event: str, /, **ids: object) -> None:
    """Log a happening that a person should look at, though the engine goes on as it should."""
    _write(logging.WARNING, event, ids)


def failed(event: str, /, **ids: object) -> None:
    """Log a failure; within an `except` block the traceback goes with it."""
    _write(logging.ERROR, event, ids, with_traceback=sys.exc_info()[0] is not None)


def _write(level: int, event: str, ids: dict[str, object], *, with_traceback: bool = False) -> None:
    if _logger.isEnabledFor(level):
        _logger.log(level, event, extra={"lifecycle_ids": ids}, exc_info=with_traceback)


def _lines(record: logging.LogRecord, many: Sequence[Mapping[str, str]]) -> str:
    """A line for each, all with the one instant; only plain ids go the fast way."""
    head = {
        "at": _instant(record.created),
        "level": record.levelname.lower(),
        "event": record.getMessage(),
    }
    begins = json.dumps(head)[:-1].encode()
    try:
        lines = b"\n".join([begins + b"," + msgspec.json.encode(ids)[1:] for ids in many])
    except UnicodeEncodeError:
        lines = b"@"
    if not lines.isascii() or b"@" in lines or b"%40" in lines:
        whole = (_clean({**head, **ids}) for ids in many)
        return "\n".join([json.dumps(one, ensure_ascii=True, allow_nan=False) for one in whole])
    return lines.decode()


def _clean(value: object) -> object:
    """Give what JSON can hold of `value`, without addresses at any depth."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {redacted(str(name)): _clean(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return redacted(str(value))


def _instant(created: float) -> str:
    """Write the instant at which logging itself stamped a record; no other clock is read."""
    return (
        datetime.fromtimestamp(created, UTC)
        .isoformat(timespec="microseconds")
        .replace("+00:00", "Z")
    )
