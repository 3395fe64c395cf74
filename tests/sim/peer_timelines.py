"""Says another engine's timelines in our language: rules, histories, statements of what holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.core.words import rfc3339

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
OPS = {
    "equals": "is",
    "not_equals": "is_not",
    "at_least": "at_least",
    "less_than": "less_than",
    "list_contains": "contains",
}
NOBODY = "{ not = { everyone = true } }"
CONSENTS = {"subscribe": "consent_given", "unsubscribe": "consent_withdrawn"}


class Unsayable(Exception):
    """The scenario asks what the language does not say."""


def at_ms(told: int) -> str:
    """An instant of scenario time."""
    return rfc3339(START + timedelta(milliseconds=told))


def toml(value: Any) -> str:
    """A plain value as files hold it."""
    return json.dumps(value, ensure_ascii=False)


def only(told: dict[str, Any], *known: str) -> None:
    """Refuse what nobody here reads."""
    if unknown := sorted(set(told) - {*known, "why", "note"}):
        raise Unsayable(f"nobody here reads {unknown}")


def path(told: Any) -> str:
    """An attribute's path, nested ones by dots."""
    if isinstance(told, dict):
        if any("." in part for part in told.get("nested", [told.get("key", "")])):
            raise Unsayable("a dot in a name parts two names")
        told = ".".join(told["nested"]) if "nested" in told else told["key"]
    return toml(told)


def compared(told: dict[str, Any]) -> str:
    """A comparison without its length."""
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


def rule(told: dict[str, Any], lists: dict[str, Any]) -> str:
    """A rule of the timelines as an inline table of the language."""
    for word in ("all", "any"):
        if word in told:
            only(told, word)
            return f"{{ {word} = [{', '.join(rule(part, lists) for part in told[word])}] }}"
    if "everyone" in told:
        return "{ everyone = true }"
    if "attribute" in told:
        only(told, "attribute", "is")
        return _attribute(path(told["attribute"]), told["is"])
    if "last_event" in told:
        return _last(told)
    if "event" in told or "event_prefix" in told:
        return _did(told)
    if "random_bucket" in told:
        raise Unsayable("another engine's dice give other people their places")
    raise Unsayable(f"the leaf {sorted(told)}")


def _attribute(at: str, told: dict[str, Any]) -> str:
    if told["op"] != "has_been":
        return f"{{ customer = {at}, {compared(told)} }}"
    only(told, "op", "value", "at_least_seconds", "less_than_seconds")
    holds = f"customer = {at}, is = {toml(told['value'])}"
    if "at_least_seconds" in told:
        return f'{{ {holds}, held_for = "{told["at_least_seconds"]} seconds" }}'
    long = f'{{ {holds}, held_for = "{told["less_than_seconds"]} seconds" }}'
    return f"{{ all = [{{ {holds} }}, {{ not = {long} }}] }}"


def _did(told: dict[str, Any]) -> str:
    only(told, "event", "event_prefix", "count", "within_last_seconds", "where")
    name = told.get("event") or f"{told['event_prefix']}*"
    n, op = told["count"]["n"], told["count"]["op"]
    if op == "less_than" and not n:
        return NOBODY
    said = [f"did = {toml(name)}", f"at_most = {n - 1}" if op == "less_than" else f"{op} = {n}"]
    if "within_last_seconds" in told:
        said.append(f'within = "{told["within_last_seconds"]} seconds"')
    return f"{{ {', '.join(said + _conditions('where', told.get('where')))} }}"


def _last(told: dict[str, Any]) -> str:
    only(told, "last_event", "among_events_where", "that_last_event_has")
    only(told["last_event"], "event", "event_prefix")
    last = told["last_event"]
    said = [f"last = {toml(last.get('event') or last['event_prefix'] + '*')}"]
    said += _conditions("where", told.get("among_events_where"))
    return f"{{ {', '.join(said + _conditions('has', told.get('that_last_event_has')))} }}"


def _conditions(word: str, told: list[dict[str, Any]] | None) -> list[str]:
    """Conditions on properties; several on one of them stand in one table."""
    asked: dict[str, list[str]] = {}
    for one in told or ():
        only(one, "property", "is")
        asked.setdefault(path(one["property"]), []).append(compared(one["is"]))
    if not asked:
        return []
    inner = (f"{at} = {{ {', '.join(ops)} }}" for at, ops in asked.items())
    return [f"{word} = {{ {', '.join(inner)} }}"]


def segment(told: dict[str, Any], lists: dict[str, dict[str, bool]]) -> str:
    """A segment's file; one kept by hand names its members."""
    only(told, "name", "rule")
    if "manual_list" in told["rule"]:
        inside = [person for person, member in lists.get(told["name"], {}).items() if member]
        listed = f"members = {{ include = {toml(inside)} }}\n" if inside else ""
        return f'name = "S"\nmatch = {NOBODY}\n{listed}'
    return f'name = "S"\nmatch = {rule(told["rule"], lists)}\n'


def subscribed(group: dict[str, Any]) -> str:
    """Whether somebody is in a subscription group: by their last word, else by its default."""
    only(group, "name", "default", "channel")
    agreed = f"{{ agreed_to = {toml(group['name'])} }}"
    if group["default"] != "subscribed":
        return agreed
    left = f'{{ did = "consent_withdrawn", where = {{ topic = {toml(group["name"])} }} }}'
    return f"{{ any = [{agreed}, {{ not = {left} }}] }}"


def has_value(told: dict[str, Any], value: Any) -> str:
    """That a computed field of a person has a value; None: that it has none."""
    if list(told) == ["from_attribute"]:
        at = path(told["from_attribute"])
        wanted = "is_set = false" if value is None else f"is = {toml(value)}"
        return f"{{ customer = {at}, {wanted} }}"
    if list(told) != ["first_present_of"]:
        raise Unsayable(f"the field {sorted(told)}")
    parts = told["first_present_of"]
    if value is None:
        return f"{{ all = [{', '.join(has_value(part, None) for part in parts)}] }}"
    ways = []
    for place, part in enumerate(parts):
        before = [has_value(other, None) for other in parts[:place]]
        ways.append(f"{{ all = [{', '.join([*before, has_value(part, value)])}] }}")
    return f"{{ any = [{', '.join(ways)}] }}"


@dataclass
class Timeline:
    """The lines of a replay's files, as they come in, and who is on lists kept by hand."""

    people: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    lists: dict[str, dict[str, bool]] = field(default_factory=dict)
    dated: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, step: dict[str, Any]) -> None:
        """Add what a step brings."""
        for one in sorted(step["events"], key=lambda one: int(one["occurred_at_ms"])):
            arrives = max(one.get("received_at_ms", step["at_ms"]), one["occurred_at_ms"])
            if one["kind"] == "profile_update":
                self._update(one, arrives)
            elif one["kind"] == "event":
                self._event(one, one["name"], one["properties"], arrives)
            elif one["kind"] == "subscription_change":
                self._event(one, CONSENTS[one["action"]], {"topic": one["group"]}, arrives)
            elif one["kind"] == "manual_list_change":
                raise Unsayable("a list kept by hand is a file here, changed by no event")
            else:
                raise Unsayable(f"{one['kind']} is no matter of rules")

    def _event(
        self, one: dict[str, Any], name: str, properties: dict[str, Any], arrives: int
    ) -> None:
        line = {
            "id": one.get("id") or f"e{len(self.events)}",
            "at": at_ms(one["occurred_at_ms"]),
            "received_at": at_ms(arrives),
            "event": name,
            "customer": one["person"],
            "properties": properties,
        }
        self.events.append(line)

    def _update(self, one: dict[str, Any], arrives: int) -> None:
        """Of two values of one attribute the one of later date counts."""
        said = {}
        for key, value in one["attributes"].items():
            if self.dated.get((one["person"], key), one["occurred_at_ms"]) > one["occurred_at_ms"]:
                continue
            self.dated[one["person"], key] = one["occurred_at_ms"]
            said[key] = at_ms(value["time_at_ms"]) if isinstance(value, dict) else value
        self.people.append({"id": one["person"], "at": at_ms(arrives), "attributes": said})


@dataclass(frozen=True)
class Stated:
    """What must hold: a segment asked, of whom, whether inside; or how many."""

    segment: str
    person: str | None
    value: int | bool


def stated(step: dict[str, Any], scenario: dict[str, Any]) -> Iterator[tuple[Stated, str]]:
    """Each statement of a step, and the file of a segment made for it alone, where one is."""
    only(
        step,
        *("at_ms", "do", "membership", "membership_count", "profile", "subscriptions"),
        *("journey_entries_so_far", "in_no_segment"),
    )
    for name, told in step.get("membership", {}).items():
        for person in (*told["in"], *told["out"]):
            yield Stated(name, person, person in told["in"]), ""
    for name, count in step.get("membership_count", {}).items():
        yield Stated(name, None, count), ""
    for person in step.get("in_no_segment", ()):
        for one in scenario["segments"]:
            yield Stated(one["name"], person, False), ""
    groups = {one["name"]: one for one in scenario.get("subscription_groups", ())}
    for name, told in step.get("subscriptions", {}).items():
        asked = f'name = "S"\nmatch = {subscribed(groups[name])}\n'
        for person in (*told["subscribed"], *told["not_subscribed"]):
            yield Stated(f"subscribed_{name}", person, person in told["subscribed"]), asked
    for person, values in step.get("profile", {}).items():
        for one in scenario["profile_fields"]:
            asked = has_value(one["value"], values.get(one["name"]))
            name = f"{one['name']}_of_{person}"
            yield Stated(name, person, True), f'name = "S"\nmatch = {asked}\n'
