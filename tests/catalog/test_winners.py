"""What a winner may say: how much it takes, how long, and what does not go together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from lifecycle.core.least import Least
from lifecycle.core.step import Winner
from tests.catalog.shop import CART, SALE
from tests.catalog.wrong_flow import exchanged

A_DAY = timedelta(days=1)
CART_FILE, SALE_FILE = "campaigns/abandoned_cart.toml", "campaigns/spring_sale.toml"
OURS = "confidence = 95"


@pytest.mark.parametrize(
    ("said", "letters", "time"),
    [
        (40, 40, None),
        ("14 days", 100, 14 * A_DAY),
        ("0 days", 100, timedelta()),
        ([250, "2 weeks"], 250, 14 * A_DAY),
        (["36 hours", 7], 7, 1.5 * A_DAY),
        (["3 days"], 100, 3 * A_DAY),
    ],
)
def test_a_winner_takes_letters_a_time_or_both(
    said: object, letters: int, time: timedelta | None
) -> None:
    winner = Winner.model_validate({"by": "click_rate", "at_least": said})
    assert winner.at_least == Least(letters, time)


@pytest.mark.parametrize(
    "said", [0, -5, 2.5, True, [], [10, 20], ["1 day", "2 days"], "a week", "3 months", [None], {}]
)
def test_what_is_neither_letters_nor_time_is_refused(said: object) -> None:
    with pytest.raises(ValidationError):
        Winner.model_validate({"by": "click_rate", "at_least": said})


def test_a_whole_week_of_letters_with_their_time_is_waited_for_where_nothing_is_said() -> None:
    assert Winner(by="click_rate").at_least.wait(3 * A_DAY) == 10 * A_DAY
    said = Winner.model_validate({"by": "click_rate", "at_least": "0 days"})
    assert said.at_least.wait(3 * A_DAY) == timedelta()


@pytest.mark.parametrize(
    ("new", "severity", "problem", "hint"),
    [
        ('policy = "thompson"', "error", "`policy` is test or bandit, not “thompson”", ""),
        (
            'at_least = "30 days"',
            "warning",
            "`within` is over before anything may be proven: the leader is kept unproven",
            "give it more time",
        ),
        (
            'policy = "bandit"; at_least = 50',
            "warning",
            "a bandit proves nothing, and `at_least` asks for a proof",
            'leave `at_least` out, or policy = "bandit"',
        ),
        ('at_least = "soon"', "error", "“soon” is not a length", "write at_least = 200"),
    ],
)
def test_a_flow_says_how_its_winner_is_proven(
    new: str, severity: str, problem: str, hint: str
) -> None:
    ((how, said, what),) = exchanged(CART_FILE, CART, OURS, new)
    assert how == severity
    assert said.partition(" ")[2].startswith(problem)
    assert what.startswith(hint)


@pytest.mark.parametrize("policy", ['policy = "bandit"', 'policy = "test"; at_least = 50'])
def test_a_flow_may_have_a_bandit_or_a_test(policy: str) -> None:
    assert exchanged(CART_FILE, CART, OURS, policy) == []


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ('policy = "bandit"', "a bandit learns from one reader to the next"),
        ('at_least = "7 days"', "a length in `at_least` belongs to the winner of a flow's step"),
    ],
)
def test_a_broadcast_has_no_time_to_wait_for_a_proof(new: str, problem: str) -> None:
    ((how, said, _),) = exchanged(SALE_FILE, SALE, "test_percent = 20", f"test_percent = 20; {new}")
    assert how == "error"
    assert problem in said
