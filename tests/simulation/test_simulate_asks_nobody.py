"""A simulation does nothing outside: hooks that give codes are never asked."""

from __future__ import annotations

import pytest

from lifecycle.hooks import Incentive, IncentiveAsked, Place, Registry
from lifecycle.sim.simulate import SimulateOptions, simulate
from tests.simulation.shop import flow, shop, step


@pytest.mark.parametrize("faults", [False, True])
def test_no_hook_is_asked_for_a_code(faults: bool) -> None:
    asked: list[IncentiveAsked] = []

    def lottery(one: IncentiveAsked) -> str:
        asked.append(one)
        return "REAL"

    hooks = Registry(incentives={"lottery": Incentive("lottery", lottery, Place("x.py", 1))})
    offer = step(more='[step.incentive]\nkind = "lottery"')
    given = '[[step]]\nname = "given"\nissue = { kind = "lottery" }'
    catalog = shop({"f": flow('when = "site_visited"\nagain = "always"', offer, given)})
    run = simulate(catalog, hooks, SimulateOptions(people=8, days=10, seed="1", faults=faults))
    try:
        assert {"sent", "issued"} <= {one["what"] for one in run.world.decisions()}
    finally:
        run.close()
    assert asked == []
