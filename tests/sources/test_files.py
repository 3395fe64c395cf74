"""Files of lines: bad lines stop no other, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.errors import UsageError
from lifecycle.sources.event_line import KNOWN as EVENT_KEYS
from lifecycle.sources.event_line import EventIn, read_event
from lifecycle.sources.fields import MAX_LINE_BYTES, Line
from lifecycle.sources.files import read_lines
from lifecycle.sources.refused import Refused


def event(line: Line) -> EventIn:
    return read_event(line, received=None, live=False)


def read(path: Path, content: bytes) -> list[tuple[int, EventIn | Refused]]:
    path.write_bytes(content)
    return list(read_lines(path, event, known=EVENT_KEYS, extra="properties"))


GOOD = b'{"id":"1","at":"2026-05-01T10:00:00Z","event":"x","customer":"c"}'


def test_json_lines_are_numbered_and_bad_ones_refused(tmp_path: Path):
    content = b"\xef\xbb\xbf" + GOOD + b"\n\n{bad\n" + GOOD
    found = read(tmp_path / "e.jsonl", content)
    assert [number for number, _ in found] == [1, 3, 4]
    assert [isinstance(value, Refused) for _, value in found] == [False, True, False]


def test_an_endless_line_is_one_bad_line(tmp_path: Path):
    content = GOOD + b"\n" + b"x" * (MAX_LINE_BYTES * 3) + b"\n" + GOOD + b"\n"
    found = read(tmp_path / "e.jsonl", content)
    assert [isinstance(value, Refused) for _, value in found] == [False, True, False]
    assert [number for number, _ in found] == [1, 2, 3]


HEADER = b"id,at,event,customer,total,properties.cart_id,shipping.country,items\r\n"


def test_csv_columns_become_properties(tmp_path: Path):
    row = b'1,2026-05-01T10:00:00Z,order_placed,c,12.50,k1,DE,"[{""sku"":""a""}]"\r\n'
    ((number, found),) = read(tmp_path / "e.csv", HEADER + row)
    assert number == 2
    assert isinstance(found, EventIn)
    assert found.properties == {
        "total": "12.50",
        "cart_id": "k1",
        "shipping": {"country": "DE"},
        "items": [{"sku": "a"}],
    }


@pytest.mark.parametrize(
    "row",
    [
        b"1,2026-05-01T10:00:00Z,x,c," + b"9" * 140_000 + b",,,\n",
        b'1,2026-05-01T10:00:00Z,x,c,"' + b"9" * 200_000 + b'",,,\n',
        b"1,2026-05-01T10:00:00Z,x,c,1,,,,too,many\n",
        b"1,2026-05-01T10:00:00Z,x,c,\xff,,,\n",
        b"1,2026-05-01T10:00:00Z,x,c,\0,,,\n",
        b"1,not an instant,x,c,1,,,\n",
    ],
    ids=["long cell", "long quoted cell", "cells too many", "not UTF-8", "NUL", "bad instant"],
)
def test_a_bad_row_of_csv_stops_no_other(tmp_path: Path, row: bytes):
    good = b"2,2026-05-01T10:00:00Z,x,c,1,,,\n"
    found = read(tmp_path / "e.csv", HEADER + row + good)
    assert [isinstance(value, Refused) for _, value in found] == [True, False]


def test_a_column_twice_or_an_unknown_ending_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match="twice"):
        read(tmp_path / "e.csv", b"id,id\n1,2\n")
    with pytest.raises(UsageError, match="xlsx"):
        read(tmp_path / "e.xlsx", b"")
