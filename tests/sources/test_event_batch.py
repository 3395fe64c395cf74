"""Many events read at once: what the quick reader takes is what the careful one takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.sources.event_batch import batch_of, read_sound
from lifecycle.sources.event_line import read_event

NOW = datetime(2026, 5, 4, 9, 0, 0, 123456, tzinfo=UTC)
GOOD: dict[str, Any] = {"id": "e1", "event": "order_placed", "customer": "c1"}


def body(*changes: dict[str, Any]) -> bytes:
    return json.dumps([{**GOOD, **change} for change in changes]).encode()


def is_read_alike(raw: bytes) -> bool:
    """Whether the quick reader takes it, and as the careful one does, which must take it then."""
    quick = read_sound(raw, NOW)
    if quick is None:
        return False
    lines = [bytes(one) for one in msgspec.json.decode(raw, type=list[msgspec.Raw])]
    careful = [read_event(line, received=NOW, live=True) for line in lines]
    assert quick == batch_of(careful)
    return True


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"properties": {"total": 12.5, "lines": [{"sku": "a", "tags": ["x", None, True]}]}},
        {"properties": None, "at": None, "received_at": None},
        {"properties": {"x": 2**63 - 1, "y": -(2**63), "z": 1e300, "tab": "a\tb"}},
        {"at": "2026-05-04T09:00:00Z"},
        {"at": "2026-05-04T09:00:00.123Z"},
        {"at": "2026-05-04T09:00:00.1234567891Z"},
        {"at": "2026-05-04t11:00:00+02:00"},
        {"customer": "Zoë 😀", "id": "x y"},
    ],
)
def test_what_shops_send_is_read_quickly_and_alike(change: dict[str, Any]):
    assert is_read_alike(body({}, change))


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "  "},
        {"id": 5},
        {"id": "a\nb"},
        {"id": "x" * 600},
        {"customer": "a\x7fb"},
        {"event": "a\u0000b"},
        {"at": "2026-05-04"},
        {"at": "2026-05-04T09:00:0Z"},
        {"at": "2026-02-30T09:00:00Z"},
        {"at": "2016-12-31T23:59:60Z"},
        {"at": "1800-01-01T00:00:00Z"},
        {"received_at": "2026-05-04T09:00:00Z"},
        {"unknown": 1},
        {"properties": []},
        {"properties": {"x": 2**70}},
        {"properties": {"x": "a\u0000b"}},
        {"properties": {"x" * 600: 1}},
        {"properties": {"x": "y" * 40_000}},
    ],
)
def test_what_may_not_be_sound_is_left_to_the_careful_reader(change: dict[str, Any]):
    assert read_sound(body({}, change), NOW) is None


def test_a_long_event_is_found_among_many_and_by_itself():
    long = {"properties": {"x": "y" * 33_000}}
    assert read_sound(body(*[{}] * 300, long), NOW) is None
    assert read_sound(json.dumps({**GOOD, **long}).encode(), NOW) is None
    assert is_read_alike(body(*({"id": str(n), "event": "x" * 60} for n in range(1_000))))


def test_one_event_by_itself_is_a_batch_of_one():
    batch = read_sound(json.dumps(GOOD).encode(), NOW)
    assert batch is not None
    assert (batch.count, batch.names) == (1, frozenset(("order_placed",)))
    assert json.loads(batch.lines) == [["e1", "order_placed", "c1", 1777885200123456, {}]]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**66), 2**66)
    | st.floats(allow_nan=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)
TEXTS = st.text(min_size=0, max_size=6) | st.sampled_from(["a", "order_placed", " a", "a ", "\x85"])
LINES = st.fixed_dictionaries(
    {"id": TEXTS, "event": TEXTS, "customer": TEXTS},
    optional={"properties": st.dictionaries(st.text(max_size=5), VALUES, max_size=4)},
)


@given(st.lists(LINES, max_size=3), st.booleans())
def test_both_readers_agree_on_all_that_the_quick_one_takes(
    lines: list[dict[str, Any]], escaped: bool
):
    try:
        raw = json.dumps(lines, ensure_ascii=escaped).encode()
    except UnicodeEncodeError:
        return
    is_read_alike(raw)
