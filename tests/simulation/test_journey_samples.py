"""Flow scenarios restated from other engines: what the language can say comes out as stated."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import (
    Played,
    broadcast,
    flow,
    instant,
    person,
    play,
    segment,
    shop,
    step,
)

FILE = Path(os.environ.get("LIFECYCLE_SAMPLES", "no-samples")) / "journeys_sample.json"
START = datetime(2026, 5, 4, tzinfo=UTC)
NOT_SAID = {
    "wait_for": "`wait_for` is not carried out yet",
    "wait_until_date": "`until` is not carried out yet",
    "random_split": "`[[step.split]]` is not carried out yet",
    "branch": "`[[step.branch]]` is not carried out yet",
    "pace": "how fast SES is fed is tested with the transport",
    "no letter": "a step that only waits is not said: each step writes a letter",
}


class Unsayable(Exception):
    """The scenario asks what the language does not say yet."""


def scenarios() -> list[dict[str, Any]]:
    if not FILE.exists():
        return []
    found: list[dict[str, Any]] = json.loads(FILE.read_text())["scenarios"]
    return found


def at_ms(told: float) -> str:
    return (START + timedelta(milliseconds=told)).isoformat().replace("+00:00", "Z")


def rule(told: Mapping[str, Any]) -> str:
    """A rule of the samples as TOML: only comparisons of attributes occur."""
    asked = told["is"]
    if asked["op"] == "time_within_last":
        op = f'within_last = "{asked["seconds"]} seconds"'
    elif asked["op"] == "equals":
        op = f"is = {json.dumps(asked['value'])}"
    else:
        raise Unsayable(f"the comparison {asked['op']}")
    return f'{{ customer = "{told["attribute"]}", {op} }}'


def steps_of(journey: Mapping[str, Any]) -> str:
    """The way through a journey as steps: waits, letters, and a branch that skips the rest."""
    name, wait, only_if, written = journey["entry"].get("next"), 0, "", ""
    while name and name != "exit":
        told = journey["steps"][name]
        if told["do"] == "wait":
            wait += told["seconds"]
            name = told.get("next")
        elif told["do"] == "send":
            written += step(name, f'after = "{wait} seconds"\n{only_if}')
            wait, name = 0, told.get("next")
        elif told["do"] == "branch" and told.get("yes") == "exit" and "segment" in told["if"]:
            only_if = f'only_if = {{ not = {{ in_segment = "{told["if"]["segment"]}" }} }}'
            name = told["no"]
        else:
            raise Unsayable(NOT_SAID.get(told["do"], told["do"]))
    if not written and journey.get("steps"):
        raise Unsayable(NOT_SAID["no letter"])
    return written or step()


def flow_of(journey: Mapping[str, Any], started: bool) -> str:
    entry = journey["entry"]
    if started:
        enter = 'when = "start_run"'
    elif entry["on"] == "segment_entered":
        enter = f'joins = "{entry["segment"]}"'
    else:
        enter = f'when = "{entry["event"]}"'
        enter += f'\nper = "{entry["key"]}"' if "key" in entry else ""
    if "may_run_again" in journey:
        enter += f'\nagain = "{"always" if journey["may_run_again"] else "never"}"'
    status = {"running": "live"}.get(journey.get("status", "running"), "draft")
    return flow(enter, steps_of(journey), status=status)


def replayed(folder: Path, scenario: Mapping[str, Any]) -> Played:
    """The scenario as a shop with its history."""
    journeys = scenario.get("journeys") or [{"name": "journey", **scenario["journey"]}]
    steps = scenario["steps"]
    started = any(one["do"] == "start_run" for one in steps)
    files = {one["name"].replace(" ", "_"): flow_of(one, started) for one in journeys}
    segments = {name: segment(rule(told)) for name, told in scenario.get("segments", {}).items()}
    named = {one["entry"].get("segment") for one in journeys} - {None}
    segments |= {name: segment('{ did = "never" }') for name in named - set(segments)}
    people: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for one in steps:
        if one["do"] == "start_run":
            told = {"person": one["person"], "kind": "event", "name": "start_run", "properties": {}}
            take(people, lines, told, one["at_ms"])
        for told in one.get("events", ()):
            take(people, lines, told, one["at_ms"])
    return play(folder, shop(files, segments), lines, at_ms(steps[-1].get("at_ms", 0)), people)


def take(
    people: list[dict[str, Any]],
    lines: list[dict[str, Any]],
    told: Mapping[str, Any],
    now: float,
) -> None:
    """One event of the samples as a line; whoever is named has an address and agreed."""
    who = told["person"]
    if not any(one["id"] == who for one in people):
        people.append(person(who, at=at_ms(min(now, told.get("occurred_at_ms", now)) - 1)))
    if told["kind"] == "profile_update":
        said = {
            key: at_ms(value["time_at_ms"]) if isinstance(value, dict) else value
            for key, value in told["attributes"].items()
        }
        people.append({"id": who, "at": at_ms(now), "attributes": said})
    else:
        lines.append(
            {
                "id": f"e{len(lines)}",
                "at": at_ms(told.get("occurred_at_ms", now)),
                "received_at": at_ms(now),
                "event": told["name"],
                "customer": who,
                "properties": told["properties"],
            }
        )


def check(played: Played, expected: Mapping[str, Any]) -> None:
    """Compare all that was done until a moment with what is stated of it."""
    until = instant(at_ms(expected["at_ms"]))
    done = [row for row in played.decisions if instant(row["at"]) <= until]
    sent = [row for row in done if row["what"] == "sent"]
    entered = {
        (r["campaign"].replace("_", " "), r["customer"]) for r in done if r["what"] == "entered"
    }
    if "sends_total" in expected:
        assert len(sent) == expected["sends_total"]
    if "sends" in expected:
        stated = [(one["person"], one["message"]) for one in expected["sends"]]
        assert [(row["customer"], row["step"]) for row in sent] == stated
    if "runs" in expected:
        assert entered == {(one["journey"], one["person"]) for one in expected["runs"]}
    if "finished" in expected:
        assert {r["customer"] for r in done if r["what"] == "finished"} == set(expected["finished"])
    if "runs_recorded_under_key" in expected:
        assert {r["entry"] for r in done} == {expected["runs_recorded_under_key"]}


@pytest.mark.skipif(not FILE.exists(), reason="LIFECYCLE_SAMPLES names no flow scenarios")
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["id"])
def test_a_scenario_comes_out_as_stated(tmp_path: Path, scenario: dict[str, Any]) -> None:
    try:
        if "campaign" in scenario:
            opted_in(tmp_path, scenario)
            return
        if "journey" not in scenario and "journeys" not in scenario:
            raise Unsayable(NOT_SAID["pace"])
        played = replayed(tmp_path, scenario)
    except Unsayable as missing:
        pytest.skip(str(missing))
    for one in scenario["steps"]:
        if one["do"] == "expect":
            check(played, one)


def opted_in(folder: Path, scenario: dict[str, Any]) -> None:
    """A campaign to a group that people join: a broadcast to those who agreed to its topic."""
    people = [
        {"id": name, "email": told["email"], "agreed_to": ["offers"] if told["subscribed"] else []}
        for name, told in scenario["people"].items()
    ]
    files = {"b": broadcast("2026-05-04T09:00:00Z")}
    line = {"id": "x", "at": at_ms(0), "event": "x", "customer": people[0]["id"]}
    rows = play(folder, shop(files), [line], people=people).decisions
    sent = {row["customer"] for row in rows if row["what"] == "sent"}
    assert sent == set(scenario["expect"]["sends"])
    assert not sent & set(scenario["expect"]["not_sent"])
