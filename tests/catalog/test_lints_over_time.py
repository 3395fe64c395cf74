"""Doubts about rules that ask for how long, and for what was sent."""

from __future__ import annotations

import pytest

from tests.catalog.shop import SETTINGS, problems_of

FILE = "segments/vip.toml"
KEPT = {"settings.toml": SETTINGS + '[retention]\nevents = "300 days"\n'}


def told(rule: str, words: str) -> bool:
    """Whether those words are said of a rule, where events are kept for 300 days."""
    problems = problems_of({FILE: f'name = "x"\n[match]\n{rule}\n', **KEPT})
    assert not [one for one in problems if one.severity == "error"], problems
    return any(one.file == FILE and words in one.problem for one in problems)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ('customer = "plan"\nis = "gold"\nheld_for = "300 days"', False),
        ('customer = "plan"\nis = "gold"\nheld_for = "301 days"', True),
        ('customer = "plan"\nis = "gold"\nheld_for = "2 x gap"', False),
        ('was_sent = "spring_sale"\nwithin = "300 days"', False),
        ('was_sent = "spring_sale"\nwithin = "301 days"', True),
        ('was_sent = "spring_sale"', True),
        ('customer = "plan"\nis = "gold"', False),
    ],
)
def test_what_looks_further_back_than_is_kept_is_told(rule: str, wanted: bool) -> None:
    assert told(rule, "further back than events are kept") is wanted


HELD = '{ customer = "plan", is = "gold", held_for = "3 days" }'


@pytest.mark.parametrize(
    "rule",
    [
        f'all = [ {{ customer = "plan", is = "gold" }} ]\nnone = [ {HELD} ]',
        f'any = [ {HELD}, {{ not = {{ customer = "plan", is = "gold" }} }} ]',
        f"all = [ {HELD}, {{ not = {HELD.replace('3 days', '9 days')} }} ]",
        f'all = [ {HELD}, {{ customer = "plan", is_set = true }} ]',
    ],
)
def test_for_how_long_is_not_taken_for_whether(rule: str) -> None:
    assert not told(rule, "never")
    assert not told(rule, "always")
