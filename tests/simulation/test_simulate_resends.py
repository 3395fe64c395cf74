"""Letters of unknown fate in simulated shops: which go once more, and that no other one does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifecycle.core.doubt import Doubt
from lifecycle.engine import window
from lifecycle.hooks import Registry
from lifecycle.sim import faults
from lifecycle.sim.draws import Choice, Share
from lifecycle.sim.promise_broken import PromiseBroken
from lifecycle.sim.simulate import Simulated, SimulateOptions, simulate
from tests.simulation.busy_shop import DAILY
from tests.simulation.shop import flow, settings, shop, step

VIEWED = 'when = "product_viewed"\nagain = "always"'
RECEIPT = flow(VIEWED, "[sending]\nresend_uncertain = true", step(more="transactional = true"))
SALE = flow(VIEWED, step())


@pytest.fixture(autouse=True)
def prompt_feedback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Feedback is lost, but none comes a day late: the window stays short."""
    monkeypatch.setattr(faults, "FEEDBACK", Choice({"": 85, "lost": 15}))
    lost = {faults.LOST: 10, "answer lost, not taken": 10}
    monkeypatch.setattr(faults, "HAND_OVER", Choice({faults.TAKEN: 80, **lost}))


HEALTHY = replace(
    DAILY,
    is_erased=Share(0),
    address_is_dead=Share(0),
    soft_bounce=Share(0),
    unsubscribes=Share(0),
    complains=Share(0),
)


def lived() -> Simulated:
    catalog = shop({"receipt": RECEIPT, "sale": SALE}, said=settings())
    options = SimulateOptions(8, 10, "1", True, habits=HEALTHY)
    return simulate(catalog, Registry(), options)


def test_receipts_go_once_more_and_sales_never() -> None:
    run = lived()
    again = set(run.watch.resent)
    told = [row for row in run.world.decisions() if row["what"] == "sent"]
    assert {row["campaign"] for row in told} == {"receipt", "sale"}
    of = {one.message_id: one.campaign for one in run.watch.ses.log}
    assert {of[message_id] for message_id in again} == {"receipt"}
    assert len(again) == len(run.watch.resent) > 0
    run.close()


def test_a_window_that_lets_marketing_go_again_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window, "may_be_resent", lambda live, row: row.resent_at is None)
    monkeypatch.setattr(window, "_too_late", lambda *_: "")
    monkeypatch.setattr(Doubt, "weighed", lambda *_: True)
    with pytest.raises(PromiseBroken, match="put back"):
        lived().close()
