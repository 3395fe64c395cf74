"""What a step may not do, and when: told at its place, with what to write."""

from __future__ import annotations

import pytest

from tests.catalog.wrong_flow import check


@pytest.mark.parametrize(
    ("steps", "problem", "hint"),
    [
        (
            'emit = "x"; leave = true',
            "8:3 a step does one thing, and this one says `emit` and `leave`",
            "make a step of each",
        ),
        (
            "LETTER; [[step.branch]]; else = true; award = 1",
            "8:3 a step does one thing, and this one says `template` and `branch`",
            "make a step of each",
        ),
        (
            'subject = "x"',
            "8:3 a letter names its `template` or its `text`",
            'write template = "welcome/hello", the file below templates/ without its ending',
        ),
        (
            'template = "cart/offer"',
            "8:3 a letter needs a `subject`",
            'write subject = "…", or one in each variant',
        ),
        (
            'text = "hi"; LETTER',
            "10:1 a letter is made from a `template` or from `text`, not both",
            "",
        ),
        (
            (
                'template = "cart/offer"; [[step.variant]]; name = "v"; subject = "s"; '
                '[[step.variant]]; name = "w"'
            ),
            "8:3 a letter needs a `subject`",
            'write subject = "…", or one in each variant',
        ),
        (
            'LETTER; [[step.variant]]; name = "v"; text = "a"; template = "cart/offer"',
            "14:1 the variant “v” has a `template` and a `text`",
            "keep one",
        ),
        ("leave = false", "10:1 `leave` is true, not false", "write leave = true, or leave it out"),
        ('leave = "yes"', "10:1 `leave` is true, not “yes”", "write leave = true, or leave it out"),
        ("award = -5", "10:1 `award` is more than 0", ""),
        (
            'award = "500"',
            "10:1 `award` takes a whole number, not “500”",
            "write it without quotes: award = 500",
        ),
        ("award = 1.5", "10:1 `award` takes a whole number, not 1.5", "award = 3"),
        ('emit = ["x", "y"]', "10:1 `emit` takes text", 'write it in quotes: emit = "…"'),
        ('emit = ""', "10:1 `emit` says nothing", "write something, or leave it out"),
        (
            'set = "vip"',
            "10:1 `set` takes keys of its own",
            "write set = { … }, or [step.set] as a heading",
        ),
        (
            'set = { "a..b" = 1 }',
            "10:9 “a..b” has an empty part",
            "write one dot between two names",
        ),
        (
            'call = { url = "https://hooks.example/t" }',
            "10:10 the address of a call is named, never written",
            'url = "env:HOOK"',
        ),
        (
            'call = "env:HOOK"',
            "10:1 `call` takes keys of its own",
            "write call = { … }, or [step.call] as a heading",
        ),
        (
            'call = { url = "env:HOOK", method = "GET" }',
            "10:28 `method` is not known in [step.call]",
            "known here: url",
        ),
        (
            'notify = { to = "crm@shop.example" }',
            "10:1 `text` is missing in [step.notify]",
            "write text = …",
        ),
        (
            'notify = { to = "crm", text = "x" }',
            "10:12 `to` is no mail address",
            "write to = “crm@shop.example”",
        ),
        (
            'suppress = "order_placed"',
            "10:1 `suppress` takes keys of its own",
            "write suppress = { … }, or [step.suppress] as a heading",
        ),
        (
            'suppress = { untill = ["order_placed"] }',
            "10:14 `untill` is not known in [step.suppress]",
            "did you mean “until”?",
        ),
        (
            "suppress = { until = [5] }",
            "10:14 an event name is text, not 5",
            'write the event as the shop sends it: "order_placed"',
        ),
        (
            'join = "abandoned_crt"',
            "10:1 there is no campaign “abandoned_crt”",
            "did you mean “abandoned_cart”?",
        ),
        (
            'join = "spring_sale"',
            "10:1 “spring_sale” is a broadcast, and only a flow can be joined",
            "name a flow, or let an event begin one",
        ),
        ("join = 5", "10:1 `join` takes text, not 5", 'write it in quotes: join = "…"'),
        (
            'issue = { kind = "percent_off" }',
            "10:1 an incentive of kind percent_off says its `percent`",
            "",
        ),
        (
            'issue = { kind = "percent" }',
            "10:11 “percent” is no kind of incentive",
            "did you mean “percent_off”?",
        ),
        ('issue = { kind = "pool" }', "10:1 an incentive of kind pool says its `pool`", ""),
        (
            (
                'issue = { kind = "points", points = 5, valid_for = "1 day", valid_until = '
                "2027-01-01 }"
            ),
            "10:1 `valid_for` and `valid_until` both say how long it holds",
            "keep one",
        ),
        (
            'LETTER; incentive = { kind = "gift" }',
            "12:15 “gift” is no kind of incentive",
            ("percent_off, amount_off, free_shipping, points, pool, shared_code, or a kind that a"),
        ),
        (
            'LETTER; [[step.variant]]; name = "v"; incentive = { kind = "gift" }',
            "14:15 “gift” is no kind of incentive",
            ("percent_off, amount_off, free_shipping, points, pool, shared_code, or a kind that a"),
        ),
        (
            'wait_for = "order_placed"; up_to = "1 day"; transactional = true',
            "12:1 `transactional` belongs to a letter, and this step says `wait_for`",
            "make a step of each",
        ),
        (
            'LETTER; sender = "crm"',
            "12:1 there is no sender “crm”",
            "add it to [senders] of settings.toml",
        ),
        (
            'LETTER; [step.winner]; by = "click_rate"',
            "12:2 a winner is chosen among two variants or more",
            "",
        ),
        (
            'LETTER; [[step.variant]]; name = "v"; at = "10:00"; [[step.variant]]; name = "w"',
            "12:3 either all variants carry `at` or none",
            "give each variant its time, so that the times are compared",
        ),
        (
            'LETTER; [[step.variant]]; name = "v"; [[step.variant]]; name = "v"',
            "15:1 the name “v” is taken twice",
            "a name is an identity: choose another",
        ),
        (
            "award = 5; [step.set]; vip = true",
            "8:3 a step does one thing, and this one says `set` and `award`",
            "make a step of each",
        ),
    ],
)
def test_a_wrong_deed_is_told_at_its_place(steps: str, problem: str, hint: str):
    check(steps, "error", problem, hint)


@pytest.mark.parametrize(
    ("steps", "problem", "hint"),
    [
        (
            'at = "T-7 days 10:00"; LETTER',
            "10:1 T stands for the date that a flow goes around: this one has none",
            "it goes with [enter] on_date, and with series",
        ),
        (
            'at = "T-7 dayz"; LETTER',
            "10:1 “T-7 dayz” is no time around T",
            'write "T-7 days 10:00", "T 09:00" or "T-2 hours"',
        ),
        (
            'at = "T-2 hours 10:00"; LETTER',
            "10:1 “T-2 hours 10:00” says hours and a time of day too",
            'write "T-7 days 10:00", "T 09:00" or "T-2 hours"',
        ),
        (
            'at = "best our"; LETTER',
            "10:1 “best our” is not a time of day",
            'write it in quotes: "09:00"',
        ),
        (
            'at = "best day and hour inside 30 days"; LETTER',
            "10:1 “best day and hour inside 30 days”: from 1 to 14 days",
            'write at = "best day and hour inside 3 days"',
        ),
        (
            'at = "best hour between 20:00 and 20:00"; LETTER',
            "10:1 a span that ends where it begins says nothing",
            'write "21:00-08:00"',
        ),
        ("at = 09:00; LETTER", "10:6 a time of day stands in quotes", 'at = "09:00"'),
        (
            'not_on = ["holiday"]; LETTER',
            "10:1 “holiday” is no day to leave out",
            'not_on = ["holidays", 2026-12-24]',
        ),
        (
            'not_on = "christmas"; LETTER',
            "10:1 “christmas” is no day to leave out",
            'not_on = ["holidays", 2026-12-24]',
        ),
        (
            "not_on = [5]; LETTER",
            "10:1 5 is no day to leave out",
            'not_on = ["holidays", 2026-12-24]',
        ),
        (
            'on = ["monday", "thurs"]; LETTER',
            "10:1 “thurs” is not a weekday",
            "write one of mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            'on = []; at = "23:00"; LETTER',
            "11:1 this moment never comes: time and quiet hours leave none in a year",
            "quiet hours are 21:00-08:00: choose a time outside them",
        ),
        (
            'after = "1.5 x"; LETTER',
            "10:1 “1.5 x” is not a length",
            'write a whole number and a unit: "30 minutes", "2 days", "1 week"',
        ),
        (
            'after = "2 fortnights"; LETTER',
            "10:1 “fortnights” is not a unit of time",
            'write a whole number and a unit: "30 minutes", "2 days", "1 week"',
        ),
        (
            "after = 5; LETTER",
            "10:1 a length is text, not 5",
            'write a whole number and a unit: "30 minutes", "2 days", "1 week"',
        ),
        (
            'not_after = "tomorrow"; LETTER',
            "10:1 “tomorrow” is not an instant",
            "write 2026-05-04 or 2026-05-04T09:00:00",
        ),
        (
            'not_after = "T+3 days"; LETTER',
            "10:1 T stands for the date that a flow goes around: this one has none",
            "it goes with [enter] on_date, and with series",
        ),
        (
            'until = { customer = "x", event = "y" }; LETTER',
            "10:1 `until` names one instant: of the customer or of the event",
            'until = { customer = "ends_at", offset = "-30 minutes" }',
        ),
        (
            'until = { offset = "-1 hour" }; LETTER',
            "10:1 `until` names one instant: of the customer or of the event",
            'until = { customer = "ends_at", offset = "-30 minutes" }',
        ),
        (
            'until = { customer = "x", offset = "minus 1 hour" }; LETTER',
            "10:27 “minus 1 hour” is not a length",
            'write a whole number and a unit: "30 minutes", "2 days", "1 week"',
        ),
        (
            'until = "ends_at"; LETTER',
            "10:1 `until` takes keys of its own",
            "write until = { … }, or [step.until] as a heading",
        ),
        (
            'after = "1 day"; until = { customer = "x" }; LETTER',
            "11:1 `until` and `after` both say how long to wait",
            "keep one",
        ),
        (
            '[[step.branch]]; else = true; at = "23:00"; LETTER',
            "12:1 this moment never comes: time and quiet hours leave none in a year",
            "quiet hours are 21:00-08:00: choose a time outside them",
        ),
        (
            (
                'LETTER; [[step.variant]]; name = "v"; at = "10:00"; [[step.variant]]; '
                'name = "w"; at = "22:30"'
            ),
            "17:1 this moment never comes: time and quiet hours leave none in a year",
            "quiet hours are 21:00-08:00: choose a time outside them",
        ),
        (
            'at = "best hour between 22:00 and 07:00"; LETTER',
            "10:1 this moment never comes: time and quiet hours leave none in a year",
            "quiet hours are 21:00-08:00: choose a time outside them",
        ),
    ],
)
def test_a_wrong_time_is_told_at_its_place(steps: str, problem: str, hint: str):
    check(steps, "error", problem, hint)
