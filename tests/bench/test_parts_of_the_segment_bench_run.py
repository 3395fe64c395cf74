"""The benchmark of segments at a tiny size: each part runs and tells what it should."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("duckdb", reason="DuckDB is for the benchmarks; it is not installed")

from bench.segments import data, ingest, keeping_up, memory, postgres
from bench.segments.load import Offered
from bench.segments.rules import fifty

CUSTOMERS, EVENTS, CHANGED = 200, 4_000, 20
LINUX = Path("/proc/self/smaps_rollup").is_file()


@pytest.fixture
def shop() -> data.Shop:
    return data.make(CUSTOMERS, EVENTS)


def test_events_are_taken_in_both_ways_and_every_one_is_entered(tmp_path: Path) -> None:
    sizes = ingest.Sizes(
        customers=50, batched=400, bare_batch=100, singles=60, bare_singles=20, connections=2
    )
    found = ingest.measure(tmp_path, 2, sizes)
    assert len(found.batched) == len(found.singles) == 2
    for one in found.batched:
        assert (one.bare.events, one.served.events, one.entered.events) == (400, 400, 400)
        assert one.ratio > one.ratio_entered > 0
        assert one.bytes > 0 and one.bare_bytes > 0
    assert {one.bare.events for one in found.singles} == {20}


def test_a_rate_is_offered_to_the_daemon_and_all_of_it_is_taken_in(
    tmp_path: Path, shop: data.Shop
) -> None:
    sizes = keeping_up.Sizes(first=200, steps=2, seconds=1, at_once=20, connections=2)
    found = keeping_up.measure(tmp_path / "shop", shop, fifty()[:6], sizes)
    assert [step.offered.taken for step in found.steps] == [int(step.rate) for step in found.steps]
    first = found.steps[0]
    assert first.waiting and first.lags
    assert first.parts["rules"] > 0
    assert first.threads["all"] >= sum(first.parts.values())


@pytest.mark.parametrize(
    ("waiting", "lags", "refused", "late", "kept"),
    [
        pytest.param([90, 110, 90, 110] * 2, [1.0] * 8, 0, 0.0, True, id="as much at the end"),
        pytest.param([100, 200, 300, 400] * 1, [1.0] * 4, 0, 0.0, False, id="more and more"),
        pytest.param([100] * 8, [20.0] * 8, 0, 0.0, False, id="steadily far behind"),
        pytest.param([0] * 8, [0.0] * 8, 100, 0.0, False, id="some refused"),
        pytest.param([0] * 8, [0.0] * 8, 0, 5.0, False, id="not sent in time"),
    ],
)
def test_a_rate_is_kept_up_with_when_what_waits_does_not_grow(
    waiting: list[int], lags: list[float], refused: int, late: float, kept: bool
) -> None:
    offered = Offered(1_000, refused, 10.0, late)
    assert keeping_up.kept_up(100.0, offered, lags, waiting) is kept


@pytest.mark.skipif(not LINUX, reason="memory is read where Linux tells it")
def test_memory_is_told_after_each_stage(tmp_path: Path, shop: data.Shop) -> None:
    file = tmp_path / "large.db"
    data.write(shop, file)
    found = memory.measure(
        tmp_path / "shop", file, shop, fifty()[:3], edited=(1,), seconds=0.5, at_once=CHANGED
    )
    stages = [one.stage for one in found]
    assert stages[0] == "started" and "left_cart_01 edited" in stages
    assert stages[-1].endswith(f"times {CHANGED} customers")
    for one in found:
        assert one.peak >= one.resident > one.anonymous > 0


def test_windows_are_changed_wherever_they_stand() -> None:
    rule = {"all": [{"did": "a", "within": "2 days"}], "within": "1 hours", "customer": "country"}
    assert memory.with_windows(rule, "3 days") == {
        "all": [{"did": "a", "within": "3 days"}],
        "within": "3 days",
        "customer": "country",
    }


def test_postgresql_is_filled_ticked_and_built_on(tmp_path: Path, shop: data.Shop) -> None:
    file = tmp_path / "large.db"
    data.write(shop, file)
    found = postgres.measure(
        tmp_path / "shop", file, shop, fifty()[:6], 2, edited=(2,), at_once=CHANGED
    )
    assert [one.tick.customers for one in found.ticks] == [CHANGED, CHANGED]
    assert found.first.rows > 0 and found.size > 0
    assert [one.name for one in found.builds] == ["lapsed_02"]
