"""The circuit breaker: bounces and complaints hold marketing letters, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.breaker import Gone, opened, over
from lifecycle.core.settings import Breaker
from lifecycle.engine.engine import Engine
from lifecycle.insight.deliverability import deliverability_report
from lifecycle.store import breaker
from lifecycle.store.database import Database
from tests.simulation.shop import Played, event, flow, instant, person, play, settings, shop, step

NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)
RULE = Breaker(at_least=10, within="6 hours")  # type: ignore[arg-type]
SAID = '[sending.breaker]\nat_least = 10\nwithin = "6 hours"\n'
CALM = flow('when = "go"')
DUTY = flow('when = "ordered"', step("receipt", "transactional = true"), topic="")


def hour(number: float, letters: int, bounced: int = 0, complained: int = 0) -> Gone:
    """Letters of so many hours ago."""
    return Gone(NOW - timedelta(hours=number), letters, bounced, complained)


@pytest.mark.parametrize(
    ("letters", "bounced", "complained", "expected"),
    [
        (100, 5, 0, False),
        (100, 6, 0, True),
        (9, 9, 0, False),
        (10, 3, 0, True),
        (10, 2, 2, False),
        (1000, 0, 3, False),
        (999, 0, 3, True),
    ],
)
def test_a_rate_above_its_limit_told_by_enough_letters(
    letters: int, bounced: int, complained: int, expected: bool
):
    assert over(RULE, letters, bounced, complained) is expected


@pytest.mark.parametrize(
    ("gone", "closes_in"),
    [
        ([], None),
        ([hour(1, 50, 2)], None),
        ([hour(1, 50, 3)], 5.0),
        ([hour(6, 50, 3)], None),
        ([hour(0, 50, 3)], None),
        ([hour(4, 20, 3), hour(1, 20)], 2.0),
        ([hour(4, 20), hour(1, 20, 3)], 5.0),
        ([hour(4, 10, 4), hour(2, 10, 4), hour(1, 9, 4)], 4.0),
        ([hour(5, 100), hour(1, 50, 5)], None),
    ],
)
def test_it_closes_when_the_letters_that_did_harm_leave_the_window(
    gone: list[Gone], closes_in: float | None
):
    found = opened(RULE, gone, NOW)
    until = None if closes_in is None else NOW + timedelta(hours=closes_in)
    assert (found.until if found else None) == until


@given(
    st.lists(
        st.tuples(st.integers(1, 500), st.integers(0, 30), st.integers(0, 4), st.integers(0, 3)),
        max_size=8,
        unique_by=lambda one: one[0],
    )
)
def test_at_the_instant_told_it_is_closed_and_just_before_it_is_open(
    rows: list[tuple[int, int, int, int]],
):
    gone = sorted(
        (
            Gone(NOW - timedelta(minutes=ago), letters + harm + more, harm, more)
            for ago, letters, harm, more in rows
        ),
        key=lambda one: one.at,
    )
    found = opened(RULE, gone, NOW)
    if found is not None:
        assert found.until > NOW
        assert opened(RULE, gone, found.until) is None
        assert opened(RULE, gone, found.until - timedelta(microseconds=1)) is not None


def history() -> list[dict[str, Any]]:
    """Twelve letters at nine; four of them bounce by ten."""
    first = [event("2026-05-06T09:00:00", "go", f"c{number}") for number in range(12)]
    return [*first, *bounces(range(4))]


def bounces(of: Sequence[int], at: str = "10:00", kind: str = "hard") -> list[dict[str, Any]]:
    return [
        event(f"2026-05-06T{at}:00", "message_bounced", f"c{one}", kind=kind, campaign="f")
        for one in of
    ]


def played(folder: Path, lines: list[dict[str, Any]], **more: Any) -> Played:
    people = [person(f"c{number}") for number in range(20)]
    files = shop({"f": CALM, "duty": DUTY}, said=settings(SAID))
    return play(folder, files, lines, "2026-05-08T00:00:00Z", people, **more)


def of(customer: str, found: Played) -> list[str]:
    rows = (row for row in found.decisions if row["customer"] == customer)
    return [
        " ".join(filter(None, (row["at"][11:16], row["what"], row["reason"], row["detail"])))
        for row in rows
        if row["what"] in ("held", "sent", "dropped")
    ]


def test_marketing_waits_for_the_window_and_transactional_letters_go(tmp_path: Path):
    lines = [
        *history(),
        event("2026-05-06T09:59:00", "go", "c13"),
        event("2026-05-06T11:00:00", "go", "c14"),
        event("2026-05-06T11:00:00", "ordered", "c15"),
        event("2026-05-06T16:00:00", "go", "c16"),
    ]
    found = played(tmp_path, lines)
    assert of("c13", found) == ["09:59 sent"]
    assert of("c14", found) == ["11:00 held breaker until 2026-05-06T15:00:00Z", "15:00 sent"]
    assert of("c15", found) == ["11:00 sent"]
    assert of("c16", found) == ["16:00 sent"]


@pytest.mark.parametrize(
    "more",
    [
        bounces(range(4), kind="soft"),
        bounces((0, 0, 1, 1)),
        [event("2026-05-06T10:00:00", "message_bounced", "c17", kind="hard")],
    ],
)
def test_soft_bounces_repeated_ones_and_those_of_others_letters_do_not_count(
    tmp_path: Path, more: list[dict[str, Any]]
):
    lines = [{**line, "id": f"{number}"} for number, line in enumerate([*history()[:12], *more])]
    found = played(tmp_path, [*lines, event("2026-05-06T11:00:00", "go", "c14")])
    assert of("c14", found) == ["11:00 sent"]


def test_transactional_letters_that_bounce_do_not_count(tmp_path: Path):
    lines = [event("2026-05-06T09:00:00", "ordered", f"c{number}") for number in range(12)]
    lines += [
        {**one, "properties": {"kind": "hard", "campaign": "duty"}} for one in bounces(range(4))
    ]
    found = played(tmp_path, [*lines, event("2026-05-06T11:00:00", "go", "c14")])
    assert of("c14", found) == ["11:00 sent"]


def test_more_harm_meanwhile_holds_longer_and_is_told_once(tmp_path: Path):
    """Twelve letters at nine and eight at 09:45; of the latter three bounce while it is open."""
    lines = [
        *history(),
        *(event("2026-05-06T09:45:00", "go", f"c{number}") for number in range(12, 20)),
        event("2026-05-06T11:00:00", "go", "d0"),
        *bounces(range(12, 15), "12:00"),
        *(event("2026-05-06T09:50:00", "go", f"d{number}") for number in range(1, 5)),
    ]
    people = [person(f"c{number}") for number in range(20)]
    people += [person(f"d{number}") for number in range(5)]
    files = shop({"f": CALM}, said=settings(SAID))
    found = play(tmp_path, files, lines, "2026-05-08T00:00:00Z", people)
    assert of("d0", found) == ["11:00 held breaker until 2026-05-06T15:00:00Z", "15:45 sent"]


def test_it_depends_on_no_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """At ten, letters fall due together with the bounces that open it."""
    lines = [*history(), *(event("2026-05-06T10:00:00", "go", f"c{n}") for n in range(12, 20))]
    whole = played(tmp_path, lines)
    three = property(lambda _: 3, lambda _, said: None)
    monkeypatch.setattr(Engine, "batch", three, raising=False)
    assert played(tmp_path, lines).raw == whole.raw
    assert sum(row["reason"] == "breaker" for row in whole.decisions) == 8


def test_the_report_tells_it_and_a_hand_closes_it(tmp_path: Path):
    lines = [*history(), event("2026-05-06T11:00:00", "go", "c14")]
    files = shop({"f": CALM, "duty": DUTY}, said=settings(SAID))
    people = [person(f"c{number}") for number in range(20)]
    kept = tmp_path / "kept.db"
    play(tmp_path, files, lines, "2026-05-06T11:30:00Z", people, keep=kept)
    database = Database(f"sqlite:///{kept}")
    rule = files.settings.sending.breaker
    at = instant("2026-05-06T11:30:00")
    with database.read() as connection:
        report = deliverability_report(connection, at, rule)
    assert report.breaker is not None
    assert (report.breaker.letters, report.breaker.bounced) == (12, 4)
    assert any("lifecycle resume --breaker" in one for one in report.warnings)
    with database.write() as connection:
        assert breaker.close(connection, at) == 1
    with database.read() as connection:
        assert deliverability_report(connection, at, rule).breaker is None
        assert breaker.look(connection, rule, at + timedelta(hours=1)) is None
    database.close()


def test_counting_and_closing_work_on_both_databases(database_url: str):
    from lifecycle.store.migrate import upgrade

    database = Database(database_url)
    upgrade(database)
    with database.write() as connection:
        for letters in (6, 6):
            breaker.count(connection, letters, NOW)
    later = NOW + timedelta(hours=1)
    with database.read() as connection:
        assert breaker.gone(connection, NOW - timedelta(hours=1), later) == [Gone(NOW, 12)]
        assert breaker.gone(connection, NOW, later) == []
        assert breaker.gone(connection, NOW - timedelta(hours=1), NOW) == []
    with database.write() as connection:
        breaker.close(connection, later)
        breaker.forget(connection, later)
    with database.read() as connection:
        assert breaker.gone(connection, NOW - timedelta(hours=1), later) == []
    database.close()
