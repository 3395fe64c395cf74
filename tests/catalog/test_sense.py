"""What is legal word by word and cannot work, and what is doubtful."""

from __future__ import annotations

import pytest

from lifecycle.catalog.load import from_files
from tests.catalog.shop import (
    CART,
    CART_FILE,
    CASES,
    FILES,
    SALE,
    SETTINGS,
    VIP,
    problems_of,
    said,
)

VIP_FILE = "segments/vip.toml"
TENURED = """
name = "x"
[match]
all  = [ { known_for = "60 days" } ]
none = [ { did = "site_visited", within = "60 days" } ]
"""
SALE_FILE = "campaigns/spring_sale.toml"


def about(file: str, text: str, severity: str) -> list[str]:
    """What is said of that severity of a shop with one other file."""
    return [said(one) for one in problems_of({file: text}) if one.severity == severity]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('at       = "10:00"', 'at       = "22:00"'),
        ('at       = "10:00"', 'at       = "best hour between 22:00 and 07:00"'),
        ('at       = "10:00"', 'at       = "00:00"'),
    ],
)
def test_a_time_of_day_inside_quiet_hours_never_comes(old: str, new: str):
    errors = about(CART_FILE, CART.replace(old, new), "error")
    assert len(errors) == 1
    assert "this moment never comes" in errors[0]
    assert "quiet hours are 21:00-08:00: choose a time outside them" in errors[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('at       = "10:00"', 'at       = "08:00"'),
        ('at       = "10:00"', 'at       = "best hour between 07:00 and 09:00"'),
        ('at       = "10:00"', 'at       = "best hour"'),
    ],
)
def test_a_time_of_day_that_comes_is_no_problem(old: str, new: str):
    assert about(CART_FILE, CART.replace(old, new), "error") == []


def test_quiet_hours_of_the_campaign_go_before_those_of_the_shop():
    text = CART.replace('"21:00-08:00"', '"off"').replace('"10:00"', '"22:00"')
    assert about(CART_FILE, text, "error") == []


@pytest.mark.parametrize(
    ("was", "words"),
    [
        ("last_call", "“last_call” is the name of a step there is"),
        ("reminder", "“reminder” is the name of a step there is"),
    ],
)
def test_an_old_name_that_is_still_in_use_is_refused(was: str, words: str):
    text = CART.replace('name     = "last_call"', f'name     = "last_call"\nwas = "{was}"')
    assert words in about(CART_FILE, text, "error")[0]


def test_two_steps_cannot_have_borne_the_same_name():
    text = CART.replace('name     = "last_call"', 'name     = "last_call"\nwas = "old"')
    text = text.replace('name     = "reminder"', 'name     = "reminder"\nwas = "old"')
    assert "two steps say they were “old”" in about(CART_FILE, text, "error")[0]


def test_names_that_differ_in_capital_letters_alone_are_refused():
    errors = about("segments/VIP.toml", VIP, "error")
    assert len(errors) == 1
    assert "by small and capital letters alone" in errors[0]


@pytest.mark.parametrize("name", [" vip", "v" * 101, ""])
def test_a_file_name_that_is_no_identity_is_refused(name: str):
    errors = about(f"segments/{name}.toml", VIP, "error")
    assert "the file's name is the identity" in errors[0]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            CART_FILE,
            CART.replace('"click_rate"', '"open_rate"'),
            "46:3 warning: opens are mostly machines",
        ),
        (SALE_FILE, SALE.replace("T09:00", "T07:30"), "5:1 warning: this lies in the quiet hours"),
        (
            CART_FILE,
            CART.replace('["order_placed", "cart_emptied"]', '["order_placd"]'),
            "an event “order_placd” | did you mean “order_placed”?",
        ),
        (
            VIP_FILE,
            VIP.replace("order_placed.total", "order_palced.total"),
            "6:5 warning: nothing else speaks of an event “order_palced”",
        ),
        (
            VIP_FILE,
            VIP.replace('{ in_segment = "staff" }', '{ did = "order_placed", within = "60 days" }'),
            "",
        ),
        (
            VIP_FILE,
            'name = "x"\nmatch = { not = { did = "site_visited", within = "60 days" } }\n',
            "2:19 warning: this also holds for those who are known for less than that",
        ),
        (
            VIP_FILE,
            TENURED,
            "",
        ),
        (
            VIP_FILE,
            'name = "x"\nmatch = { did = "site_visited", exactly = 0, within = "60 days" }\n',
            "2:11 warning: this also holds for those who are known for less than that",
        ),
        (
            CART_FILE,
            CART.replace('when = ["order_placed", "cart_emptied"]\nif   =', "#"),
            "8:2 warning: a flow of several letters without [exit] goes on",
        ),
        (
            "segments/new.toml",
            VIP,
            "0:0 warning: no campaign and no other segment uses this segment",
        ),
        (
            "settings.toml",
            SETTINGS + '[retention]\nevents = "300 days"\n',
            "vip.toml:5:41 warning: this looks further back than events are kept (300 days)",
        ),
        (
            "campaigns/review.toml",
            CART.replace('event = "total", at_least = 30', 'event = "rating", at_least = 4'),
            "13:21 warning: asking only satisfied customers",
        ),
    ],
)
def test_a_doubt_is_a_warning_and_keeps_nobody_from_going_live(file: str, text: str, expected: str):
    warnings = about(file, text, "warning")
    assert about(file, text, "error") == []
    assert any(expected in one for one in warnings) if expected else warnings == []


def test_an_event_that_a_case_or_a_hook_speaks_of_is_known():
    text = CART.replace('"cart_emptied"', '"gift_opened"')
    assert len(problems_of({CART_FILE: text})) == 1
    cases = CASES.replace('event = "cart_updated"', 'event = "gift_opened"')
    assert problems_of({CART_FILE: text, "tests/campaigns/abandoned_cart.toml": cases}) == ()
    assert from_files({**FILES, CART_FILE: text}, events=["gift_opened"]).problems == ()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[secrets]\nkey = "0123456789abcdef"', 'key = "env:LIFECYCLE_KEY"'),
        ('[smtp]\npassword = "hunter2"', 'password = "env:SMTP_PASSWORD"'),
        ('[database]\nurl = "postgresql://me:hunter2@db/shop"', 'url = "env:DATABASE_URL"'),
    ],
)
def test_a_secret_written_out_is_warned_of_without_being_shown(table: str, says: str):
    (found,) = problems_of({"settings.toml": SETTINGS + table + "\n"})
    assert (found.severity, found.hint) == ("warning", f"write {says}")
    assert "hunter2" not in str(found)
    assert "0123" not in str(found)


def test_a_secret_that_is_named_is_no_problem():
    named = '[smtp]\npassword = "env:X"\n[database]\nurl = "postgresql://db/shop"\n'
    assert problems_of({"settings.toml": SETTINGS + named}) == ()


@pytest.mark.parametrize(("again", "doubts"), [("1 day", 1), ("2 days", 0), ("7 days", 0)])
def test_entering_again_while_letters_are_still_to_come_is_a_doubt(again: str, doubts: int):
    text = CART.replace("after 7 days", f"after {again}")
    told = [one for one in problems_of({CART_FILE: text}) if "two at once" in one.problem]
    assert [one.line for one in told] == [12] * doubts


@pytest.mark.parametrize(("own", "comes"), [("", True), ('quiet_hours = "21:00-08:00"\n', False)])
def test_a_transactional_letter_keeps_no_quiet_hours_but_its_campaigns_own(own: str, comes: bool):
    text = CART.replace('quiet_hours = "21:00-08:00"\n', own)
    text = text.replace('at       = "10:00"', 'at       = "22:00"\ntransactional = true')
    assert (about(CART_FILE, text, "error") == []) == comes
