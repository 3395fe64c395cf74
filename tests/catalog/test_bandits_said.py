"""What `check` says of a bandit: where it works, and which keys mean nothing beside it."""

from __future__ import annotations

import pytest

from tests.catalog.shop import CART, FILES, SALE, problems_of

CART_FILE, SALE_FILE = "campaigns/abandoned_cart.toml", "campaigns/spring_sale.toml"
BANDIT = CART.replace("confidence = 95", 'policy = "bandit"')


def found(file: str, text: str, severity: str) -> list[str]:
    return [one.problem for one in problems_of({**FILES, file: text}) if one.severity == severity]


def test_a_bandit_of_a_flow_is_sound() -> None:
    assert found(CART_FILE, BANDIT, "error") == []
    assert not any("bandit" in one for one in found(CART_FILE, BANDIT, "warning"))


@pytest.mark.parametrize("key", ["confidence = 95", "at_least = 200"])
def test_what_asks_for_a_proof_means_nothing_beside_a_bandit(key: str) -> None:
    text = BANDIT.replace('policy = "bandit"', f'policy = "bandit"\n{key}')
    name = key.split()[0]
    expected = f"a bandit proves nothing, and `{name}` asks for a proof"
    assert expected in found(CART_FILE, text, "warning")


def test_a_bandit_does_not_go_with_variants_that_have_times_of_their_own() -> None:
    text = BANDIT
    for name in ("named", "question"):
        text = text.replace(f'name    = "{name}"', f'name    = "{name}"\nat = "10:00"')
    assert any(
        "a variant's `at` is waited for before" in one for one in found(CART_FILE, text, "error")
    )


def test_what_goes_out_at_once_is_no_bandits() -> None:
    text = SALE.replace("[winner]", '[winner]\npolicy = "bandit"')
    assert any("this goes out to all at once" in one for one in found(SALE_FILE, text, "error"))


def test_a_test_that_is_sized_by_us_needs_no_wait_said() -> None:
    text = SALE.replace("test_percent = 20", 'test_percent = "auto"')
    text = text.replace('decide_after = "4 hours"', "")
    assert found(SALE_FILE, text, "error") == []
