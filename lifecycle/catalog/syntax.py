"""Reads TOML, and says what keeps a text from being read in words that need no knowledge of it."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from lifecycle.catalog.scan import Found, Scan, scan
from lifecycle.catalog.syntax_words import say

MAX_ROUNDS = 20
"""Faulty statements that are told of in one file."""
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(text: str) -> tuple[dict[str, Any], list[Found]]:
    """The data of a TOML text, or every fault in it; never raises.

    After a fault the statement it stands in is left out and the reading goes on, so that all are
    found at once.
    """
    text = text.replace("\r\n", "\n")
    scanned = scan(text)
    if scanned.refused:
        return {}, scanned.refused
    if not scanned.traps:
        try:
            return tomllib.loads(text), []
        except (ValueError, RecursionError):
            pass
    return {}, _faults(text, scanned)


def _faults(text: str, scanned: Scan) -> list[Found]:
    lines = text.split("\n")
    found = list(scanned.traps)
    for line, *_ in scanned.traps:
        _leave_out(lines, scanned, line)
    headings_lost = False
    for _ in range(MAX_ROUNDS):
        fault = _fault("\n".join(lines))
        if fault is None:
            break
        line, column, message = fault
        first = scanned.first_line(min(line, len(lines)))
        while first > 1 and not "".join(lines[first - 1 : line]).strip():
            line = first - 1
            first = scanned.first_line(line)
        repeated = "overwrite" in message or "twice" in message or "Duplicate" in message
        if not (repeated and headings_lost):
            found.append(say(lines, first, line, column, message))
        headings_lost = headings_lost or lines[first - 1].lstrip().startswith("[")
        if not _leave_out(lines, scanned, line):
            break
    return sorted(set(found))


def _fault(text: str) -> tuple[int, int, str] | None:
    try:
        tomllib.loads(text)
    except RecursionError:
        return 1, 1, "too deep"
    except ValueError as error:
        message = str(error)
        at = _AT.search(message)
        if at and at[1]:
            return int(at[1]), int(at[2]), message[: at.start()]
        return text.count("\n") + 1, 1, message[: at.start()] if at else message
    return None


def _leave_out(lines: list[str], scanned: Scan, line: int) -> bool:
    first, last = scanned.first_line(line), scanned.last_line(line)
    had = any(one.strip() for one in lines[first - 1 : last])
    lines[first - 1 : last] = [""] * (last - first + 1)
    return had
