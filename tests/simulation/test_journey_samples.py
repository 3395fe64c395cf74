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
    "pace": "how fast a transport is fed is no matter of the language: tests/engine and tests/send",
}


class Unsayable(Exception):
    """The scenario asks what the language does not say."""


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


def compared(told: Mapping[str, Any]) -> str:
    """A condition of a branch as a rule."""
    if "segment" in told:
        return f'{{ in_segment = "{told["segment"]}" }}'
    if "attribute" in told:
        return rule(told)
    if "event" in told:
        where = [f"{one['property']} = {json.dumps(value(one))}" for one in told.get("where", ())]
        return f'{{ did = "{told["event"]}", where = {{ {", ".join(where)} }} }}'
    raise Unsayable(f"a branch by {', '.join(told)}")


def value(told: Mapping[str, Any]) -> Any:
    if told["is"]["op"] != "equals":
        raise Unsayable(f"the comparison {told['is']['op']}")
    return told["is"]["value"]


class Steps:
    """The way through a flow of the samples, written as nested steps.

    Each of its steps first emits an event, so that decisions tell the way that was taken.
    """

    def __init__(self, journey: Mapping[str, Any]) -> None:
        self.steps = journey.get("steps", {})
        self.count = 0

    def write(self, name: str | None, table: str = "step") -> str:
        """All steps from one on, as tables below `table`."""
        written = ""
        while name and name != "exit":
            told = self.steps[name]
            written += self._table(table, f"at {name}") + f'emit = "at {name}"\n'
            more, name = self._one(name, told, table)
            written += more
        return written

    def _table(self, table: str, name: str) -> str:
        self.count += 1
        unique = name if self.count == 1 or name in self.steps else f"{name} {self.count}"
        return f'[[{table}]]\nname = "{unique}"\n'

    def _one(self, name: str, told: Mapping[str, Any], table: str) -> tuple[str, str | None]:
        head, onward = self._table(table, name), told.get("next")
        if told["do"] == "send":
            return head + 'template = "hello"\nsubject = "Hello"\n', onward
        if told["do"] == "wait":
            return head + f'after = "{told["seconds"]} seconds"\n', onward
        if told["do"] == "wait_until_date":
            offset = told.get("offset_seconds", 0)
            until = f'customer = "{told["attribute"]}", offset = "{offset} seconds"'
            return head + f"until = {{ {until} }}\n", onward
        if told["do"] == "wait_until_local_time":
            return head + f'at = "{told["hour"]:02}:{told.get("minute", 0):02}"\n', onward
        if told["do"] == "branch":
            return head + self._branch(told, table), None
        if told["do"] == "wait_for":
            return head + self._wait(told, table), None
        if told["do"] == "random_split":
            return head + self._split(told, table), None
        raise Unsayable(f"the step {told['do']}")

    def _branch(self, told: Mapping[str, Any], table: str) -> str:
        yes = self.write(told.get("yes"), f"{table}.branch.step")
        no = self.write(told.get("no"), f"{table}.branch.step")
        written = f"[[{table}.branch]]\nif = {compared(told['if'])}\n{yes}"
        return written + f"[[{table}.branch]]\nelse = true\n{no}"

    def _wait(self, told: Mapping[str, Any], table: str) -> str:
        rules = [compared(one) for one in told["any_of"]]
        written = f"wait_for = {{ any = [ {', '.join(rules)} ] }}\n"
        if "timeout_seconds" in told:
            written += f'up_to = "{told["timeout_seconds"]} seconds"\n'
        below = f"{table}.then"
        written += self._table(below, "which")
        for one, asked in zip(told["any_of"], rules, strict=True):
            written += f"[[{below}.branch]]\nif = {asked}\n"
            written += self.write(one.get("next"), f"{below}.branch.step")
        return written + self.write(told.get("on_timeout"), f"{table}.otherwise")

    def _split(self, told: Mapping[str, Any], table: str) -> str:
        written = ""
        for one in told["shares"]:
            written += f"[[{table}.split]]\npercent = {one['percent']}\n"
            written += self.write(one.get("next"), f"{table}.split.step")
        return written


def flow_of(journey: Mapping[str, Any], started: bool) -> str:
    entry = journey["entry"]
    if started or entry["on"] == "list":
        enter = 'when = "start_run"'
    elif entry["on"] == "segment_entered":
        enter = f'joins = "{entry["segment"]}"'
    else:
        enter = f'when = "{entry["event"]}"'
        enter += f'\nper = "{entry["key"]}"' if "key" in entry else ""
    if "may_run_again" in journey:
        enter += f'\nagain = "{"always" if journey["may_run_again"] else "never"}"'
    status = {"running": "live"}.get(journey.get("status", "running"), "draft")
    written = Steps(journey).write(entry.get("next"))
    return flow(enter, written or step(), status=status)


def replayed(folder: Path, scenario: Mapping[str, Any]) -> Played:
    """The scenario as a shop with its history."""
    journeys = scenario.get("journeys") or [{"name": "journey", **scenario["journey"]}]
    steps = scenario["steps"]
    started = any(one["do"] == "start_run" for one in steps)
    files = {one["name"].replace(" ", "_"): flow_of(one, started) for one in journeys}
    segments = {name: segment(rule(told)) for name, told in scenario.get("segments", {}).items()}
    named = {one["entry"].get("segment") for one in journeys} - {None}
    segments |= {name: segment('{ did = "never" }') for name in named - set(segments)}
    told = scenario.get("profile", {})
    people = [person(name, at=at_ms(-1), attributes=known) for name, known in told.items()]
    lines: list[dict[str, Any]] = []
    for one in steps:
        if one["do"] == "start_run":
            run = {"person": one["person"], "kind": "event", "name": "start_run", "properties": {}}
            take(people, lines, run, one["at_ms"])
        for happened in one.get("events", ()):
            take(people, lines, happened, one["at_ms"])
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
    if "path" in expected:
        # What is decided at one instant is told in the order of the steps' names.
        way = [row["detail"].removeprefix("at ") for row in done if row["what"] == "emitted"]
        assert sorted(["entry", *way]) == sorted(expected["path"])
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
