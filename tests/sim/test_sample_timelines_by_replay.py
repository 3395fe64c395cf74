"""Timelines restated from another engine, written as a shop's files and replayed as a whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.words import rfc3339
from tests.simulation.shop import Played, flow, instant, play, shop

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(os.environ.get("LIFECYCLE_SAMPLES", ROOT.parent / "shared" / "data"))
FILE = SAMPLES / "segments_sample.json"
START = datetime(2026, 5, 4, 12, tzinfo=UTC)
OPS = {
    "equals": "is",
    "not_equals": "is_not",
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


def at_ms(told: int) -> str:
    return rfc3339(START + timedelta(milliseconds=told))


def toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def path(told: Any) -> str:
    """An attribute's path: nested ones by dots, names with spaces in quotes."""
    if isinstance(told, dict):
        told = ".".join(told["nested"]) if "nested" in told else f'"{told["key"]}"'
    return toml(told)


def comparison(told: dict[str, Any]) -> str:
    op = told["op"]
    if op in ("exists", "not_exists"):
        return f"is_set = {toml(op == 'exists')}"
    if op == "time_within_last":
        return f'within_last = "{told["seconds"]} seconds"'
    if op == "time_after":
        return f"after = {at_ms(told['at_ms'])}"
    if op not in OPS:
        raise Unsayable(f"the comparison {op}")
    return f"{OPS[op]} = {toml(told['value'])}"


def rule(told: dict[str, Any]) -> str:
    """A rule of the samples as an inline table of the language."""
    for word in ("all", "any"):
        if word in told:
            return f"{{ {word} = [{', '.join(rule(part) for part in told[word])}] }}"
    if "everyone" in told:
        return "{ everyone = true }"
    if "attribute" in told:
        return f"{{ customer = {path(told['attribute'])}, {comparison(told['is'])} }}"
    if "event" not in told and "event_prefix" not in told:
        raise Unsayable(f"the leaf {sorted(told)}")
    name = told.get("event") or f"{told['event_prefix']}*"
    n, op = told["count"]["n"], told["count"]["op"]
    said = [f"did = {toml(name)}", f"at_most = {n - 1}" if op == "less_than" else f"{op} = {n}"]
    if "within_last_seconds" in told:
        said.append(f'within = "{told["within_last_seconds"]} seconds"')
    if told.get("where"):
        asked = (
            f"{path(one['property'])} = {{ {comparison(one['is'])} }}" for one in told["where"]
        )
        said.append(f"where = {{ {', '.join(asked)} }}")
    return f"{{ {', '.join(said)} }}"


def segments(defined: list[dict[str, Any]]) -> dict[str, str]:
    return {one["name"]: f'name = "S"\nmatch = {rule(one["rule"])}\n' for one in defined}


def flows(scenario: dict[str, Any]) -> dict[str, str]:
    return {
        one["name"]: flow(f'joins = "{one["starts_when_person_enters_segment"]}"\nagain = "always"')
        for one in scenario.get("journeys", [])
    }


@dataclass
class Told:
    """The lines of a replay's files, as they come in."""

    people: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    dated: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, step: dict[str, Any]) -> None:
        """Add what a step brings; of two values of one attribute the one of later date counts."""
        for one in sorted(step["events"], key=lambda one: int(one["occurred_at_ms"])):
            arrives = max(one.get("received_at_ms", step["at_ms"]), one["occurred_at_ms"])
            if one["kind"] == "profile_update":
                self._update(one, arrives)
            elif one["kind"] == "event":
                line = {
                    "id": one.get("id") or f"e{len(self.events)}",
                    "at": at_ms(one["occurred_at_ms"]),
                    "received_at": at_ms(arrives),
                    "event": one["name"],
                    "customer": one["person"],
                    "properties": one["properties"],
                }
                self.events.append(line)
            else:
                raise Unsayable(f"{one['kind']} is no matter of rules")

    def _update(self, one: dict[str, Any], arrives: int) -> None:
        said = {}
        for key, value in one["attributes"].items():
            if self.dated.get((one["person"], key), one["occurred_at_ms"]) > one["occurred_at_ms"]:
                continue
            self.dated[one["person"], key] = one["occurred_at_ms"]
            said[key] = at_ms(value["time_at_ms"]) if isinstance(value, dict) else value
        self.people.append({"id": one["person"], "at": at_ms(arrives), "attributes": said})


def members(played: Played, segment: str, now: str) -> set[str]:
    """Who is in a segment at an instant, by the turns that were written."""
    inside: set[str] = set()
    for row in played.memberships:
        if row["segment"] == segment and instant(row["at"]) <= instant(now):
            (inside.add if row["what"] == "joined" else inside.discard)(row["customer"])
    return inside


def statements(scenario: dict[str, Any], folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Each statement: where it stands, as stated, as found. Each asks a replay of its own."""
    told = Told()
    defined = {one["name"]: one for one in scenario.get("segments", [])}
    for number, step in enumerate(scenario["steps"]):
        if step["do"] == "ingest":
            told.take(step)
        elif step["do"] == "define":
            defined |= {one["name"]: one for one in step["segments"]}
        elif step["do"] == "expect":
            now = at_ms(step["at_ms"])
            catalog = shop(flows(scenario), segments(list(defined.values())))
            played = play(folder, catalog, told.events, now, people=told.people)
            for where, stated, found in expected(step, played, now):
                yield f"step {number}: {where}", stated, found


def expected(step: dict[str, Any], played: Played, now: str) -> Iterator[tuple[str, Any, Any]]:
    for segment, stated in step.get("membership", {}).items():
        inside = members(played, segment, now)
        for person in (*stated["in"], *stated["out"]):
            yield f"{person} in {segment}", person in stated["in"], person in inside
    for segment, stated in step.get("membership_count", {}).items():
        yield f"size of {segment}", stated, len(members(played, segment, now))
    for flow_name, stated in step.get("journey_entries_so_far", {}).items():
        yield f"entries into {flow_name}", stated, played.result.of(flow_name, "entered")


@pytest.mark.skipif(not FILE.exists(), reason="the sample timelines are not at hand")
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["id"])
def test_a_replayed_timeline_has_the_members_that_are_stated(
    scenario: dict[str, Any], tmp_path: Path
) -> None:
    try:
        found = list(statements(scenario, tmp_path))
    except Unsayable as missing:
        pytest.skip(str(missing))
    if not found:
        pytest.skip("states no membership")
    assert [one for one in found if one[1] != one[2]] == []
