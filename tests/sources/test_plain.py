"""Plain data: what is surely sound, and where the fault lies in what is not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.sources.plain import MAX_TEXT_BYTES, _find_fault, _is_sound, check
from lifecycle.sources.refused import Refused

TEXTS = st.text(st.characters(codec=None), max_size=6) | st.sampled_from(
    ["\0", "\ud800", "k" * 513, "é" * (MAX_TEXT_BYTES // 2), "é" * (MAX_TEXT_BYTES // 2 + 1)]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(value=VALUES)
def test_what_is_surely_sound_has_no_fault(value: Any):
    if _is_sound(value, 1):
        _find_fault(value, "", 1)


@given(value=VALUES)
def test_what_passes_can_be_written_and_holds_no_nul(value: Any):
    with suppress(Refused):
        check(value)
        assert "\\x00" not in repr(value).encode("utf-8").decode().replace("\\\\", "")
