"""Reports over a database that the engine itself filled, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.core.action import Proved
from lifecycle.engine.evidence import prove
from lifecycle.engine.resolve import resolve
from lifecycle.errors import LifecycleError
from lifecycle.hooks import Registry
from lifecycle.insight.backlog import backlog
from lifecycle.insight.campaign import campaign_report
from lifecycle.insight.deliverability import deliverability_report
from lifecycle.insight.experiment import experiment_report
from lifecycle.insight.rewards import rewards_report
from lifecycle.insight.send_time import send_time_report
from lifecycle.insight.why_not import why_not
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn
from lifecycle.store import outbox
from tests.cli.shop import FILES
from tests.simulation.readers_of_hours import FIRST_DAY, Readers
from tests.simulation.shop import flow, shop, step

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = AT + timedelta(days=10)
TWO_STEPS = """
[[step]]
name = "again"
after = "1 day"
template = "hello"
  [[step.variant]]
  name = "one"
  subject = "One"
  [[step.variant]]
  name = "two"
  subject = "Two"

[holdout]
percent = 40
"""
PEOPLE = 60
FLOW = "campaigns/hello.toml"


def happened(number: int, name: str, at: datetime, **properties: Any) -> EventIn:
    return EventIn(f"{name}-{number}-{at:%d%H}", at, name, f"c{number:02}", properties, at)


def lines() -> tuple[list[CustomerIn], list[EventIn]]:
    people, events = [], []
    for number in range(PEOPLE):
        at = AT + timedelta(minutes=number)
        nothing: dict[str, Any] = {"locale": None, "attributes": {}, "gone": frozenset()}
        zone = "America/New_York" if number % 2 else None
        email = f"c{number}@shop.example"
        person = CustomerIn(
            f"c{number:02}", AT, email, timezone=zone, agreed_to=("offers",), **nothing
        )
        people.append(person)
        events.append(happened(number, "greeting_asked", at, greeting_id=str(number)))
        if number % 3 == 0:
            late = at + timedelta(days=1, hours=1)
            events.append(happened(number, "order_placed", late, total=10.5))
    return people, events


@pytest.fixture
def catalog() -> Catalog:
    loaded = from_files({**FILES, FLOW: FILES[FLOW] + TWO_STEPS})
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


@pytest.fixture
def world(catalog: Catalog, database_url: str, tmp_path: Any) -> Iterator[World]:
    """Sixty people were greeted, but for those held out; every third one bought a day later."""
    for name, text in catalog.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    rooted = Catalog(**{**vars(catalog), "root": tmp_path})
    made = World(rooted, Registry(), database_url=database_url)
    made.run(*lines(), END)
    yield made
    made.close()


def test_a_campaign_counts_letters_goals_revenue_and_lift(world: World, catalog: Catalog) -> None:
    with world.database.read() as connection:
        report = campaign_report(connection, catalog.campaigns["hello"], catalog.settings, END)
    held_out = report.decisions["held_out"]
    assert report.decisions["entered"] + held_out == PEOPLE
    assert 10 < held_out < 40
    hello, *again = report.letters
    assert (hello.step, hello.sent) == ("hello", PEOPLE - held_out)
    assert {(one.step, one.variant) for one in again} == {("again", "one"), ("again", "two")}
    assert sum(one.sent for one in again) == hello.sent
    assert hello.goals.met == 0, "the order counts for the last letter before it"
    assert report.measured is not None
    bought = sum(one.goals.met for one in again)
    assert bought == report.measured.entered.met
    assert bought + report.measured.held_out.met == PEOPLE / 3
    assert sum(one.revenue for one in again) == Decimal("10.5") * bought
    assert report.measured.lift is not None


def test_an_experiment_names_every_variant_with_its_share(world: World, catalog: Catalog) -> None:
    with world.database.read() as connection:
        (step,) = experiment_report(connection, catalog.campaigns["hello"], END)
    assert [one.variant for one in step.variants] == ["one", "two"]
    assert (step.by, step.proven, step.verdict) == ("click_rate", False, "")


def test_hours_are_those_of_the_readers(world: World) -> None:
    with world.database.read() as connection:
        hours = send_time_report(connection, "UTC", END)
    went = {one.hour for one in hours if one.clicked.of}
    assert went == {9, 4}
    assert sum(one.traces for one in hours) == PEOPLE / 3
    assert not any(one.at_hours.of for one in hours), "all went at once upon an event"


def test_hours_are_those_until_then(world: World) -> None:
    """Letters that went later, and what had not come to be known, are not in a report of then."""
    then = AT + timedelta(hours=12)
    with world.database.read() as connection:
        before, after = (send_time_report(connection, "UTC", now) for now in (then, END))
    letters = [sum(one.clicked.of for one in hours) for hours in (before, after)]
    assert letters[0] * 2 == letters[1] > 0
    assert not any(one.traces for one in before)


def test_hours_of_letters_at_an_hour_are_told_apart_and_machines_leave_no_trace(
    database_url: str,
) -> None:
    at_once = flow('when = "go"\nper = "day"', step())
    best = flow('when = "go"\nper = "day"', step(more='at = "best hour"'))
    readers = Readers(shop({"a": at_once, "b": best}), lambda *_: 0.0, database_url=database_url)
    readers.live(1)
    of = {one.campaign: one.message_id for one in readers.letters()}
    for hour, campaign, machine in ((34, "a", False), (35, "b", False), (36, "b", True)):
        at, more = FIRST_DAY + timedelta(hours=hour), {"machine": True} if machine else {}
        readers.tell(at, "message_clicked", "c1", message_id=of[campaign], **more)
    readers.until(FIRST_DAY + timedelta(days=3))
    with readers.world.database.read() as connection:
        hours = send_time_report(connection, "UTC", FIRST_DAY + timedelta(days=3))
    told = {
        one.hour: (one.clicked.met, one.clicked.of, one.at_hours.met, one.at_hours.of)
        for one in hours
        if one.clicked.of
    }
    assert told == {6: (1, 1, 0, 0), 10: (1, 1, 1, 1)}
    assert {one.hour for one in hours if one.traces} == {10, 11}


def test_letters_of_unknown_fate_are_listed_and_settled(world: World) -> None:
    with world.database.write() as connection:
        rows = [(row["id"], row["of"]) for row in sent(connection)][:4]
        for one, _ in rows:
            in_doubt = {"state": "uncertain", "uncertain_since": AT}
            mine = outbox.MESSAGE.c.message_id == one
            connection.execute(outbox.MESSAGE.update().where(mine).values(in_doubt))
            tried = outbox.ATTEMPT.c.message_id == one
            connection.execute(outbox.ATTEMPT.update().where(tried).values(outcome="uncertain"))
    with world.database.read() as connection:
        report = deliverability_report(connection, END)
        assert backlog(connection, END)["messages_uncertain"] == 4
    assert {one.message_id for one in report.uncertain} == {one for one, _ in rows}
    assert report.uncertain[0].age_seconds == timedelta(days=10).total_seconds()
    with world.database.write() as connection:
        assert resolve(connection, rows[0][0], "sent", END) == "accepted"
        assert resolve(connection, rows[1][0], "not-sent", END) == "requeued"
        assert resolve(connection, rows[2][0], "dropped", END) == "dropped"
        proof = Proved(rows[3][0], END, "message_delivered", provider_id="provider")
        for _ in range(2):
            prove(connection, rows[3][1], [proof], END)
        with pytest.raises(LifecycleError, match="only an uncertain message"):
            resolve(connection, rows[0][0], "sent", END)
    with world.database.read() as connection:
        assert deliverability_report(connection, END).uncertain == ()


def sent(connection: Any) -> list[dict[str, str]]:
    from sqlalchemy import select

    table = outbox.MESSAGE
    query = select(table.c.message_id, table.c.customer_id).order_by(table.c.message_id)
    return [{"id": row.message_id, "of": row.customer_id} for row in connection.execute(query)]


def test_no_points_are_no_points(world: World, catalog: Catalog) -> None:
    with world.database.read() as connection:
        report = rewards_report(connection, catalog.settings, END)
    assert (report.points_given, report.worth, report.incentives) == (0, Decimal("0.00"), ())


def test_why_not_asks_the_rules_as_they_are_now(world: World, catalog: Catalog) -> None:
    joins = FILES[FLOW].replace('when = "greeting_asked"\nper = "greeting_id"', 'joins = "buyers"')
    other = from_files({**FILES, FLOW: joins}).catalog
    assert other is not None
    with world.database.read() as connection:
        flow = other.campaigns["hello"]
        buyer = why_not(connection, other, "c00", flow, END)
        stranger = why_not(connection, other, "c01", flow, END)
        nobody = why_not(connection, other, "nobody", flow, END)
    assert buyer is not None and buyer.rule is not None and buyer.rule.holds
    assert "is already" in buyer.waits_for
    assert stranger is not None and stranger.rule is not None and not stranger.rule.holds
    assert nobody is None
