"""Rules that can never hold or always do, negative windows without tenure, segments of no use."""

from __future__ import annotations

import pytest

from tests.catalog.shop import CART, CART_FILE, SETTINGS, problems_of

FILE = "segments/vip.toml"
HEAD = 'name = "x"\n[match]\n'


def warned(rule: str, words: str, files: dict[str, str] | None = None) -> list[int]:
    """The lines of the segment at which those words are said of its rule."""
    text = HEAD + rule + "\n"
    problems = problems_of({FILE: text, **(files or {})})
    assert not [one for one in problems if one.severity == "error"], problems
    return [one.line for one in problems if one.file == FILE and words in one.problem]


NEVER = [
    'all = [ { did = "order_placed", at_least = 5 }, { did = "order_placed", at_most = 3 } ]',
    'did = "order_placed"\nat_least = 5\nat_most = 3',
    'all = [ { did = "order_placed", exactly = 0 }, { did = "order_placed" } ]',
    'all = [ { customer = "country", is = "DE" }, { customer = "country", is = "AT" } ]',
    'all = [ { customer = "country", is_one_of = ["DE"] }, { customer = "country", is = "AT" } ]',
    'customer = "country"\nis = "DE"\nis_not = "DE"',
    'customer = "country"\nis_one_of = []',
    'customer = "country"\nis_set = false\nis = "DE"',
    'customer = "age"\nat_least = 50\nless_than = 50',
    'customer = "orders.best"\nat_least = 50\nat_most = 3',
    'all = [ { customer = "age", more_than = 50 }, { customer = "age", is = 50 } ]',
    'all = [ { customer = "x", starts_with = "a" }, { customer = "x", starts_with = "b" } ]',
    'customer = "born"\nbefore = 2000-01-01\nafter = 2001-01-01',
    'did = "order_placed"\nsince = 2026-05-01\nuntil = 2026-05-01',
    'last = "order_placed"\nsince = 2026-05-02T00:00:00\nuntil = 2026-05-01',
    'smallest_of = "order_placed.total"\nis = 1\nsince = 2026-05-03\nuntil = 2026-05-01T00:00:00Z',
    'sequence = ["site_visited", "order_placed"]\nsince = 2026-05-01\nuntil = 2026-04-01',
    'customer = "born"\nbefore = 2000-01-01T00:00:00Z\nafter = 2000-01-01T00:00:00Z',
    'all = [ { agreed_to = "offers" }, { not = { agreed_to = "offers" } } ]',
    'all = [ { agreed_to = "offers" } ]\nnone = [ { agreed_to = "offers" } ]',
    'all = [ { known_for = "30 days" }, { not = { known_for = "30 days" } } ]',
    'all = [ { known_for = "60 days" } ]\nnone = [ { known_for = "30 days" } ]',
    "none = [ { everyone = true } ]",
    (
        'all = [ { did = "order_placed", within = "30 days" } ]\n'
        'none = [ { did = "order_placed", within = "365 days" } ]'
    ),
    (
        'all = [ { did = "order_placed", between = ["60 days ago", "30 days ago"] } ]\n'
        'none = [ { did = ["order_placed", "site_visited"], within = "90 days" } ]'
    ),
    (
        'all = [ { did = "order_placed", where = { total = { at_least = 9 } } } ]\n'
        'none = [ { did = "order_*" } ]'
    ),
    'did = "order_placed"\nwhere = { total = { at_least = 9, at_most = 3 } }',
    (
        'all = [ { total_of = "order_placed.total", at_least = 9 },'
        ' { did = "order_placed", exactly = 0 } ]'
    ),
    (
        'all = [ { average_of = "order_placed.total", at_least = 9 },'
        ' { not = { did = "order_placed" } } ]'
    ),
    'distinct_of = "order_placed.sku"\nless_than = 0',
    'total_of = "order_placed.total"\nis = "many"',
    'all = [ { random_percent = 10, seed = "a" }, { not = { random_percent = 20, seed = "a" } } ]',
    (
        'all = [ { any = [ { customer = "x", is = 1 }, { customer = "x", is = 2 } ] },'
        ' { customer = "x", is = 3 } ]'
    ),
    'all = [ { in_segment = "staff" }, { customer = "staff", is = false } ]',
    (
        'all = [ { customer = "x", within_last = "3 days" },'
        ' { not = { customer = "x", within_last = "5 days" } } ]'
    ),
]


@pytest.mark.parametrize("rule", NEVER)
def test_a_rule_that_can_never_hold_is_told(rule: str):
    assert len(warned(rule, "this can never hold")) == 1
    assert warned(rule, "this always holds") == []


ALWAYS = [
    'did = "order_placed"\nat_least = 0',
    'did = "order_placed"\nat_most = 0\nsince = 2026-05-01\nuntil = 2026-04-01',
    'known_for = "0 days"',
    'any = [ { agreed_to = "offers" }, { not = { agreed_to = "offers" } } ]',
    'any = [ { everyone = true }, { agreed_to = "offers" } ]',
    'any = [ { customer = "x", is_set = true }, { customer = "x", is_set = false } ]',
    'any = [ { customer = "x.y", is_set = true }, { customer = "x.y", is_set = false } ]',
    'any = [ { did = "order_placed" }, { did = "order_placed", exactly = 0 } ]',
    'any = [ { known_for = "3 days" }, { not = { known_for = "5 days" } } ]',
    'distinct_of = "order_placed.sku"\nat_least = 0',
    'any = [ { customer = "x", at_least = 5 }, { not = { customer = "x", at_least = 5 } } ]',
]


@pytest.mark.parametrize("rule", ALWAYS)
def test_a_rule_that_always_holds_is_told(rule: str):
    assert len(warned(rule, "this always holds")) == 1
    assert warned(rule, "this can never hold") == []


OPEN = [
    'all = [ { customer = "l.x", is = "a" }, { customer = "l.x", is = "b" } ]',
    'any = [ { customer = "x", at_least = 5 }, { customer = "x", less_than = 5 } ]',
    'all = [ { customer = "x", is = 1 }, { not = { customer = "x", is = true } } ]',
    'all = [ { customer = "x", is = 50 }, { customer = "x", contains = "0" } ]',
    (
        'all = [ { did = "order_placed", within = "90 days" } ]\n'
        'none = [ { did = "order_placed", within = "30 days" } ]'
    ),
    (
        'all = [ { did = "order_placed" } ]\n'
        'none = [ { did = "order_placed", where = { total = { at_least = 9 } } } ]'
    ),
    'total_of = "order_placed.total"\nat_least = 0',
    (
        'all = [ { total_of = "order_placed.total", at_most = 0 },'
        ' { did = "order_placed", exactly = 0 } ]'
    ),
    'customer = "born"\nbefore = 2000-01-02\nafter = 2000-01-01',
    'customer = "born"\nbefore = 2000-01-01T00:00:00Z\nafter = 1999-12-31',
    "all = [ { random_percent = 100 } ]\nnone = [ { random_percent = 0 } ]",
    'all = [ { random_percent = 20, seed = "a" }, { not = { random_percent = 20, seed = "b" } } ]',
    "everyone = true",
    "all = [ { everyone = true } ]",
    (
        'all = [ { customer = "x", within_last = "5 days" },'
        ' { not = { customer = "x", within_last = "3 days" } } ]'
    ),
    'not = { customer = "x", is_set = true }',
]


@pytest.mark.parametrize("rule", OPEN)
def test_a_rule_that_can_do_both_is_left_alone(rule: str):
    assert warned(rule, "hold") == []


def test_the_place_is_the_part_that_leaves_nothing_and_names_the_other():
    rule = """\
all = [
  { agreed_to = "offers" },
  { did = "order_placed", at_least = 5 },
  { customer = "x", is = 1 },
]
none = [
  { customer = "y", is = 1 },
  { did = "order_placed", at_least = 2 },
]"""
    assert warned(rule, "can never hold beside what line 5 says") == [10]


def test_of_rules_inside_one_another_the_innermost_is_told_alone():
    rule = """\
any = [
  { customer = "x", is = 1 },
  { all = [ { customer = "y", is = 1 }, { customer = "y", is = 2 } ] },
]
all = [ { customer = "x", at_least = 5, at_most = 3 } ]"""
    assert warned(rule, "hold") == [5, 7]


def test_rules_of_campaigns_and_settings_are_looked_at_too():
    only_if = "only_if = { customer = 'x', at_least = 5, at_most = 3 }"
    hold_if = "[sending]\nhold_if = { customer = 'x', is_one_of = [] }\n"
    files = {
        CART_FILE: CART.replace("only_if =", f"{only_if} #").replace(
            'if   = { did = "order_placed", since_entry = true }',
            'if   = { did = "order_placed", at_least = 0 }',
        ),
        "settings.toml": SETTINGS.replace("[[sending.cap]]", f"{hold_if}[[sending.cap]]"),
    }
    told = [(one.file, one.key) for one in problems_of(files) if "hold" in one.problem]
    assert told == [
        (CART_FILE, "enter.only_if"),
        (CART_FILE, "exit.if"),
        ("settings.toml", "sending.hold_if"),
    ]


TENURELESS = [
    'none = [ { did = "order_placed", within = "60 days" } ]',
    'not = { did = "order_placed", within = "60 days" }',
    'did = "order_placed"\nwithin = "60 days"\nat_most = 0',
    'did = "order_placed"\nwithin = "60 days"\nexactly = 0',
    'none = [ { did = "order_placed", between = ["60 days ago", "1 day ago"] } ]',
    'all = [ { not = { did = "order_placed", at_least = 3, within = "60 days" } } ]',
    'none = [ { any = [ { did = "order_placed", within = "60 days" }, { everyone = true } ] } ]',
    'all = [ { in_segment = "staff" } ]\nnone = [ { did = "order_placed", within = "60 days" } ]',
]
TENURED = [
    'all = [ { known_for = "60 days" } ]\nnone = [ { did = "order_placed", within = "60 days" } ]',
    'all = [ { did = "order_placed" } ]\nnone = [ { did = "order_placed", within = "60 days" } ]',
    (
        'all = [ { average_of = "order_placed.total", at_least = 5 } ]\n'
        'none = [ { did = "order_placed", within = "60 days" } ]'
    ),
    'all = [ { in_segment = "old" } ]\nnone = [ { did = "order_placed", within = "60 days" } ]',
    'none = [ { did = "order_placed" } ]',
    'none = [ { did = "order_placed", within = "60 days", exactly = 0 } ]',
    'did = "order_placed"\nwithin = "60 days"\nat_least = 0\nat_most = 5',
]
OLD = 'name = "Old"\n[match]\nknown_for = "1 day"\n'


@pytest.mark.parametrize("rule", TENURELESS)
def test_a_negative_window_that_newcomers_meet_is_told(rule: str):
    assert len(warned(rule, "known for less than that", {"segments/old.toml": OLD})) == 1


@pytest.mark.parametrize("rule", TENURED)
def test_a_negative_window_beside_tenure_is_not(rule: str):
    assert warned(rule, "known for less than that", {"segments/old.toml": OLD}) == []


def test_a_segment_nobody_uses_is_told():
    problems = problems_of({"segments/old.toml": OLD})
    told = [one for one in problems if "uses this segment" in one.problem]
    assert [(one.file, one.severity) for one in told] == [("segments/old.toml", "warning")]
