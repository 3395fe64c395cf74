"""The template of an occurrence, by its day."""

from __future__ import annotations

from datetime import date

import pytest

from lifecycle.core.recurring import template_for, template_pattern


@pytest.mark.parametrize(
    ("name", "on", "expected"),
    [
        ("newsletter/{yyyy-mm}", date(2027, 5, 3), "newsletter/2027-05"),
        ("n/{yyyy}/{mm}-{dd}", date(2027, 5, 3), "n/2027/05-03"),
        ("n/{yyyy-mm-dd}", date(2027, 5, 3), "n/2027-05-03"),
        ("n/{yyyy}-w{ww}", date(2027, 5, 3), "n/2027-w18"),
        ("n/{yyyy}-w{ww}", date(2027, 1, 1), "n/2026-w53"),
        ("n/{yyyy}", date(2027, 1, 1), "n/2027"),
        ("n/{month}", date(2027, 1, 1), "n/{month}"),
        ("n/plain", date(2027, 1, 1), "n/plain"),
    ],
)
def test_a_template_is_named_by_its_day(name: str, on: date, expected: str):
    assert template_for(name, on) == expected
    pattern = template_pattern(name)
    assert (pattern is None) == (expected == name)
    assert pattern is None or pattern.fullmatch(expected)


@pytest.mark.parametrize("other", ["newsletter/2027-5", "newsletter/2027-05x", "newsletter/about"])
def test_other_names_are_none_of_it(other: str):
    pattern = template_pattern("newsletter/{yyyy-mm}")
    assert pattern is not None
    assert pattern.fullmatch(other) is None
