"""Events from outside: what is taken in, what is refused, and how the refusal names it."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.sources.event_line import EventIn, read_event
from lifecycle.sources.refused import Refused

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
AT = "2026-05-01T10:00:00Z"
GOOD: dict[str, Any] = {"id": "e1", "at": AT, "event": "order_placed", "customer": "c1"}


def line(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


def refusal(raw: Any, *, live: bool = False) -> Refused:
    with pytest.raises(Refused) as found:
        read_event(raw, received=NOW if live else None, live=live)
    return found.value


def test_a_line_becomes_an_event():
    found = read_event(line(properties={"total": 12.5}), received=None, live=False)
    at = datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert found == EventIn("e1", at, "order_placed", "c1", {"total": 12.5}, at)


def test_an_instant_with_another_offset_is_read_as_utc():
    found = read_event(line(at="2026-05-01t12:00:00.25+02:00"), received=None, live=False)
    assert found.at == datetime(2026, 5, 1, 10, 0, 0, 250_000, tzinfo=UTC)


def test_a_leap_second_is_the_next_second():
    found = read_event(line(at="2016-12-31T23:59:60Z"), received=None, live=False)
    assert found.at == datetime(2017, 1, 1, tzinfo=UTC)


def test_live_an_event_without_an_instant_happens_now():
    found = read_event('{"id":"1","event":"x","customer":"c"}', received=NOW, live=True)
    assert (found.at, found.received_at) == (NOW, NOW)


def test_in_a_replay_received_at_is_at_where_unsaid():
    later = "2026-05-03T10:00:00Z"
    assert read_event(line(), received=None, live=False).received_at.day == 1
    assert read_event(line(received_at=later), received=None, live=False).received_at.day == 3


def test_in_an_import_received_at_is_now_where_unsaid():
    assert read_event(line(), received=NOW, live=False).received_at == NOW


def test_of_a_key_said_twice_the_last_counts():
    raw = '{"id":"a","id":"b","event":"x","customer":"c","properties":{"n":1,"n":2}}'
    found = read_event(raw, received=NOW, live=True)
    assert (found.id, found.properties) == ("b", {"n": 2})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"id": 7}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 513}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"event": None}, "event"),
        ({"event": ["x"]}, "event"),
        ({"customer": None}, "customer"),
        ({"customer": True}, "customer"),
        ({"customer": "é" * 257}, "customer"),
        ({"at": None}, "at"),
        ({"at": 1_700_000_000}, "at"),
        ({"at": "2026-05-01"}, "at"),
        ({"at": "2026-05-01T10:00:00"}, "at"),
        ({"at": "2026-02-30T10:00:00Z"}, "at"),
        ({"at": "0001-01-01T00:00:00+23:59"}, "at"),
        ({"at": "9999-12-31T23:59:59Z"}, "at"),
        ({"received_at": "soon"}, "received_at"),
        ({"properties": []}, "properties"),
        ({"properties": {"x": "\0"}}, "properties.x"),
        ({"properties": {"a\0b": 1}}, "properties"),
        ({"properties": {"items": [{"n": "\ud800"}]}}, "properties.items[0].n"),
        ({"properties": {"k" * 513: 1}}, "properties"),
        ({"properties": {"n": 2**64}}, "properties.n"),
        ({"properties": {"n": -(2**63) - 1}}, "properties.n"),
        ({"properties": {"n": math.nan}}, "properties.n"),
        ({"properties": {"n": -math.inf}}, "properties.n"),
        ({"propertys": {}}, "propertys"),
    ],
)
def test_a_refusal_names_the_field(changes: dict[str, Any], field: str):
    raw = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    assert refusal(json.dumps(raw)).field == field
    assert refusal(raw).field == field


def test_an_unknown_key_is_refused_with_the_nearest_known():
    assert "properties" in refusal(line(propertys={})).hint


def test_a_number_beyond_all_bounds_is_refused_by_its_field():
    raw = line(properties={"n": 1}).replace('"n": 1', '"n": 1e999')
    assert refusal(raw).field == "properties.n"


def test_received_at_is_refused_over_http():
    assert refusal(line(received_at=AT), live=True).field == "received_at"


def test_depth_32_is_taken_and_33_refused():
    def nested(levels: int) -> str:
        return "[" * levels + "]" * levels

    deep = line(properties={"x": 0})
    assert read_event(deep.replace("0}", nested(30) + "}"), received=NOW, live=False)
    assert "deeper" in refusal(deep.replace("0}", nested(31) + "}")).problem


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_200_000_levels_are_refused_however_they_come(opening: str):
    assert "longer" in refusal(opening * 200_000).problem
    assert "deeper" in refusal(opening * 5_000).problem
    inner: Any = {}
    for _ in range(200_000):
        inner = [inner]
    assert "deeper" in refusal({**GOOD, "properties": {"x": inner}}).problem
    while inner:
        inner = inner.pop()


def test_an_event_over_32_kb_is_refused_as_text_and_as_a_value():
    large = {**GOOD, "properties": {"x": "a" * 32_768}}
    assert "32 KB" in refusal(json.dumps(large)).problem
    assert "32 KB" in refusal(large).problem


@pytest.mark.parametrize("raw", [b"", b"nul", b"[1]", b'"x"', b"\xff\xfe", b'{"id":"1",}'])
def test_what_is_no_object_is_refused(raw: bytes):
    assert refusal(raw).problem


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400), st.dictionaries(st.text(), JSON)))
def test_whatever_comes_is_an_event_or_a_refusal(raw: Any):
    with suppress(Refused):
        assert read_event(raw, received=NOW, live=True).received_at == NOW


@given(properties=st.dictionaries(st.text(max_size=20), JSON, max_size=5))
def test_what_is_taken_in_can_be_stored_as_json(properties: dict[str, Any]):
    try:
        found = read_event({**GOOD, "properties": properties}, received=NOW, live=False)
    except Refused:
        return
    stored = json.dumps(found.properties, allow_nan=False).encode()
    assert json.loads(stored) == found.properties
    assert b"\\u0000" not in stored


def test_the_future_is_allowed_for_events():
    at = (NOW + timedelta(days=3)).isoformat()
    assert read_event(line(at=at), received=NOW, live=True).at == NOW + timedelta(days=3)
