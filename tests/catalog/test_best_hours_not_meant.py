"""Letters whose hour is better not chosen are told, each with its reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lifecycle.catalog.load import load
from tests.simulation.shop import LETTER, broadcast, flow, settings, step

BEST = 'at = "best hour"'
OFFER = '[step.incentive]\nkind = "shared_code"\ncode = "X"\nvalid_for = "{}"'
CART = 'when = "cart_updated"\nper = "cart_id"'


def told(folder: Path, text: str) -> list[str]:
    for name in ("campaigns", "templates"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "settings.toml").write_text(settings())
    (folder / "templates/hello.mjml").write_text(LETTER)
    (folder / "campaigns/f.toml").write_text(text)
    return [one.problem for one in load(folder).problems if "hour" in one.problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (flow('when = "go"', step(more=BEST)), None),
        (
            flow('when = "go"', step(more=f"transactional = true\n{BEST}")),
            "a transactional letter is waited for, and this one waits for the best hour",
        ),
        (
            flow('when = "go"', step(more=f"not_after = {date(2027, 1, 1)}\n{BEST}")),
            "the best hour of some lies behind `not_after`: they get nothing",
        ),
        (
            flow('when = "go"', step(more=f"{BEST}\n{OFFER.format('1 day')}")),
            "what this letter offers holds for a day at most, and the best hour may be late",
        ),
        (flow('when = "go"', step(more=f"{BEST}\n{OFFER.format('2 days')}")), None),
        (
            flow(CART, step(more=f'after = "1 hour"\n{BEST}')),
            "a cart is remembered for hours, and the best hour may be a day away",
        ),
        (
            flow(CART, step(more=BEST)),
            "a cart is remembered for hours, and the best hour may be a day away",
        ),
        (flow(CART, step(more=f'after = "6 hours"\n{BEST}')), None),
        (
            broadcast(
                '"best hour"',
                top="on = 2027-01-01",
                more='[waves]\npercent=[10, 90]\ngap="3 hours"',
            ),
            "later waves miss the best hour: they come so much later on the same clock",
        ),
        (
            broadcast(
                '"best hour"', top="on = 2027-01-01", more='[waves]\npercent=[10, 90]\ngap="2 days"'
            ),
            None,
        ),
    ],
)
def test_where_an_hour_is_better_not_chosen(tmp_path: Path, text: str, problem: str | None):
    assert told(tmp_path, text) == ([] if problem is None else [problem])
