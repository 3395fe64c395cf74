"""Rules that cannot be read are refused with file and line, wherever a rule may stand."""

from __future__ import annotations

import pytest

from tests.catalog.shop import CART, CART_FILE, SALE, SETTINGS, problems_of

DEEP = "{ not = " * 16 + "{ everyone = true }" + " }" * 16
LEAVES = [
    ('{ did = "x", within = "0 days" }', "a window of no length holds nothing"),
    ('{ did = "x", between = ["1 day ago", "1 day ago"] }', "further back"),
    ('{ did = "a*b" }', "a * stands at the end alone"),
    ('{ did = "*" }', "a * stands at the end alone"),
    ('{ did = ["x", "*y"] }', "a * stands at the end alone"),
    ('{ total_of = "x*.total", at_least = 1 }', "without *"),
    ('{ customer = "a..b", is = 1 }', "“a..b” has an empty part"),
    ('{ customer = ".a", is = 1 }', "“.a” has an empty part"),
    ('{ did = "x", where = { "items." = 1 } }', "“items.” has an empty part"),
    ('{ total_of = "x.", at_least = 1 }', "has an empty part"),
    (DEEP, "rules nest to depth 16 at most"),
    ("{ did = 'x', at_leest = 2 }", "`at_leest` does not belong beside `did`"),
    ("{ all = [] }", "`all` holds no rule"),
]
PLACES = {
    "a segment": ("segments/more.toml", 'name = "x"\nmatch = RULE\n', 2),
    "an audience": (
        "campaigns/spring_sale.toml",
        SALE.replace("[audience]", "[audience]\nany = [ RULE ]"),
        9,
    ),
    "only_if": (CART_FILE, CART.replace("only_if = { all", "only_if = RULE # { all"), 13),
    "exit.if": (CART_FILE, CART.replace("if   = { did", "if   = RULE # { did"), 17),
    "hold_if": (
        "settings.toml",
        SETTINGS.replace("[[sending.cap]]", "[sending]\nhold_if = RULE\n\n[[sending.cap]]"),
        16,
    ),
    "given_if": (CART_FILE, CART.replace("given_if  = {", "given_if  = RULE # {"), 60),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("rule", "words"), LEAVES, ids=[words for _, words in LEAVES])
def test_a_rule_that_cannot_be_read_is_told_at_its_line(place: str, rule: str, words: str):
    file, text, line = PLACES[place]
    written = text.replace("RULE", rule)
    found = [one for one in problems_of({file: written}) if words in one.problem]
    assert [(one.file, one.line, one.severity) for one in found] == [(file, line, "error")]
