"""Files of lines, JSON Lines or CSV: each line read on its own, a bad one stopping no other."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from lifecycle.errors import UsageError
from lifecycle.sources.fields import MAX_LINE_BYTES, Line
from lifecycle.sources.plain import kilobytes
from lifecycle.sources.refused import Refused

Value = TypeVar("Value")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COLUMN_DEPTH = 16
SPLIT_AT = ";"
"""What parts several names in one CSV cell."""
LISTS = ("agreed_to",)


def read_lines(
    path: Path, read: Callable[[Line], Value], *, known: Sequence[str] = (), extra: str = ""
) -> Iterator[tuple[int, Value | Refused]]:
    """Give each line's number, from 1, and what `read` makes of it, or its refusal.

    `.csv` files need a header: columns in `known` are the line's own keys, `a.b` is the key `b`
    in the object `a`, all others belong in the object `extra` (`properties`, `attributes`); an
    empty cell says nothing. Empty lines are passed over. Raises UsageError for another ending.
    """
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        with path.open("rb") as file:
            yield from _json_lines(file, read)
    elif path.suffix.lower() == ".csv":
        yield from _csv_lines(path, read, known, extra)
    else:
        raise UsageError(
            "the file cannot be read", f"“{path.suffix}” is unknown", "give a .jsonl or .csv file"
        )


def _json_lines(
    file: BinaryIO, read: Callable[[Line], Value]
) -> Iterator[tuple[int, Value | Refused]]:
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, Refused("", f"longer than {kilobytes(MAX_LINE_BYTES)}")
            continue
        if number == 1:
            raw = raw.removeprefix(BYTE_ORDER_MARK)
        if raw.strip():
            yield number, _tried(read, raw)


def _csv_lines(
    path: Path, read: Callable[[Line], Value], known: Sequence[str], extra: str
) -> Iterator[tuple[int, Value | Refused]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file)
        try:
            header = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            raise UsageError("the header cannot be read", str(error)) from error
        twice = {name for name in header if name and header.count(name) > 1}
        if twice:
            raise UsageError("a column stands twice", ", ".join(sorted(twice)))
        while True:
            begins = rows.line_num + 1
            try:
                row = next(rows, None)
            except csv.Error as error:
                # The reader begins afresh with the next line.
                yield begins, Refused("", f"not a row of CSV: {error}")
                continue
            if row is None:
                return
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(header):
                yield begins, Refused("", f"{len(row)} cells under {len(header)} columns")
                continue
            try:
                line = _object(dict(zip(header, row, strict=False)), known, extra)
            except Refused as refused:
                yield begins, refused
                continue
            yield begins, _tried(read, line)


def _object(cells: dict[str, str], known: Sequence[str], extra: str) -> dict[str, Any]:
    line: dict[str, Any] = {}
    for column, cell in cells.items():
        if not column or not cell.strip():
            continue
        way = column.split(".")
        if extra and way[0] not in known and way[0] != extra:
            way = [extra, *way]
        if len(way) > COLUMN_DEPTH:
            raise Refused(column, f"a column deeper than {COLUMN_DEPTH} parts")
        place = line
        for part in way[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise Refused(column, "a column inside another that holds a value")
        place[way[-1]] = _cell(column, cell)
    return line


def _cell(column: str, cell: str) -> Any:
    if column in LISTS and not cell.lstrip().startswith("["):
        return [name.strip() for name in cell.split(SPLIT_AT) if name.strip()]
    if cell.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def _tried(read: Callable[[Line], Value], line: Line) -> Value | Refused:
    try:
        return read(line)
    except Refused as refused:
        return refused
