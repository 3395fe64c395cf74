"""What a definition may not say, told in short sentences, all at once."""

from __future__ import annotations

import pytest

from tests.catalog.shop import (
    CART,
    CART_FILE,
    CASES,
    SETTINGS,
    STAFF,
    catalog_of,
    problems_of,
    said,
)


def cart(old: str, new: str) -> list[str]:
    """The errors of the cart campaign with one text replaced by another."""
    assert old in CART
    return told({CART_FILE: CART.replace(old, new)})


def told(files: dict[str, str]) -> list[str]:
    """The errors of a shop, each on one line."""
    found = [one for one in problems_of(files) if one.severity == "error"]
    return [said(one) for one in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "status   =",
            "sttus   =",
            "4:1 error: `sttus` is not known here | did you mean “status”?",
        ),
        (
            "priority = 80",
            'priority = "80"',
            "`priority` takes a whole number, not “80” | write it without quotes: priority = 80",
        ),
        ('"live"', '"lve"', "draft, live, paused or archived, not “lve” | did you mean “live”?"),
        ("percent = 10\n\n[s", "percent = 110\n\n[s", "25:1 error: `percent` is 100 or less"),
        ('"1 hour"', '"1 month"', "“1 month”: months and years differ in length | write days"),
        ('"1 hour"', "1", "a length is text, not 1"),
        ('"10:00"', "10:00:00", "is not a time of day | write it in quotes"),
        ('"21:00-08:00"', '"21:00"', '“21:00” is not a span of time | write "21:00-08:00"'),
        ('["mon", "tuesday"]', '["mon", "tues"]', "“tues” is not a weekday"),
        ("2026-12-24", "20261224", "20261224 is no day to leave out"),
        ("2026-12-24", "2026-12-24T09:00:00", "09:00:00 is no day to leave out"),
        ('"48 hours"', '"48 hours"\n  code = 5', "`code` takes text, not 5"),
        ("confidence = 95", "confidence = true", "`confidence` takes a number, not true"),
        ('kind      = "percent_off"', 'kind      = "percent"', "did you mean “percent_off”?"),
        (
            "at_least = 30",
            "atleast = 30",
            "`atleast` does not belong beside `event` | did you mean `at_least`",
        ),
        ("[goal]", "[gaol]", "`gaol` is not known here | did you mean “goal”?"),
        ('when    = "cart_updated"\n', "", "[enter] says exactly one way in"),
        ('"after 7 days"', '"after a week"', "“a week” is not a length"),
        ('template = "cart/reminder"', "", "a letter names its `template` or its `text`"),
        ('name     = "last_call"', 'name     = "reminder"', "the name “reminder” is taken twice"),
        (
            'topic    = "offers"',
            "",
            "a flow names its `topic` unless all its letters are transactional",
        ),
        (
            '[[step]]\nname     = "reminder"',
            '[step]\nname     = "reminder"',
            "[[step]] stands here a second time",
        ),
        (
            "[exit]",
            "[[exit]]",
            "`exit` takes keys of its own | write [exit] with single brackets, once",
        ),
        (
            "[sending]",
            "[sending]\nresend_uncertain = 1",
            "`resend_uncertain`",
        ),
    ],
)
def test_a_wrong_word_is_told_with_what_to_write(old: str, new: str, expected: str):
    errors = cart(old, new)
    assert len(errors) == 1
    assert expected in errors[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'name    = "named"',
            'name    = "named"\n  after = "2 hours"',
            "`after` belongs to the step, not to [[step.variant]] | move it above [[step.variant]]",
        ),
        (
            'topic    = "offers"\npriority = 80\n\n[enter]',
            '[enter]\ntopic    = "offers"\npriority = 80',
            "`topic` belongs above [enter] | move it above [enter]",
        ),
        ("priority = 80", 'quiet_hours = "off"', "it belongs under [sending]"),
        ("priority = 80", 'again = "always"', "it belongs under [enter]"),
        ("priority = 80", "audience = { }", 'it belongs to campaigns of kind = "broadcast"'),
        (
            'name     = "last_call"',
            'name     = "last_call"\nvalid_for = "1 day"',
            "it belongs under [step.incentive]",
        ),
    ],
)
def test_a_key_in_the_wrong_table_is_told_where_it_belongs(old: str, new: str, expected: str):
    errors = cart(old, new)
    assert expected in errors[0]
    assert all("belongs" in one for one in errors)


def test_everything_wrong_in_a_file_is_told_at_once():
    text = CART
    for old, new in [
        ('status   = "live"', 'status   = "lve"'),
        ('topic    = "offers"', 'topic    = "ofers"'),
        ("[exit]", '[exit]\nuntill = "x"'),
        ('"5 days"', '"5 dys"'),
        ("event = \"total\", at_least = 30", "event = \"total\""),
        ('in_segment = "staff"', 'in_segment = "stff"'),
        ('sender      = "shop"', 'sender      = "shp"'),
        ('"cart/offer"', '"cart/ofer"'),
        ('name    = "question"', 'name    = "named"'),
    ]:  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    errors = told({CART_FILE: text})
    for words in (
        *(
            "not “lve”",
            "no topic “ofers”",
            "`untill`",
            "“dys”",
            "not compared",
            "no segment “stff”",
        ),
        *("no sender “shp”", "taken twice"),
    ):
        assert len([one for one in errors if words in one]) == 1, (words, errors)


def test_a_campaign_of_no_kind_is_told_what_else_is_wrong_with_it():
    errors = told({"campaigns/new.toml": 'kind = "flwo"\nname = ""\nstaus = "live"\n'})
    assert [one.split(" error: ")[1] for one in errors] == [
        "[enter] is missing | add [enter] with its keys",
        "“flwo” is no kind of campaign | did you mean “flow”?",
        "`name` says nothing | write something, or leave it out",
        "`staus` is not known here | did you mean “status”?",
    ]


BREAK = "a line break stands in this text | write it on one line"
COPIED = " stands in this text | delete it; it may have come along when copying"
TURNS = f"a character that turns the direction of writing{COPIED}"


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (CART_FILE, '"Abandoned cart"', r'"Abandoned\ncart"', f"2:1 error: {BREAK}"),
        (CART_FILE, '"Abandoned cart"', r'"Cart\u2028"', f"2:1 error: {BREAK}"),
        (
            CART_FILE,
            '"Abandoned cart"',
            r'"Cart\u001b[1m"',
            f"2:1 error: a control character{COPIED}",
        ),
        (CART_FILE, '"Abandoned cart"', r'"Cart\u009b"', f"2:1 error: a control character{COPIED}"),
        (CART_FILE, '"Abandoned cart"', r'"Cart \u202e"', f"2:1 error: {TURNS}"),
        (CART_FILE, '"Abandoned cart"', '"""\nAbandoned\ncart"""', f"2:1 error: {BREAK}"),
        (CART_FILE, '"last_call"', r'"last\tcall"', f": a control character{COPIED}"),
        (CART_FILE, '"named"', r'"na\rmed"', f": {BREAK}"),
        ("segments/staff.toml", '"Staff"', r'"Sta\nff"', f"1:1 error: {BREAK}"),
        ("settings.toml", '"Shop Example"', r'"Shop\nExample"', f"2:1 error: {BREAK}"),
        ("settings.toml", '"silver"', r'"sil\nver"', f": {BREAK}"),
        ("settings.toml", '"Stories and news"', r'"Stories\nand news"', f"13:16 error: {BREAK}"),
        ("settings.toml", "newsletter =", r'"news\nletter" =', f"13:1 error: {BREAK}"),
    ],
)
def test_what_reports_tell_on_one_line_is_one(file: str, old: str, new: str, expected: str):
    before = {CART_FILE: CART, "segments/staff.toml": STAFF, "settings.toml": SETTINGS}[file]
    assert old in before
    (error, *_) = told({file: before.replace(old, new, 1)})
    assert expected in error


@pytest.mark.parametrize(
    "name", ["Größe ☂ 👩\u200d🚀", "سلة \u200fمتروكة", "می\u200cخواهم", "a\u00a0b"]
)
def test_names_in_any_script_are_names(name: str):
    assert cart('"Abandoned cart"', f'"{name}"') == []


@pytest.mark.parametrize("key", ["id", "version"])
def test_what_the_catalog_sets_no_file_may_say(key: str):
    assert f"`{key}` is not known here" in cart("priority = 80", f'{key} = "x"')[0]
    assert f"`{key}` is not known here" in told({"segments/staff.toml": f'{key} = "x"\n{STAFF}'})[0]


def test_a_rule_outside_its_table_is_told_where_it_stands():
    errors = told({"segments/new.toml": 'name = "x"\ndid = "order_placed"\n'})
    assert any("`did` is not known here | a rule stands under [match]" in one for one in errors)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"Europe/Berlin"', '"Berlin"', '“Berlin” is not a time zone | write "Europe/Berlin"'),
        ('"Shop <news@mail.shop.example>"', '"Shop"', "`from` is no mailbox"),
        ('"7 days"', '"calendar month"', "“calendar month” is not a length"),
        ("at_most = 4", "at_most = -1", "`at_most` is 0 or more"),
        ("[points]", "[pionts]", "`pionts` is not known here | did you mean “points”?"),
        ('seed     = "change-me-once"', "", "`seed` is missing in [shop]"),
    ],
)
def test_settings_are_read_as_strictly(old: str, new: str, expected: str):
    assert old in SETTINGS
    errors = told({"settings.toml": SETTINGS.replace(old, new)})
    assert any(expected in one for one in errors), errors


def test_cases_are_read_as_strictly():
    errors = told({"tests/campaigns/abandoned_cart.toml": CASES.replace("happens", "hapens")})
    assert "`hapens` is not known in [[case]] | did you mean “happens”?" in errors[0]


def test_a_sender_or_topic_may_bear_any_name():
    settings = SETTINGS.replace("[topics]\n", '[topics]\n"Nur für dich" = { }\nname = { }\n')
    assert told({"settings.toml": settings}) == []


def test_not_resending_may_be_said():
    flow = catalog_of(
        {CART_FILE: CART.replace("[sending]", "[sending]\nresend_uncertain = false")}
    ).campaigns["abandoned_cart"]
    assert flow.sending.resend_uncertain is False


def test_senders_that_are_all_wrong_are_not_also_missing():
    errors = told({"settings.toml": SETTINGS.replace("shop = {", 'shop = "Shop" # {')})
    assert len(errors) == 1
    assert "`shop` takes keys of its own" in errors[0]
