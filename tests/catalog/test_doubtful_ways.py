"""Ways that are legal and probably not meant."""

from __future__ import annotations

import pytest

from tests.catalog.wrong_flow import check


@pytest.mark.parametrize(
    ("steps", "problem", "hint"),
    [
        (
            'wait_for = "order_cancelled"; up_to = "1 day"',
            "10:1 [exit] ends the flow with what is waited for here, so nobody goes on",
            "take it out of [exit] `when`, or wait for something else",
        ),
        (
            'wait_for = "order_placed"',
            "10:1 whoever this never happens to waits here for ever",
            'say for how long: up_to = "14 days"',
        ),
        (
            'leave = true; [[step]]; name = "b"; LETTER',
            "11:3 nobody comes here: “a” ends the flow for everybody",
            "move it up",
        ),
        (
            (
                '[[step.branch]]; else = true; [[step.branch.step]]; name = "b"; leave = true; '
                '[[step.branch.step]]; name = "c"; LETTER'
            ),
            "15:3 nobody comes here: “b” ends the flow for everybody",
            "move it up",
        ),
        (
            (
                'wait_for = "order_placed"; up_to = "1 day"; [[step.then]]; name = "b"; '
                'leave = true; [[step.otherwise]]; name = "c"; leave = true; [[step]]; '
                'name = "d"; LETTER'
            ),
            "18:3 nobody comes here: “a” ends the flow for everybody",
            "move it up",
        ),
        (
            (
                "[[step.split]]; percent = 60; leave = true; [[step.split]]; percent = 40; "
                'leave = true; [[step]]; name = "d"; LETTER'
            ),
            "16:3 nobody comes here: “a” ends the flow for everybody",
            "move it up",
        ),
        (
            'at = "best hour"; transactional = true; LETTER',
            "10:1 a transactional letter is waited for, and this one waits for the best hour",
            "leave `at` out: it then goes at once",
        ),
        (
            'at = "best hour"; not_after = 2027-01-01; LETTER',
            "10:1 the best hour of some lies behind `not_after`: they get nothing",
            'keep it inside: at = "best hour between 08:00 and 20:00"',
        ),
        (
            'LETTER; [sending]; stale_after = "6 hours"',
            "13:1 quiet hours last longer than this: what falls due early in them is dropped",
            'say more than the quiet hours: stale_after = "12 hours"',
        ),
        ('after = "1 day"', "8:3 nothing comes after this wait", "leave the step out"),
        (
            "",
            "8:3 this step does nothing",
            "say what it does: a `template`, `wait_for`, `branch`, `emit`, `set` …",
        ),
        (
            (
                '[[step.branch]]; if = { did = "order_placed" }; award = 1; [[step.branch]]; '
                "else = true"
            ),
            "13:3 this branch does nothing: who takes none goes on as well",
            "leave it out",
        ),
        (
            "[[step.split]]; percent = 20",
            "10:3 this share does nothing: what is left over goes on as well",
            "leave it out",
        ),
        ("[[step.split]]; percent = 0; award = 1", "11:1 nobody goes this way", ""),
        (
            '[step.set]; vip = true; after = "1 day"',
            "12:1 this sets an attribute “after” of the customer",
            "if the step is meant, move it above the heading that ends in set",
        ),
        (
            "[step.set]; orders.count = 5",
            "11:1 the engine keeps “orders.count” itself: from here on this one counts",
            "choose another name",
        ),
        (
            'wait_for = "gift_wraped"; up_to = "1 day"',
            "10:1 nothing else speaks of an event “gift_wraped”",
            "if the shop sends it, let a case in tests/campaigns/ speak of it",
        ),
        (
            'suppress = { until = "order_plced" }',
            "10:14 nothing else speaks of an event “order_plced”",
            ("did you mean “order_placed”? If the shop sends it, let a case in tests/campaigns/"),
        ),
        (
            'join = "x"',
            "10:1 flows lead into one another in a circle: x → x",
            "let `again` of one of them end it",
        ),
        (
            (
                'wait_for = { did = "order_placed", exactly = 0, within = "3 days" }; '
                'up_to = "1 day"'
            ),
            "10:14 this also holds for those who are known for less than that",
            'if tenure is meant, add { known_for = "3 days" }',
        ),
        (
            (
                "[[step.branch]]; "
                'if = { all = [ { customer = "a", is = 1 }, { customer = "a", is = 2 } ] }; '
                "award = 1"
            ),
            "11:44 this can never hold beside what line 11 says",
            "so the rule holds for nobody: mend one of the two",
        ),
    ],
)
def test_a_doubtful_way_is_a_warning(steps: str, problem: str, hint: str):
    check(steps, "warning", problem, hint)
