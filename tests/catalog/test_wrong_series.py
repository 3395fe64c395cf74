"""What series may not say, and what in them is doubtful."""

from __future__ import annotations

import pytest

from tests.catalog.wrong_flow import exchanged

SERIES_FILE = "campaigns/friday.toml"
SERIES = """\
name = "S"
kind = "series"
topic = "offers"
anchor = 2026-11-27
audience = { did = "order_placed" }
[[step]]
name = "a"
at = "T-7 days 09:00"
template = "cart/offer"
subject = "x"
"""


@pytest.mark.parametrize(
    ("old", "new", "problem", "hint"),
    [
        ("anchor = 2026-11-27; ", "", "1:1 `anchor` is missing", "write anchor = …"),
        (
            "2026-11-27",
            '"Black Friday"',
            "4:1 “Black Friday” is not an instant",
            "write 2026-05-04 or 2026-05-04T09:00:00",
        ),
        (
            '"T-7 days 09:00"',
            '"09:00"',
            "8:1 the step “a” of a series says its day",
            'write at = "T-7 days 09:00"',
        ),
        (
            'at = "T-7 days 09:00"; ',
            "",
            "6:3 the step “a” of a series says its day",
            'write at = "T-7 days 09:00"',
        ),
        (
            '"T-7 days 09:00"',
            '"T-7 dayz"',
            "8:1 “T-7 dayz” is no time around T",
            'write "T-7 days 10:00", "T 09:00" or "T-2 hours"',
        ),
        (
            'template = "cart/offer"; subject = "x"',
            "award = 5",
            "6:3 a step of a series writes a letter, and “a” writes none",
            "what else is to be done stands in a flow",
        ),
        (
            "template",
            'after = "1 day"; template',
            "9:1 `after` counts from what went before, and a series goes by its days",
            'write at = "T-7 days 09:00" alone',
        ),
        (
            "template",
            'not_after = "T-8 days"; template',
            "9:1 this never goes: its time comes after `not_after`",
            "move one of the two",
        ),
        (
            "template",
            'not_after = "T-8 dayz"; template',
            "9:1 “T-8 dayz” is no time around T",
            'write "T-7 days 10:00", "T 09:00" or "T-2 hours"',
        ),
        (
            'audience = { did = "order_placed" }; ',
            "",
            "1:1 [audience] is missing",
            "add [audience] with its keys",
        ),
        (
            '{ did = "order_placed" }',
            '{ event = "total", at_least = 3 }',
            "5:14 `event` reads the event that let the customer in, and here is none",
            "it belongs into the rules of a flow",
        ),
        (
            '{ did = "order_placed" }',
            '{ in_segment = "vpi" }',
            "5:14 there is no segment “vpi”",
            "did you mean “vip”?",
        ),
        (
            'topic = "offers"; ',
            "",
            "1:1 a series names its `topic`",
            'write topic = "newsletter", one of [topics] in settings.toml, near the top',
        ),
        (
            "[[step]]",
            '[enter]; when = "order_placed"; [[step]]',
            "6:2 `enter` is not known here",
            'it belongs to campaigns of kind = "flow"',
        ),
        (
            "[[step]]",
            '[waves]; percent = [5, 95]; gap = "1 hour"; [[step]]',
            "6:2 `waves` is not known here",
            'it belongs to campaigns of kind = "broadcast"',
        ),
        (
            "template",
            "at_least = 3; template",
            "9:1 `at_least` is not known in [[step]]",
            "it belongs under [step.winner]",
        ),
        (
            'kind = "series"',
            'kind = "serie"',
            "2:1 “serie” is no kind of campaign",
            "did you mean “series”?",
        ),
        (
            'subject = "x"; ',
            (
                'subject = "x"; [[step]]; name = "a"; at = "T 09:00"; template = "cart/offer"; '
                'subject = "x"; '
            ),
            "12:1 the name “a” is taken twice",
            "a name is an identity: choose another",
        ),
        (
            '09:00"',
            '22:00"; not_after = "T-7 days 23:00"',
            "9:1 this never goes: its time comes after `not_after`",
            "move one of the two",
        ),
    ],
)
def test_a_wrong_series_is_told_at_its_place(old: str, new: str, problem: str, hint: str):
    ((severity, said, what),) = exchanged(SERIES_FILE, SERIES, old, new)
    assert severity == "error"
    assert said.startswith(problem)
    assert what.startswith(hint)
    assert bool(what) == bool(hint)


@pytest.mark.parametrize(
    ("old", "new", "problem", "hint"),
    [
        (
            '09:00"',
            '22:00"',
            "8:1 this lies in the quiet hours: the letters will wait until 08:00",
            "",
        ),
        (
            'subject = "x"; ',
            (
                'subject = "x"; [[step]]; name = "b"; at = "T-9 days 09:00"; '
                'template = "cart/offer"; subject = "x"; '
            ),
            "13:1 this comes before “a”, which stands above it",
            "let the steps stand in the order of time",
        ),
    ],
)
def test_a_doubtful_series_is_warned_of(old: str, new: str, problem: str, hint: str):
    ((severity, said, what),) = exchanged(SERIES_FILE, SERIES, old, new)
    assert severity == "warning"
    assert said.startswith(problem)
    assert what.startswith(hint)
    assert bool(what) == bool(hint)
