"""Timelines restated from another engine, written as a shop's files and replayed as a whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sim.peer_timelines import Timeline, Unsayable, at_ms, only, segment, stated
from tests.simulation.shop import HEAD, Played, flow, instant, play, shop

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(os.environ.get("LIFECYCLE_SAMPLES", ROOT.parent / "shared" / "data"))
FILE = SAMPLES / "segments_sample.json"
UNSAYABLE: dict[str, str] = {}
"""The scenarios that the language cannot say, each with its reason; it says all of these."""


def scenarios() -> list[dict[str, Any]]:
    if not FILE.exists():
        return []
    found: list[dict[str, Any]] = json.loads(FILE.read_text())["scenarios"]
    return found


def flows(scenario: dict[str, Any]) -> dict[str, str]:
    return {
        one["name"]: flow(f'joins = "{one["starts_when_person_enters_segment"]}"\nagain = "always"')
        for one in scenario.get("journeys", [])
    }


def said(scenario: dict[str, Any]) -> str:
    """Settings in which every subscription group is a topic."""
    groups = (one["name"] for one in scenario.get("subscription_groups", ()))
    topics = "".join(f'{json.dumps(name)} = {{ about = "A group" }}\n' for name in groups)
    return HEAD.format(zone="UTC", seed="s") + topics


def members(played: Played, name: str, now: str) -> set[str]:
    """Who is in a segment at an instant, by the turns that were written."""
    inside: set[str] = set()
    for row in played.memberships:
        if row["segment"] == name and instant(row["at"]) <= instant(now):
            (inside.add if row["what"] == "joined" else inside.discard)(row["customer"])
    return inside


def statements(scenario: dict[str, Any], folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Each statement: where it stands, as stated, as found. Each asks a replay of its own."""
    told = Timeline()
    defined = {one["name"]: one for one in scenario.get("segments", [])}
    for number, step in enumerate(scenario["steps"]):
        if step["do"] == "ingest":
            told.take(step)
        elif step["do"] == "define":
            only(step, "do", "at_ms", "segments")
            defined |= {one["name"]: one for one in step["segments"]}
        elif step["do"] == "expect":
            files = {name: segment(one, told.lists) for name, one in defined.items()}
            for where, wanted, found in expected(step, scenario, files, told, folder):
                yield f"step {number}: {where}", wanted, found
        elif step["do"] != "evaluate":
            raise Unsayable(f"the step {step['do']}")


def expected(
    step: dict[str, Any],
    scenario: dict[str, Any],
    files: dict[str, str],
    told: Timeline,
    folder: Path,
) -> Iterator[tuple[str, Any, Any]]:
    now = at_ms(step["at_ms"])
    every = list(stated(step, scenario))
    made = {one.segment: text for one, text in every if text}
    catalog = shop(flows(scenario), files | made, said(scenario))
    played = play(folder, catalog, told.events, now, people=told.people)
    for one, _ in every:
        inside = members(played, one.segment, now)
        found = len(inside) if one.person is None else one.person in inside
        yield f"{one.person or 'all'} in {one.segment}", one.value, found
    for name, entries in step.get("journey_entries_so_far", {}).items():
        yield f"entries into {name}", entries, played.result.of(name, "entered")


def how_many(scenario: dict[str, Any]) -> int:
    """How much a scenario states, so that nothing is passed over."""
    fields = len(scenario.get("profile_fields", ()))
    total = 0
    for step in scenario["steps"]:
        for word in ("membership", "subscriptions"):
            total += sum(len(who) for one in step.get(word, {}).values() for who in one.values())
        total += len(step.get("in_no_segment", ())) * len(scenario.get("segments", ()))
        total += len(step.get("membership_count", ())) + len(step.get("journey_entries_so_far", ()))
        total += len(step.get("profile", ())) * fields
    return total


@pytest.mark.skipif(not FILE.exists(), reason="the sample timelines are not at hand")
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["id"])
def test_a_replayed_timeline_has_the_members_that_are_stated(
    scenario: dict[str, Any], tmp_path: Path
) -> None:
    if scenario["id"] in UNSAYABLE:
        with pytest.raises(Unsayable, match=UNSAYABLE[scenario["id"]]):
            list(statements(scenario, tmp_path))
        return
    found = list(statements(scenario, tmp_path))
    assert len(found) == how_many(scenario) > 0
    assert [one for one in found if one[1] != one[2]] == []
