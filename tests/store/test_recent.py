"""Histories in memory: used again by whoever claims next, and by nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.core.event import Event
from lifecycle.store.recent import BYTES_AN_EVENT, FEWEST, Recent

NOW = datetime(2026, 5, 4, tzinfo=UTC)
MANY = FEWEST + 4


def history(count: int = MANY) -> list[Event]:
    return [Event(NOW + timedelta(days=day), f"e{day:03}", "a") for day in range(count)]


def taken(
    recent: Recent, *, who: str = "c1", fence: int = 1, whole: bool = False, count: int = MANY
) -> list[Event]:
    events = history(count)
    after = NOW - timedelta(days=1)
    recent.take(who, "a", events, last=3, after=after, whole=whole, size=0)
    recent.release(who, fence)
    return events


@pytest.fixture
def recent() -> Recent:
    return Recent(lambda name: name == "a")


def test_the_next_claim_finds_the_very_list(recent: Recent) -> None:
    events = taken(recent)
    assert recent.find("c1", "a", 3, NOW, fence=2) is events


@pytest.mark.parametrize(
    ("why", "last", "after", "fence"),
    [
        ("somebody else had the customer since", 3, NOW, 3),
        ("the same claim asks again", 3, NOW, 1),
        ("more of the newest are wanted", 4, NOW, 2),
        ("it reaches further back", 3, NOW - timedelta(days=2), 2),
    ],
)
def test_what_may_not_be_so_any_more_is_not_found(
    recent: Recent, why: str, last: int, after: datetime | None, fence: int
) -> None:
    taken(recent)
    assert recent.find("c1", "a", last, after, fence) is None, why


def test_a_whole_history_reaches_back_for_ever(recent: Recent) -> None:
    events = taken(recent, whole=True)
    assert recent.find("c1", "a", 99, NOW - timedelta(days=9_000), fence=2) is events


def test_what_is_in_hand_is_lost_unless_it_is_released(recent: Recent) -> None:
    taken(recent)
    assert recent.find("c1", "a", 3, NOW, fence=2) is not None
    assert recent.find("c1", "a", 3, NOW, fence=3) is None, "the work of claim 2 failed"
    taken(recent, fence=3)
    assert recent.find("c1", "a", 3, NOW, fence=4) is not None


def test_short_histories_and_other_names_are_not_kept(recent: Recent) -> None:
    taken(recent, count=FEWEST - 1)
    assert recent.find("c1", "a", 3, NOW, fence=2) is None
    recent.take("c1", "b", history(), last=3, after=None, whole=True, size=0)
    recent.release("c1", 1)
    assert recent.find("c1", "b", 3, NOW, fence=2) is None


def test_when_they_are_too_many_the_ones_used_longest_ago_go() -> None:
    recent = Recent(lambda name: True, most_bytes=2 * MANY * BYTES_AN_EVENT)
    taken(recent, who="c1")
    taken(recent, who="c2")
    assert recent.find("c1", "a", 3, NOW, fence=2) is not None
    recent.release("c1", 2)
    taken(recent, who="c3")
    assert recent.find("c2", "a", 3, NOW, fence=2) is None
    assert recent.find("c1", "a", 3, NOW, fence=3) is not None


def test_one_that_has_doubled_is_read_anew(recent: Recent) -> None:
    events = taken(recent)
    found = recent.find("c1", "a", 3, NOW, fence=2)
    assert found is events
    events += history()
    recent.release("c1", 2)
    assert recent.find("c1", "a", 3, NOW, fence=3) is not None
    events.append(events[-1])
    recent.release("c1", 3)
    assert recent.find("c1", "a", 3, NOW, fence=4) is None


def test_all_is_forgotten_at_once(recent: Recent) -> None:
    taken(recent)
    recent.clear()
    assert recent.find("c1", "a", 3, NOW, fence=2) is None
    assert taken(recent) is recent.find("c1", "a", 3, NOW, fence=2)
