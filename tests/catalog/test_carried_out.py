"""Everything that files may say is carried out, warned of, or refused; nothing is passed over."""

from __future__ import annotations

import tomllib

import jsonschema  # type: ignore[import-untyped]
import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.catalog.schema import schemas
from lifecycle.core.campaign import Flow
from tests.catalog.shop import CART, FILES, SALE, SETTINGS, problems_of, said

CART_FILE, SALE_FILE = "campaigns/abandoned_cart.toml", "campaigns/spring_sale.toml"
EVERY_SETTING = """\
[shop]
name     = "Shop Example"
address  = "1 Example Street, 10115 Berlin"
website  = "https://shop.example"
timezone = "Europe/Berlin"
language = "en"
currency = "EUR"
seed     = "change-me-once"

[senders]
shop  = { from = "Shop <news@mail.shop.example>", reply_to = "help@shop.example" }

[topics]
offers     = { about = "Sales and reminders" }
newsletter = { about = "Stories and news, twice a month", double_opt_in = true }

[sending]
quiet_hours = "21:00-08:00"
best_hour   = "10:00"
minimum_gap = "0 hours"
hold_if     = { in_segment = "leave_alone" }
global_holdout_percent = 0

[[sending.cap]]
class   = "campaign"
at_most = 4
per     = "7 days"

[transport]
kind = "outbox"
folder = "outbox"

[ses]
region            = "eu-central-1"
configuration_set = "lifecycle"
feedback_queue    = "env:SES_FEEDBACK_QUEUE"
mode              = "single"

[smtp]
host = "127.0.0.1"
port = 1025
user = "env:SMTP_USER"
password = "env:SMTP_PASSWORD"

[http]
listen     = "127.0.0.1:8000"
public_url = "http://127.0.0.1:8000"

[secrets]
key = "env:LIFECYCLE_KEY"

[tracking]
mode = "individual"

[points]
earn    = [ { when = "order_placed", per_amount = 1, points = 1, pending = "14 days" } ]
expire  = "365 days"
tiers   = [ { name = "silver", from = 500 }, { name = "gold", from = 2000 } ]
worth   = 0.01

[referral]
gives     = { kind = "amount_off", amount = 10 }
gets      = { kind = "percent_off", percent = 10 }
qualifies = "order_placed"
hold      = "14 days"
at_most   = 20

[database]
url = "sqlite:///shop.db"

[catalog]
apply_on_start = true

[retention]
events   = "1100 days"
messages = "400 days"
"""
SLIPPING = """\
name = "VIPs slipping away"

[match]
all = [
  { did = "order_placed", at_least = 3, within = "365 days" },
  { total_of = "order_placed.total", at_least = 400, within = "365 days" },
  { any = [
    { customer = "country", is_one_of = ["DE", "AT", "CH"] },
    { customer = "language", is = "de" },
  ] },
  { did = "order_placed", between = ["180 days ago", "60 days ago"] },
  { did = "product_viewed", where = { price = { at_least = 50 } }, within = "30 days" },
]
none = [
  { did = "order_placed", within = "60 days" },
  { in_segment = "staff" },
  { did = "message_complained", since = 2025-01-01 },
]
"""


def found(files: dict[str, str], severity: str) -> list[str]:
    """What is said of that severity of a shop with these files."""
    return [said(one) for one in problems_of(files) if one.severity == severity]


def test_every_setting_of_the_language_may_be_said():
    alone = 'name = "Leave alone"\nmatch = { customer = "vip", is = true }\n'
    files = {"settings.toml": EVERY_SETTING, "segments/leave_alone.toml": alone}
    loaded = from_files({**FILES, **files})
    assert isinstance(loaded.catalog, Catalog), loaded.problems
    assert [one for one in loaded.problems if one.file == "settings.toml"] == []


def test_a_segment_with_every_common_leaf_may_be_said():
    assert found({"segments/slipping_vip.toml": SLIPPING}, "error") == []


@pytest.mark.parametrize(
    "leaf",
    [
        'did = "order_placed", not_followed_by = ["order_delivered"], same = "order_id"',
        'did = "order_placed", at_least = 2, during = "this month last year"',
        'did = "order_placed", between = ["3 x orders.usual_gap ago", "1.5 x days.gap ago"]',
        'first = "order_*", where = { total = { at_least = 5 } }, has = { sku = "a" }',
        'last = ["order_placed", "order_paid"], within = "1.5 x orders.usual_gap"',
        'share = { did = "order_refunded" }, of = { did = "order_placed" }, at_least = 0.3',
        'share = { total_of = "a.b", where = { c = 1 } }, of = { did = "d" }, more_than = 1',
        'sequence = ["cart_updated", "order_*"], inside = "1 day", same = "sku", without = "x"',
    ],
)
def test_every_leaf_on_events_may_be_said_and_editors_know_it(leaf: str):
    told = f'name = "S"\nmatch = {{ {leaf} }}\n'
    assert found({"segments/s.toml": told}, "error") == []
    segment = jsonschema.Draft7Validator(schemas()["segment"])
    assert [one.message for one in segment.iter_errors(tomllib.loads(told))] == []


def test_a_fault_in_a_leaf_on_events_is_told_at_its_line():
    told = 'name = "S"\n[match]\nsequence = ["a", "b"]\ninside = "0 days"\nsame = 5\n'
    places = found({"segments/s.toml": told}, "error")
    assert any(one.startswith("segments/s.toml:4") for one in places), places
    assert any(one.startswith("segments/s.toml:5") for one in places), places


def test_a_flow_with_every_common_table_may_be_said():
    flow = from_files(FILES).catalog.campaigns["abandoned_cart"]  # type: ignore[union-attr]
    assert isinstance(flow, Flow)
    said_tables = {"enter", "exit", "goal", "holdout", "sending", "step"}
    assert said_tables <= flow.model_fields_set


def test_a_referrals_rewards_may_say_how_long_they_hold():
    text = SETTINGS.replace("amount = 10 }", 'amount = 10, valid_for = "9 days" }')
    assert text != SETTINGS
    assert found({"settings.toml": text}, "error") == []


@pytest.mark.parametrize(
    ("file", "text", "steps"),
    [
        (CART_FILE, CART.replace("[sending]", "[sending]\nresend_uncertain = true"), "“reminder”"),
        (SALE_FILE, SALE.replace("[winner]", "[sending]\nresend_uncertain = true\n[winner]"), "“"),
    ],
)
def test_marketing_that_may_have_gone_is_never_sent_again(file: str, text: str, steps: str):
    (error,) = found({file: text}, "error")
    assert f"`resend_uncertain` is for transactional steps only: {steps}" in error


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            CART_FILE,
            CART.replace("confidence = 95", 'decide_after = "4 hours"'),
            "`decide_after` belongs to the winner of a broadcast or a series",
        ),
        (
            CART_FILE,
            CART.replace("confidence = 95", "test_percent = 20"),
            "`test_percent` belongs to the winner of a broadcast or a series",
        ),
        (SALE_FILE, SALE.replace("decide_after", "# "), "nothing says until when"),
        (SALE_FILE, SALE.replace("click_rate", "goal_rate"), "the campaign has none"),
        (
            CART_FILE,
            CART.replace('after    = "1 hour"', "resend_uncertain = true"),
            "`resend_uncertain` is not known in [[step]]",
        ),
        (
            "settings.toml",
            SETTINGS + '[ses]\nfeedback_topics = ["ses-feedback"]\n',
            "names no topic of Amazon SNS",
        ),
    ],
)
def test_what_would_be_passed_over_is_an_error(file: str, text: str, expected: str):
    errors = found({file: text}, "error")
    assert any(expected in one for one in errors), errors


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "settings.toml",
            SETTINGS + '[retention]\nmessages = "20 days"\n',
            "messages are kept for 60 days all the same",
        ),
        (
            SALE_FILE,
            SALE.replace("test_percent = 20\n", "").replace('decide_after = "4 hours"\n', ""),
            "this winner is never chosen",
        ),
    ],
)
def test_what_is_done_otherwise_than_one_may_think_is_warned_of(
    file: str, text: str, expected: str
):
    assert found({file: text}, "error") == []
    assert [one for one in found({file: text}, "warning") if expected in one]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "segments/s.toml",
            'name = "S"\nmatch = { did = "a", at_least = 99999999999999999999 }\n',
            "takes a whole number",
        ),
        ("settings.toml", SETTINGS + '[http]\nlisten = "127.0.0.1:65536"\n', "no address"),
    ],
)
def test_a_number_that_the_machine_cannot_hold_is_refused(file: str, text: str, expected: str):
    assert any(expected in one for one in found({file: text}, "error"))
