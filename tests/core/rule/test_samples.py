"""Timelines restated from another engine: each that the language can say comes out as stated."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Rule, View
from lifecycle.core.words import rfc3339, zone_of

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = Path(os.environ.get("LIFECYCLE_SAMPLES", ROOT.parent / "shared" / "data"))
FILE = SAMPLES / "segments_sample.json"
START = datetime(2026, 5, 4, tzinfo=UTC)
NOT_SAID = {
    "last_event": "`last` is not carried out yet",
    "subscription": "whether someone is subscribed is no matter of rules",
    "profile only": "works out single fields, and states no membership",
}
OPS = {
    "equals": "is",
    "at_least": "at_least",
    "less_than": "less_than",
    "list_contains": "contains",
}


class Unsayable(Exception):
    """The scenario asks what the language does not say yet."""


def scenarios() -> list[dict[str, Any]]:
    if not FILE.exists():
        return []
    found: list[dict[str, Any]] = json.loads(FILE.read_text())["scenarios"]
    return found


def at_ms(told: int) -> datetime:
    return START + timedelta(milliseconds=told)


def value(told: Any) -> Any:
    return rfc3339(at_ms(told["time_at_ms"])) if isinstance(told, dict) else told


def comparison(told: dict[str, Any]) -> dict[str, Any]:
    op = told["op"]
    if op in ("exists", "not_exists"):
        return {"is_set": op == "exists"}
    if op == "time_within_last":
        return {"within_last": f"{told['seconds']} seconds"}
    if op == "not_equals":
        return {"is_not": told["value"]}
    if op == "time_after":
        return {"after": at_ms(told["at_ms"])}
    if op not in OPS:
        raise Unsayable(f"the comparison {op}")
    return {OPS[op]: told["value"]}


def rule(told: dict[str, Any]) -> dict[str, Any]:
    """A rule of the samples in the words of the language."""
    for word in ("all", "any"):
        if word in told:
            return {word: [rule(part) for part in told[word]]}
    if "everyone" in told:
        return {"everyone": True}
    if "attribute" in told:
        return {"customer": told["attribute"], **comparison(told["is"])}
    if "event" in told or "event_prefix" in told:
        name = told.get("event") or f"{told['event_prefix']}*"
        n, op = told["count"]["n"], told["count"]["op"]
        count = {"at_most": n - 1} if op == "less_than" else {op: n}
        said: dict[str, Any] = {"did": name, **count}
        if "within_last_seconds" in told:
            said["within"] = f"{told['within_last_seconds']} seconds"
        if "where" in told:
            said["where"] = {one["property"]: comparison(one["is"]) for one in told["where"]}
        return said
    raise Unsayable(NOT_SAID.get(next(iter(told)), f"the leaf {sorted(told)}"))


def rules(defined: list[dict[str, Any]]) -> dict[str, Rule]:
    return {one["name"]: read_rule(rule(one["rule"])) for one in defined}


def take_in(people: dict[str, Facts], step: dict[str, Any]) -> None:
    """Events of any kind make a person known; attributes are merged."""
    for told in step["events"]:
        now = at_ms(step["at_ms"])
        facts = people.setdefault(told["person"], Facts(told["person"], now, zone_of("UTC")))
        if told["kind"] == "profile_update":
            facts.attributes |= {key: value(said) for key, said in told["attributes"].items()}
        elif told["kind"] == "event":
            number = sum(map(len, facts.events.values()))
            at = at_ms(told["occurred_at_ms"])
            facts.add_event(Event(at, f"e{number}", told["name"], told["properties"]))
        else:
            raise Unsayable(NOT_SAID["subscription"])


def statements(scenario: dict[str, Any]) -> Iterator[tuple[str, str, bool, bool]]:
    """Each stated membership: where it stands, of whom, as stated, and as we find it."""
    people: dict[str, Facts] = {}
    segments = rules(scenario.get("segments", []))
    now = START

    def member(person: str, segment: str) -> bool:
        return segments[segment].matches(View(people[person], now, segments))

    for number, step in enumerate(scenario["steps"]):
        now = at_ms(step["at_ms"])
        if step["do"] == "ingest":
            take_in(people, step)
        elif step["do"] == "define":
            segments |= rules(step["segments"])
        for segment, stated in step.get("membership", {}).items():
            for person in (*stated["in"], *stated["out"]):
                wanted = person in stated["in"]
                yield f"step {number} {segment}", person, wanted, member(person, segment)
        for segment, stated in step.get("membership_count", {}).items():
            found = sum(member(person, segment) for person in people)
            yield f"step {number} {segment}", f"{found} people", True, found == stated


def said(scenario: dict[str, Any]) -> list[tuple[str, str, bool, bool]]:
    """The statements of a scenario; skips, with the reason, what the language does not say."""
    try:
        found = list(statements(scenario))
    except Unsayable as missing:
        pytest.skip(str(missing))
    if not found:
        pytest.skip(NOT_SAID["profile only"])
    return found


@pytest.mark.skipif(not FILE.exists(), reason="the sample timelines are not at hand")
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["id"])
def test_the_memberships_are_as_stated(scenario: dict[str, Any]) -> None:
    for where, person, wanted, found in said(scenario):
        assert found is wanted, f"{where}: {person}"
