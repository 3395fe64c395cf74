"""What is told of a test before its launch: by the database's figures, else by assumption."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from lifecycle.core.experiment import Score, leading
from lifecycle.core.words import rfc3339
from lifecycle.insight.before_launch import ASSUMED, Prospect, detectable, prospects
from lifecycle.insight.before_launch_spoken import told
from lifecycle.models.past_tests import Prior, default_prior
from lifecycle.models.test_and_roll import gain
from lifecycle.store import operations
from tests.faults.running import Post, Running
from tests.simulation.shop import broadcast, event, flow, instant, person, settings, shop, step
from tests.store.prepared import with_tables

NOW = instant("2026-05-04T09:00:00")


def variants(of: str = "", names: str = "ab") -> str:
    return "".join(f'[[{of}variant]]\nname = "{one}"\nsubject = "{one}"\n' for one in names)


def sale(winner: str, at: str = "2026-05-20T09:00:00Z", more: str = "") -> str:
    return broadcast(at, more=f"{more}\n{variants()}[winner]\n{winner}\n" if winner else variants())


def evergreen(winner: str) -> str:
    return flow('when = "a"', step(more=f"{variants('step.')}[step.winner]\n{winner}\n"))


AUTO = 'by = "click_rate"\ntest_percent = "auto"'


def one(text: str, now: datetime = NOW) -> Prospect:
    (found,) = prospects(shop({"c": text}), None, now)
    return found


def test_without_a_database_ten_thousand_readers_are_spoken_of() -> None:
    found = one(sale(AUTO))
    prior = default_prior("click_rate")
    assert (found.readers, found.counted, found.past_tests) == (ASSUMED, False, 0)
    assert found.tested == pytest.approx(2 * 1_396, abs=400)
    expected = gain(ASSUMED, 2, found.tested / 2, prior)
    assert found.gains == pytest.approx(expected.expected, rel=1e-3)
    assert 0 < found.gains < found.perfect == pytest.approx(expected.perfect)
    lines = told(found, "EUR")
    assert lines[0].startswith("c: 2 variants by clicks, by usual figures")
    assert "the others get the better one 4 hours later" in lines[1]


def test_what_is_over_is_not_told_of_and_neither_is_a_letter_without_variants() -> None:
    assert prospects(shop({"c": sale(AUTO)}), None, instant("2026-06-01T00:00:00")) == ()
    assert prospects(shop({"c": flow('when = "a"')}), None, NOW) == ()
    assert (
        prospects(
            shop(
                {
                    "c": evergreen(AUTO.split("\n")[0]).replace(
                        'status = "live"', 'status = "archived"'
                    )
                }
            ),
            None,
            NOW,
        )
        == ()
    )


def test_where_all_try_nothing_is_gained_and_it_is_said() -> None:
    found = one(sale('by = "click_rate"\ndecide_after = "4 hours"'))
    assert (found.tested, found.gains) == (ASSUMED, 0)
    assert "gains nothing here" in told(found, "EUR")[3]


def test_a_bandit_is_said_to_prove_nothing() -> None:
    lines = told(one(evergreen('by = "click_rate"\npolicy = "bandit"')), "EUR")
    assert "proves nothing" in lines[2]


def test_revenue_is_told_in_shares_until_a_past_test_tells_of_money() -> None:
    goal = '[goal]\nwhen = "order_placed"\nvalue = "total"\n'
    found = one(sale('by = "revenue"\ntest_percent = "auto"', more=goal))
    assert not found.in_money
    lines = told(found, "EUR")
    assert "% of revenue" in lines[3] and "EUR" not in " ".join(lines)


@pytest.mark.parametrize(("letters", "rate"), [(2_000, 0.05), (20_000, 0.02)])
def test_the_detectable_difference_is_proven_in_eight_cases_of_ten(
    letters: int, rate: float
) -> None:
    """Held against our own verdicts of letters that answer or do not."""
    prior = Prior("click_rate", rate, 0.1 * rate, math.sqrt(rate * (1 - rate)), 0)
    apart, dice = detectable(letters, 2, 95, prior), np.random.default_rng(4)
    runs, proven = 600, 0
    for a, b in zip(
        dice.binomial(letters, rate - apart / 2, runs),
        dice.binomial(letters, rate + apart / 2, runs),
        strict=True,
    ):
        found = leading([Score("a", letters, int(a)), Score("b", letters, int(b))], 95, 1)
        proven += found is not None and found.proven
    assert proven / runs == pytest.approx(0.8, abs=0.06)


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def running(database_url: str) -> Iterator[Running]:
    """A shop with readers, one of whom is held out, and a flow that has sent letters."""
    files = {
        "sale": sale(AUTO, more="[holdout]\npercent = 30"),
        "f": evergreen('by = "click_rate"'),
    }
    found = Running(database_url, shop(files, said=settings()), Post())
    found.start("2026-05-01T00:00:00")
    names = [f"c{number}" for number in range(50)]
    found.say(*(person(name) for name in names), at="2026-05-01T00:00:00")
    found.hear(*(event("2026-05-02T10:00:00", "a", name) for name in names[:20]))
    found.run("2026-05-03T00:00:00")
    yield found
    found.close()


def test_a_plan_counts_readers_without_those_held_out_and_a_flows_letters(
    running: Running,
) -> None:
    with running.database.read() as connection:
        found = {one.campaign: one for one in prospects(running.catalog, connection, NOW)}
    policy = running.engine.policy()
    sale_ = running.catalog.campaigns["sale"]
    expected = sum(not policy.held_out(sale_, f"c{number}") for number in range(50))
    assert found["sale"].readers == expected < 50
    assert (found["f"].readers, found["f"].counted) == (20, True)


def test_once_a_broadcast_has_begun_it_is_not_ahead(running: Running) -> None:
    running.run(rfc3339(instant("2026-05-20T09:00:00")))
    with running.database.read() as connection:
        found = prospects(running.catalog, connection, instant("2026-05-20T10:00:00"))
    assert [one.campaign for one in found] == ["f"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("ab", "“b”, which all new readers get, and no other variant; give the step another name"),
        ("bc", "“b”, which all new readers get, and no other variant; give the step another name"),
        ("ac", "“b”, which is gone: variants are given out by their shares, and none is chosen;"),
    ],
)
def test_of_a_test_that_was_decided_nothing_is_foretold(
    running: Running, names: str, says: str
) -> None:
    with running.database.write() as connection:
        place = ("f", "hello", "")
        operations.give_verdict(connection, place, "b", proven=True, detail="it was", now=NOW)
    text = evergreen('by = "click_rate"').replace(variants("step."), variants("step.", names))
    with running.database.read() as connection:
        (found,) = prospects(shop({"f": text}), connection, NOW)
    (line,) = told(found, "EUR")
    assert line.startswith(f"f/hello: its test was decided for {says}")
