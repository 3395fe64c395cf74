"""Our suppressions and SES's list: each learns what the other has, and ours is the master."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.clock import SystemClock
from lifecycle.engine import in_step as work
from lifecycle.engine.in_step import Came, bring_in_step
from lifecycle.send.suppression_list import Listed, ListUnavailable, SuppressionList
from lifecycle.sim.fake_ses import FakeSes
from lifecycle.sim.fake_ses_limits import Limits
from lifecycle.store import in_step
from lifecycle.store.addresses import address_hash
from lifecycle.store.customers import suppress
from tests.databases import Prepare
from tests.faults.running import KEY, Post, Running
from tests.simulation.shop import flow, person, shop
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)
NIGHT = timedelta(days=1)


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def one(database_url: str) -> Iterator[Running]:
    running = Running(database_url, shop({"f": flow('when = "go"')}), Post())
    lines = [person(f"c{number}") for number in range(1, 5)]
    running.say(*lines, at="2026-05-01T09:00:00")
    yield running
    running.close()


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[SuppressionList]:
    fake = FakeSes(tmp_path / "truth.jsonl", SystemClock())
    listing = SuppressionList("eu-central-1", fake.start(), lambda _: None)
    yield listing
    listing.close()
    fake.stop()


def ours(running: Running, **reasons: str) -> None:
    said = [(f"{name}@x.example", reason, NOW - 3 * NIGHT) for name, reason in reasons.items()]
    with running.database.write() as connection:
        suppress(connection, said, now=NOW, address_key=KEY)


def step(running: Running, theirs: Any, now: datetime = NOW) -> Came | None:
    return bring_in_step(running.database, theirs, KEY, "UTC", now)


def here(running: Running) -> dict[str, str]:
    names = {address_hash(f"c{number}@x.example", KEY): f"c{number}" for number in range(1, 5)}
    rows = running.rows("suppression")
    return {names.get(row.address_hash, "?"): row.reason for row in rows}


def there(theirs: SuppressionList) -> dict[str, str]:
    pages = [one for page in theirs.pages(None) for one in page]
    return {one.address.partition("@")[0].lower(): one.reason for one in pages}


def test_each_learns_what_the_other_has(one: Running, theirs: SuppressionList):
    theirs.put("C1@x.example", "complained")
    theirs.put("stranger@x.example", "bounced")
    ours(one, c2="bounced", c3="complained", c4="by_hand")
    assert step(one, theirs) == Came(taken=2, given=2)
    expected = {"c1": "complained", "c2": "bounced", "c3": "complained"}
    assert here(one) == {**expected, "c4": "by_hand", "?": "bounced"}
    assert there(theirs) == {**expected, "stranger": "bounced"}


def test_twice_comes_to_the_same_and_waits_for_the_night(one: Running, theirs: SuppressionList):
    ours(one, c2="bounced")
    assert step(one, theirs) == Came(given=1)
    assert step(one, theirs) is None
    assert step(one, theirs, NOW + 8 * NIGHT) == Came()
    (row,) = one.rows("in_step")
    assert row.due_at == datetime(2026, 5, 15, 4, 15, tzinfo=UTC)


def test_what_ses_forgot_is_given_again_within_a_week(one: Running, theirs: SuppressionList):
    ours(one, c2="bounced")
    step(one, theirs)
    theirs.delete("c2@x.example")
    assert step(one, theirs, NOW + 2 * NIGHT) == Came()
    assert step(one, theirs, NOW + 8 * NIGHT) == Came(given=1)


def test_an_erased_customers_address_is_known_by_its_hash_alone(
    one: Running, theirs: SuppressionList
):
    with one.database.write() as connection:
        said = [("gone@x.example", "bounced", NOW)]
        suppress(connection, said, now=NOW, address_key=KEY)
    assert step(one, theirs) == Came()
    assert there(theirs) == {}


class Failing:
    """A list that fails when it is read, or when it is added to."""

    def __init__(self, *, reads: bool) -> None:
        self.reads = reads

    def pages(self, since: datetime | None) -> Iterator[list[Listed]]:
        """One page, or a failure."""
        if not self.reads:
            raise ListUnavailable("no answer")
        yield [Listed("c1@x.example", "bounced", NOW)]

    def put(self, address: str, reason: str) -> None:
        """A failure."""
        raise ListUnavailable("the sandbox takes none")


@pytest.mark.parametrize(("reads", "taken"), [(False, {}), (True, {"c1": "bounced"})])
def test_a_failure_harms_nothing_and_is_tried_again_soon(
    one: Running, theirs: SuppressionList, reads: bool, taken: dict[str, str]
):
    ours(one, c2="bounced")
    came = step(one, Failing(reads=reads))
    assert came is not None and came.problem
    assert here(one) == {**taken, "c2": "bounced"}
    assert step(one, theirs, NOW + timedelta(minutes=59)) is None
    assert step(one, theirs, NOW + timedelta(minutes=61)) == Came(given=1 + reads)


def test_two_daemons_do_not_do_it_twice(one: Running, theirs: SuppressionList):
    with one.database.write() as connection:
        assert in_step.take(connection, "ses", NOW, NOW + work.LEASE) is not None
    assert step(one, theirs) is None
    assert step(one, theirs, NOW + work.LEASE) == Came()


def test_too_many_for_one_night_are_given_over_several(
    one: Running, theirs: SuppressionList, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(work, "GIVEN_AT_ONCE", 2)
    ours(one, c1="bounced", c2="bounced", c3="bounced")
    assert step(one, theirs) == Came(given=2, whole=False)
    assert step(one, theirs, NOW + NIGHT) == Came(given=1)


def test_the_sandbox_takes_none_and_says_so(one: Running, tmp_path: Path):
    fake = FakeSes(tmp_path / "sandbox.jsonl", SystemClock(), limits=Limits(sandbox=True))
    listing = SuppressionList("eu-central-1", fake.start(), lambda _: None)
    ours(one, c2="bounced")
    came = step(one, listing)
    assert came is not None and "sandbox" in came.problem and "@" not in came.problem
    listing.delete("never@x.example")
    listing.close()
    fake.stop()


def test_a_page_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lifecycle.send.suppression_list.PAGE", 2)
    fake = FakeSes(tmp_path / "pages.jsonl", SystemClock())
    listing = SuppressionList("eu-central-1", fake.start(), lambda _: None)
    for number in range(5):
        listing.put(f"a{number}@x.example", "bounced")
    assert [len(page) for page in listing.pages(None)] == [2, 2, 1]
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert [len(page) for page in listing.pages(soon)] == [0]
    listing.close()
    fake.stop()
