"""Property: whatever a change says of the people under way, apply does what plan counted."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.engine.apply import PeopleWait, Told
from lifecycle.engine.live import Live
from lifecycle.engine.migrating import Deleted, People, foretold, people
from lifecycle.engine.versions import in_use
from lifecycle.hooks import Registry
from tests.engine.changing import BEGIN, Changing, letter, welcome
from tests.simulation.shop import shop

DAY = timedelta(days=1)
STEPS = ("a", "b", "c")
NOW = BEGIN + 2 * DAY + timedelta(hours=12)
SAID = st.sampled_from(("kept", "sooner", "renamed", "deleted", "to end", "stay", "leave"))
DELETED: st.SearchStrategy[Deleted] = st.sampled_from(("refuse", "let go", "keep"))


def changed(said: dict[str, str]) -> str:
    """The file in which this is said of each step."""
    steps, moves = [], []
    for name, what in said.items():
        if what in ("kept", "sooner"):
            steps.append(letter(name, "1 day" if what == "kept" else "1 hour"))
        elif what == "renamed":
            steps.append(letter(f"{name}2", "3 days", more=f'was = "{name}"'))
        elif what == "to end":
            moves.append(f'{name} = "end"')
        elif what in ("stay", "leave"):
            moves.append(f"{name} = {{ {what} = true }}")
    table = "[migrate]\n" + "\n".join(moves) if moves else ""
    return welcome(*steps, letter("end", "1 hour"), more=table)


def expected(before: Counter[tuple[str, str]], told: list[People]) -> Counter[tuple[str, str]]:
    """Where everybody stands after the change, by what the plan told of them."""
    after = Counter(before)
    for one in told:
        if one.what == "moves":
            after["active", one.step] -= one.count
            after["active", one.to] += one.count
        elif one.what == "leaves":
            after["active", one.step] -= one.count
            after["left", ""] += one.count
    return +after


def standing(there: Changing) -> Counter[tuple[str, str]]:
    return Counter((row.state, row.step or "") for row in there.rows("enrollment"))


@settings(max_examples=25)
@given(
    said=st.fixed_dictionaries(dict.fromkeys(STEPS, SAID)),
    entered=st.lists(st.integers(0, 2), min_size=1, max_size=6),
    deleted=DELETED,
)
def test_apply_does_what_plan_told(
    said: dict[str, str], entered: list[int], deleted: Deleted
) -> None:
    there = Changing("sqlite://", {"f": welcome(*map(letter, STEPS))}, people=len(entered))
    for one, days in enumerate(entered):
        there.happens(BEGIN + days * DAY, "hi", f"c{one:03}")
        there.until(BEGIN + days * DAY)
    there.until(NOW)
    before = standing(there)
    catalog = shop({"f": changed(said)})
    with there.database.read() as connection:
        old = there.engine.parts.live.catalog
        live = Live(catalog, Registry(), versions=in_use(connection, catalog, Registry()))
        told = foretold(connection, live, people(connection, old, catalog, deleted), NOW)
    assert sum(one.count for one in told) == before.total() - before["finished", ""]
    if any(one.what == "refused" for one in told):
        assert deleted == "refuse"
        try:
            there.change({"f": changed(said)}, at=NOW, told=Told(deleted))
        except PeopleWait:
            assert standing(there) == before
        else:
            raise AssertionError("a change that lets people fall went live")
    else:
        there.change({"f": changed(said)}, at=NOW, told=Told(deleted))
        assert standing(there) == expected(before, told)
        moved = [row for row in there.rows("enrollment") if row.step and row.due_at <= NOW]
        assert len(moved) == sum(one.due_at_once or 0 for one in told)
        there.until(NOW + 30 * DAY)
        assert not there.waiting()
        sent = Counter((customer, step) for customer, step, _ in there.sent())
        assert max(sent.values(), default=0) <= 1
    there.world.close()
