"""Campaigns with everything in them: steps in branches in waits, series, recurring letters."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime

import jsonschema  # type: ignore[import-untyped]
import pytest

from lifecycle.catalog.catalog import campaign_rules
from lifecycle.catalog.load import from_files
from lifecycle.catalog.occurrences import letters_to_write
from lifecycle.catalog.schema import schemas
from lifecycle.core.campaign import Flow, Series
from tests.catalog.nested import BIG, MONTHLY, SERIES
from tests.catalog.shop import CASES, FILES, LETTER, catalog_of, problems_of, said

FILE, CASE_FILE = "campaigns/big.toml", "tests/campaigns/big.toml"


@pytest.mark.parametrize("text", [BIG, SERIES])
def test_a_campaign_with_everything_in_it_has_no_problem(text: str):
    assert [said(one) for one in problems_of({FILE: text})] == []


@pytest.mark.parametrize(
    ("kind", "text"), [("Flow", BIG), ("Series", SERIES), ("Broadcast", MONTHLY)]
)
def test_editors_know_all_of_it(kind: str, text: str):
    schema = {key: one for key, one in schemas()["campaign"].items() if key != "anyOf"}
    data = json.loads(json.dumps(tomllib.loads(text), default=lambda one: one.isoformat()))
    check = jsonschema.Draft7Validator({**schema, "$ref": f"#/$defs/{kind}"})
    assert [one.message for one in check.iter_errors(data)] == []


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (BIG, 'emit = "asked_well"', "emit = 5"),
        (BIG, 'name = "give"', 'nam = "give"'),
        (BIG, 'sender = "shop"', "sender = 5"),
        (BIG, "else = true", "else = false"),
        (BIG, 'if = { customer = "vip", is = true }', ""),
        (BIG, 'up_to = "2 days"\n', ""),
        (BIG, 'up_to = "3 days"', 'up_to = "3 moons"'),
        (BIG, '"env:HOOK"', '"https://hooks.example"'),
        (BIG, '"crm@shop.example"', '"crm"'),
        (BIG, "percent = 50", "percent = 500"),
        (BIG, '"holidays"', '"holiday"'),
        (BIG, "inside 3 days", "inside days"),
        (BIG, "older = { stay = true }", "older = { stay = false }"),
        (BIG, '[enter]\nwhen = "order_placed"', "[enter]"),
        (BIG, "offset =", "ofset ="),
        (BIG, "leave = true", "leave = 1"),
        (BIG, "{ did =", "{ dd ="),
        (SERIES, "anchor = 2026-11-27", ""),
        (SERIES, '"T 09:00"', '"T 09"'),
        (SERIES, '"T+3 days 22:00"\nonly_if', '"later"\nonly_if'),
        (MONTHLY, "month on the first monday at", "every month at"),
        (MONTHLY, 'every = "month on the first monday at 09:00"', ""),
        (MONTHLY, "audience =", 'waves = { gap = "1 hour" }\naudience ='),
    ],
)
def test_a_wrong_file_is_wrong_by_the_schema_and_by_the_models(text: str, old: str, new: str):
    assert old in text
    wrong = text.replace(old, new, 1)
    data = json.loads(json.dumps(tomllib.loads(wrong), default=lambda one: one.isoformat()))
    assert list(jsonschema.Draft7Validator(schemas()["campaign"]).iter_errors(data))
    assert any(one.severity == "error" for one in problems_of({FILE: wrong}))


def test_every_rule_at_any_depth_is_found_with_its_place():
    flow = catalog_of({FILE: BIG}).campaigns["big"]
    assert isinstance(flow, Flow)
    otherwise = ("step", 1, "otherwise", 0)
    say = (*otherwise, "branch", 0, "step", 1)
    assert [place for place, _ in campaign_rules(flow)] == [
        ("enter", "only_if"),
        (*otherwise, "branch", 0, "if"),
        (*otherwise, "branch", 0, "step", 0, "issue", "given_if"),
        (*say, "variant", 0, "incentive", "given_if"),
        ("step", 5, "wait_for"),
    ]


def test_every_event_that_a_nested_step_waits_for_is_read():
    names = catalog_of({FILE: BIG}).event_names()
    assert {"message_clicked", "order_*", "asked_well", "order_cancelled"} <= names


def test_times_around_the_anchor_are_instants_in_rules_and_incentives():
    series = catalog_of({FILE: SERIES}).campaigns["big"]
    assert isinstance(series, Series)
    offer = series.step[0].incentive
    assert offer is not None and offer.valid_until is not None
    assert offer.valid_until.value == datetime(2026, 11, 30, 22)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('sender = "shop"', 'sender = "shp"', "48:9 there is no sender “shp”"),
        ('customer = "vip", is = true', 'in_segment = "vpi"', "38:12 there is no segment “vpi”"),
        ('join = "abandoned_cart"', 'join = "cart"', "76:1 there is no campaign “cart”"),
        ('old_one = "ask"', 'old_one = "aks"', "16:1 there is no step “aks”"),
        ('was = "asked"', 'was = "say"', "22:1 “say” is the name of a step there is"),
        ('was = "asked"', 'was = "older"', "22:1 [migrate] says too where those at “older” go"),
        ('kind = "percent_off"', 'kind = "percnt_off"', "49:23 “percnt_off” is no kind of"),
        ('subject = "Hi"', 'subject = "{{ custmer.id }}"', "45:7 nothing is known under the name"),
        ('name = "thanks"', 'name = "say"', "43:7 the name “say” is taken twice"),
        ("up_to = \"2 days\"\n", "", "34:5 `otherwise` is for when the time is over"),
        ("award = 5", "award = 5\n    emit = 'x'", "52:7 a step does one thing"),
    ],
)  # fmt: skip
def test_what_is_wrong_deep_inside_is_told_at_its_line(old: str, new: str, expected: str):
    assert old in BIG
    found = problems_of({FILE: BIG.replace(old, new, 1)})
    told = [f"{one.line}:{one.column} {one.problem}" for one in found if one.severity == "error"]
    assert len(told) == 1, told
    assert told[0].startswith(expected), told


def test_a_kind_of_incentive_that_a_hook_makes_is_known():
    text = BIG.replace('kind = "percent_off", percent = 5', 'kind = "gift_card"')
    assert [one.key.rpartition(".")[2] for one in problems_of({FILE: text})] == ["kind"]
    assert from_files({**FILES, FILE: text}, incentives=["gift_card"]).problems == ()
    assert from_files({**FILES, FILE: text}).problems == ()


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ('sent = "say"', ""),
        ('emitted = "asked_well", step = "thanks"', ""),
        ("awarded = 5", ""),
        ('issued = "points", step = "give"', ""),
        ('called = "env:HOOK"', ""),
        ('notified = "crm@shop.example", step = "tell"', ""),
        ('suppressed = true, step = "hush"', ""),
        ('sent = "sya"', "“big” has no step “sya”"),
        ('emitted = "asked_well", step = "thank"', "“big” has no step “thank”"),
    ],
)
def test_cases_speak_of_nested_steps(expect: str, expected: str):
    case = CASES.replace('"abandoned_cart"', '"big"').replace('sent = "reminder"', expect)
    told = [one.problem for one in problems_of({FILE: BIG, CASE_FILE: case})]
    assert told == ([expected] if expected else [])


def test_a_variant_that_a_case_fixes_must_be_there():
    case = CASES.replace('"abandoned_cart"', '"big"').replace('sent = "reminder"', 'sent = "say"')
    case = case.replace("customer =", 'variant = "z"\ncustomer =')
    told = [(one.problem, one.hint) for one in problems_of({FILE: BIG, CASE_FILE: case})]
    assert told == [("“big” has no variant “z”", "its variants: x, y")]


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (datetime(2027, 1, 1, tzinfo=UTC), ""),
        (datetime(2027, 1, 4, 7, 59, tzinfo=UTC), ""),
        (datetime(2027, 1, 4, 8, 1, tzinfo=UTC), "make templates/news/2027-02.mjml"),
    ],
)
def test_the_next_letter_of_a_recurring_broadcast_is_missed_before_its_day(
    now: datetime, missing: str
):
    catalog = catalog_of({FILE: MONTHLY, "templates/news/2027-01.mjml": LETTER})
    hints = [one.hint for one in letters_to_write(catalog, now)]
    assert hints == ([f"{missing} before that day"] if missing else [])


def test_flows_that_lead_into_one_another_are_a_doubt_told_once():
    there = BIG.replace('join = "abandoned_cart"', 'join = "back"')
    back = BIG.replace('join = "abandoned_cart"', 'join = "big"')
    files = {FILE: there, "campaigns/back.toml": back}
    told = [(one.severity, one.problem) for one in problems_of(files)]
    assert told == [("warning", "flows lead into one another in a circle: back → big → back")]


def test_flows_that_let_one_another_in_by_what_they_emit_are_a_doubt_too():
    text = BIG.replace('when = "order_placed"', 'when = ["order_placed", "asked_well"]', 1)
    told = [(one.key, one.problem) for one in problems_of({FILE: text})]
    circle = "flows lead into one another in a circle: big → big"
    assert told == [("step[1].then[0].emit", circle)]


def test_only_a_flow_can_be_joined():
    text = BIG.replace('join = "abandoned_cart"', 'join = "spring_sale"')
    (found,) = problems_of({FILE: text})
    assert found.problem == "“spring_sale” is a broadcast, and only a flow can be joined"


def test_joining_a_draft_lets_nobody_in():
    draft = FILES["campaigns/abandoned_cart.toml"].replace('"live"', '"draft"')
    (found,) = problems_of({FILE: BIG, "campaigns/abandoned_cart.toml": draft})
    assert (found.severity, found.problem) == (
        "warning",
        "“abandoned_cart” lets nobody in: it is draft",
    )
