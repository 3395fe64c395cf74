"""Names that lead from one file to another."""

from __future__ import annotations

import pytest

from tests.catalog.shop import CART, CART_FILE, CASES, SALE, SETTINGS, STAFF, VIP, problems_of, said

CASE_FILE = "tests/campaigns/abandoned_cart.toml"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            CART_FILE,
            CART.replace('"offers"', '"offer"'),
            "5:1 error: there is no topic “offer” | did you mean “offers”?",
        ),
        (
            CART_FILE,
            CART.replace('sender      = "shop"', 'sender      = "crm"'),
            "28:1 error: there is no sender “crm” | add it to [senders] of settings.toml",
        ),
        (
            CART_FILE,
            CART.replace('name    = "named"', 'name    = "named"\n  sender = "shopp"'),
            "39:3 error: there is no sender “shopp” | did you mean “shop”?",
        ),
        (
            CART_FILE,
            CART.replace('"staff"', '"stuff"'),
            "13:67 error: there is no segment “stuff” | did you mean “staff”?",
        ),
        (
            "campaigns/new.toml",
            CART.replace('when    = "cart_updated"\nper     = "cart_id"', 'joins = "quiet"'),
            "9:1 error: there is no segment “quiet” | make segments/quiet.toml",
        ),
        (
            "campaigns/spring_sale.toml",
            SALE.replace('did = "order_placed"', 'agreed_to = "news"'),
            "9:36 error: there is no topic “news” | add it to [topics] of settings.toml",
        ),
        (
            "settings.toml",
            SETTINGS.replace(
                "[[sending.cap]]", '[sending]\nhold_if={in_segment="x"}\n[[sending.cap]]'
            ),
            "16:10 error: there is no segment “x” | make segments/x.toml",
        ),
        (
            "segments/vip.toml",
            VIP.replace('in_segment = "staff"', 'in_campaign = "spring_sales"'),
            "14:5 error: there is no campaign “spring_sales” | did you mean “spring_sale”?",
        ),
        (
            "campaigns/spring_sale.toml",
            SALE.replace('in_segment = "vip"', 'in_campaign = "welcome"'),
            "9:12 error: there is no campaign “welcome” | make campaigns/welcome.toml",
        ),
        (
            CASE_FILE,
            CASES.replace('"abandoned_cart"', '"abandonned_cart"'),
            "1:1 error: there is no campaign “abandonned_cart” | did you mean “abandoned_cart”?",
        ),
        (
            CASE_FILE,
            CASES.replace('"reminder"', '"reminders"'),
            "11:31 error: “abandoned_cart” has no step “reminders” | did you mean “reminder”?",
        ),
        (
            CASE_FILE,
            CASES.replace("sent =", "snt ="),
            "11:3 error: an expectation says one thing that is expected | did you mean “sent”?",
        ),
        (
            CASE_FILE,
            CASES.replace('event = "order_placed", ', ""),
            (
                "8:3 error: what happens says its `event` | or customer = { … }, "
                "where something of the customer changes"
            ),
        ),
        (
            CASE_FILE,
            CASES.replace('["offers"]', '["ofers"]'),
            "5:55 error: there is no topic “ofers” | did you mean “offers”?",
        ),
    ],
)
def test_a_name_that_leads_nowhere_is_told_at_its_place(file: str, text: str, expected: str):
    errors = [said(one) for one in problems_of({file: text}) if one.severity == "error"]
    assert errors == [f"{file}:{expected}"]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("spring_sale", ""),
        ("spring_sale/letter", ""),
        ("abandoned_cart/reminder", ""),
        ("spring_sales", "there is no campaign “spring_sales” | did you mean “spring_sale”?"),
        ("christmas/one", "there is no campaign “christmas” | right if it was taken out since"),
        (
            "abandoned_cart/reminders",
            "“abandoned_cart” has no step “reminders” | did you mean “reminder”?",
        ),
        ("spring_sale/one", "“spring_sale” has no step “one” | its steps: letter"),
    ],
)
def test_what_was_sent_by_a_campaign_that_is_no_more_may_be_asked_with_a_doubt(
    named: str, expected: str
):
    text = VIP.replace('in_segment = "staff"', f'was_sent = "{named}"')
    told = [said(one) for one in problems_of({"segments/vip.toml": text}) if "was_sent" in one.key]
    wanted = [f"segments/vip.toml:14:5 warning: {expected}"] if expected else []
    assert [one for one in told if "campaign" in one or "step" in one] == wanted


def test_segments_that_go_round_in_a_circle_are_told_once_for_each_circle():
    staff = STAFF.replace("customer =", "in_segment = 'vip' }\nx = { customer =")
    files = {
        "segments/staff.toml": staff.split("x =")[0],
        "segments/own.toml": 'name = "x"\nmatch = { not = { in_segment = "own" } }\n',
    }
    errors = [said(one) for one in problems_of(files) if "circle" in one.problem]
    assert [one.split(" error: ")[1] for one in errors] == [
        "segments go round in a circle: own → own | take one of them out",
        "segments go round in a circle: staff → vip → staff | take one of them out",
    ]


@pytest.mark.parametrize(
    ("leaf", "key"),
    [
        ('{ event = "total", at_least = 3 }', "event"),
        ('{ did = "order_placed", since_entry = true }', "since_entry"),
        ('{ did = "order_placed", where = { sku = { same_as = "sku" } } }', "same_as"),
        ('{ customer = "sku", same_as = "sku" }', "same_as"),
    ],
)
@pytest.mark.parametrize("where", ["segment", "audience", "hold_if"])
def test_a_rule_outside_flows_has_no_entry_event_to_read(leaf: str, key: str, where: str):
    files = {
        "segment": {"segments/vip.toml": VIP.replace('{ in_segment = "staff" }', leaf)},
        "audience": {"campaigns/spring_sale.toml": SALE.replace('{ in_segment = "vip" }', leaf)},
        "hold_if": {"settings.toml": SETTINGS + f"[sending]\nhold_if = {leaf}\n"},
    }[where]
    if where == "hold_if":
        start = SETTINGS.index("[[sending.cap]]")
        cut = SETTINGS[:start] + SETTINGS[SETTINGS.index("[points]") :]
        files = {"settings.toml": cut + f"[sending]\nhold_if = {leaf}\n"}
    errors = [one for one in problems_of(files) if one.severity == "error"]
    assert [one.key.rsplit(".", 1)[-1] for one in errors] == [key]
    assert "the event that let the customer in" in errors[0].problem


def test_a_property_named_like_a_word_of_rules_is_no_reference():
    text = VIP.replace("category =", "in_segment =")
    assert problems_of({"segments/vip.toml": text}) == ()
