"""A replay's memberships are the turns of a plain reading, its own letters and stays included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.core.words import rfc3339
from tests.properties.edges import edges
from tests.properties.engine_room import toml
from tests.properties.histories import END, SHOP_ZONE, known_from, people
from tests.properties.plain_people import Happened, Person, Stay
from tests.properties.plain_reading import turns
from tests.properties.rule_texts import rules
from tests.properties.shops import EXAMPLES
from tests.simulation.shop import Played, flow, instant, play, segment, shop, step
from tests.simulation.shop import settings as said

FLOW = flow(
    'when = "page_viewed"\nagain = "after 1 days"',
    step("hello", 'after = "12 hours"'),
    step("again", 'after = "2 days"'),
    '[exit]\nwhen = ["order_paid"]',
)
SHOP = said(zone=SHOP_ZONE)


def lines(shop_: Sequence[Person]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The lines of a replay's two files."""
    events = [
        {
            "id": one.id,
            "at": rfc3339(one.at),
            "received_at": rfc3339(one.received),
            "event": one.name,
            "customer": person.id,
            "properties": one.properties,
        }
        for person in shop_
        for one in person.events
    ]
    told = [
        {
            "id": person.id,
            "at": rfc3339(one.at),
            "attributes": one.attributes,
            **{key: value for key in OWN if (value := getattr(one, key)) is not None},
        }
        for person in shop_
        for one in person.told
    ]
    return events, told


OWN = ("timezone", "locale", "email", "agreed_to")


def with_ours(person: Person, played: Played) -> None:
    """Give a person what our own campaign did: stays and letters, as the decisions tell."""
    begun: dict[str, datetime] = {}
    for row in played.decisions:
        if row["customer"] != person.id:
            continue
        at = instant(row["at"])
        if row["what"] == "entered":
            begun[row["entry"]] = at
        elif row["what"] in ("finished", "left") and not row["step"]:
            person.stays.append(Stay(row["campaign"], begun.pop(row["entry"]), at))
        elif row["what"] == "sent":
            named = {"campaign": row["campaign"], "step": row["step"]}
            person.events.append(Happened(at, f"sent {len(person.events)}", "message_sent", named))
    person.stays += [Stay("welcome", at) for at in begun.values()]


@settings(
    max_examples=max(5, EXAMPLES // 5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    shop_=st.tuples(people("c1", told_late=False), people("C1", told_late=False)),
    one=rules(campaign="welcome"),
    two=rules(("one",), campaign="welcome"),
)
def test_a_replay_turns_memberships_when_the_plain_reading_does(
    tmp_path: Path, shop_: tuple[Person, Person], one: Any, two: Any
) -> None:
    told: Mapping[str, Any] = {"one": {"match": one}, "two": {"match": two}}
    files = {name: segment(toml(rule["match"])) for name, rule in told.items()}
    catalog = shop({"welcome": FLOW}, files, SHOP)
    events, people_ = lines(shop_)
    played = play(tmp_path, catalog, events, rfc3339(END), people=people_)
    for person in shop_:
        with_ours(person, played)
        every = edges([one, two], person, known_from(person), END)
        for name in told:
            found = [
                (instant(row["at"]), row["what"])
                for row in played.memberships
                if row["customer"] == person.id and row["segment"] == name
            ]
            assert found == turns(person, name, every, told), (person.id, name)
