"""Waits, branches, shares and moves that lead nowhere: told at their place."""

from __future__ import annotations

import pytest

from tests.catalog.wrong_flow import check


@pytest.mark.parametrize(
    ("steps", "problem", "hint"),
    [
        (
            'up_to = "2 days"',
            "10:1 `up_to` goes with `wait_for`",
            'say what is waited for: wait_for = "order_placed"',
        ),
        (
            "then = []",
            "10:1 `then` goes with `wait_for`",
            'say what is waited for: wait_for = "order_placed"',
        ),
        (
            'wait_for = "order_placed"; [[step.otherwise]]; name = "b"; leave = true',
            "11:3 `otherwise` is for when the time is over, and the wait has no `up_to`",
            'say for how long: up_to = "2 days"',
        ),
        (
            (
                'wait_for = "order_placed"; [[step.then]]; name = "b"; leave = true; '
                'up_to = "2 days"'
            ),
            "14:1 `up_to` goes with `wait_for`",
            "does it belong to the step around? Then move it above [[step.then]]",
        ),
        (
            (
                'wait_for = "order_placed"; up_to = "1 day"; [[step.then]]; name = "b"; '
                'templte = "x"'
            ),
            "14:1 `templte` is not known in [[step.then]]",
            "did you mean “template”?",
        ),
        (
            (
                'wait_for = "order_placed"; up_to = "1 day"; [[step.then]]; name = "b"; LETTER; '
                '[[step.then.variant]]; name = "v"; after = "1 hour"'
            ),
            "18:1 `after` belongs to the step, not to [[step.then.variant]]",
            "move it above [[step.then.variant]]",
        ),
        (
            (
                'wait_for = "order_placed"; up_to = "1 day"; [[step.then]]; name = "b"; LETTER; '
                '[step.then.incentive]; kind = "points"; points = 5; sender = "shop"'
            ),
            "19:1 `sender` belongs to the step, not to [step.then.incentive]",
            "move it above [step.then.incentive]",
        ),
        (
            'wait_for = { dd = "order_placed" }; up_to = "1 day"',
            "10:1 says nothing that a rule can ask",
            "did you mean `did`?",
        ),
        (
            'wait_for = { did = "order_placed", wthin = "1 day" }; up_to = "1 day"',
            "10:36 `wthin` does not belong beside `did`",
            "did you mean `within`?",
        ),
        (
            "wait_for = 5",
            "10:1 an event name is text, not 5",
            'write the event as the shop sends it: "order_placed"',
        ),
        (
            "wait_for = []",
            "10:1 names no event",
            'write the event as the shop sends it: "order_placed"',
        ),
        (
            'wait_for = "order_placed"; up_to = "soon"',
            "11:1 “soon” is not a length",
            'write a whole number and a unit: "30 minutes", "2 days", "1 week"',
        ),
        (
            'wait_for = { in_segment = "vpi" }; up_to = "1 day"',
            "10:14 there is no segment “vpi”",
            "did you mean “vip”?",
        ),
        (
            'wait_for = "order_placed"; [step.then]; name = "b"; leave = true',
            "11:2 `then` takes a list",
            "write [[step.then]] as a heading, with two brackets",
        ),
        (
            "[[step.branch]]; award = 5",
            "10:3 a branch says for whom",
            "write `if = { … }`, or `else = true` in the last one",
        ),
        (
            '[[step.branch]]; if = { did = "order_placed" }; else = true; award = 5',
            "10:3 `if` and `else` stand in one branch",
            "write `if = { … }`, or `else = true` in the last one",
        ),
        (
            (
                "[[step.branch]]; else = true; award = 5; [[step.branch]]; "
                'if = { did = "order_placed" }; award = 6'
            ),
            "11:1 `else = true` catches everybody: it stands last",
            "move it below the other branches",
        ),
        (
            "[[step.branch]]; else = false; award = 5",
            "11:1 `else` is true, not false",
            "write else = true, or leave it out",
        ),
        (
            (
                '[[step.branch]]; else = true; award = 5; [[step.branch.step]]; name = "b"; '
                "leave = true"
            ),
            "10:3 a branch holds one deed itself, or steps, not both",
            "make the deed the first of its steps",
        ),
        (
            (
                '[[step.branch]]; else = true; after = "1 day"; [[step.branch.step]]; '
                'name = "b"; leave = true'
            ),
            "12:1 `after` stands in a branch that holds steps",
            "move `after` into the first of its steps",
        ),
        (
            '[[step.branch]]; else = true; only_if = { did = "order_placed" }',
            "12:1 `only_if` stands in a branch that does nothing",
            "add what it does, or make a step of it inside the branch",
        ),
        (
            "[step.branch]; else = true; award = 5",
            "10:2 `branch` takes a list",
            "write [[step.branch]] as a heading, with two brackets",
        ),
        (
            '[[step.branch]]; if = { in_segment = "vpi" }; award = 1',
            "11:8 there is no segment “vpi”",
            "did you mean “vip”?",
        ),
        (
            '[[step.branch]]; if = { did = "order_placed", wthin = "3 days" }; award = 1',
            "11:30 `wthin` does not belong beside `did`",
            "did you mean `within`?",
        ),
        (
            (
                '[[step.branch]]; [[step.branch.step]]; name = "b"; if = { everyone = true }; '
                "leave = true"
            ),
            "13:1 `if` belongs to the branch, not to [[step.branch.step]]",
            "move it above [[step.branch.step]]",
        ),
        (
            '[[step.branch]]; else = true; [[step.branch.step]]; name = "a"; leave = true',
            "13:1 the name “a” is taken twice",
            "a name is an identity: choose another",
        ),
        (
            (
                '[[step.branch]]; else = true; [[step.branch.step]]; name = "b"; sender = "crm"; '
                "LETTER"
            ),
            "14:1 there is no sender “crm”",
            "add it to [senders] of settings.toml",
        ),
        (
            (
                '[[step.branch]]; else = true; [[step.branch.step]]; name = "b"; was = "a"; '
                "leave = true"
            ),
            "14:1 “a” is the name of a step there is, so no step was called that",
            "`was` names what the file no longer has",
        ),
        (
            "[[step.split]]; percent = 60; award = 1; [[step.split]]; percent = 50; award = 2",
            "10:3 the shares of a split come to 110 %, to more than there are",
            "what is left over goes on: leave out the last",
        ),
        (
            "[[step.split]]; award = 1",
            "10:3 `percent` is missing in [[step.split]]",
            "write percent = …",
        ),
        (
            '[[step.split]]; percent = "50 %"; award = 1',
            "11:1 `percent` takes a number, not “50 %”",
            "write it without quotes and sign: percent = 50",
        ),
        ("[[step.split]]; percent = 101; award = 1", "11:1 `percent` is 100 or less", ""),
        (
            (
                '[[step.split]]; percent = 50; [[step.split.step]]; name = "b"; percent = 5; '
                "leave = true"
            ),
            "14:1 `percent` belongs to the share, not to [[step.split.step]]",
            "move it above [[step.split.step]]",
        ),
        (
            '[step.only_if]; did = "order_placed"; template = "cart/offer"',
            "12:1 `template` belongs above [step.only_if]",
            "move it above [step.only_if]",
        ),
        (
            (
                '[[step.branch]]; else = true; [[step.branch.step]]; name = "b"; '
                '[step.branch.step.only_if]; did = "order_placed"; award = 5'
            ),
            "16:1 `award` belongs above [step.branch.step.only_if]",
            "move it above [step.branch.step.only_if]",
        ),
        ('leave = true; [migrate]; old = "nw"', "12:1 there is no step “nw”", "the steps are: a"),
        (
            "leave = true; [migrate]; old = { stay = false }",
            "12:1 this does not say what becomes of those who wait there",
            "write the name of a step, { stay = true } or { leave = true }",
        ),
        (
            "leave = true; [migrate]; old = { stay = true, leave = true }",
            "12:1 this does not say what becomes of those who wait there",
            "write the name of a step, { stay = true } or { leave = true }",
        ),
        (
            "leave = true; [migrate]; old = 5",
            "12:1 5 is no step",
            "write the name of a step, { stay = true } or { leave = true }",
        ),
        (
            'leave = true; was = "old"; [migrate]; old = "a"',
            "11:1 [migrate] says too where those at “old” go",
            "say it once",
        ),
        (
            'leave = true; topic = "offers"',
            "11:1 `topic` belongs above [[step]]",
            "move it above [[step]]",
        ),
        (
            'leave = true; when = "x"',
            "11:1 `when` is not known in [[step]]",
            "it belongs under [goal], [enter] or [exit]",
        ),
        (
            'leave = true; [[step]]; name = "b/c"; LETTER',
            "12:1 `name` holds # or /",
            "write a name without them",
        ),
        ("leave = true; [[step]]; LETTER", "11:3 `name` is missing in [[step]]", "write name = …"),
        (
            (
                '[[step.branch]]; else = true; [[step.branch.step]]; name = "b"; '
                "[[step.branch.step.branch]]; else = true; [[step.branch.step.branch.step]]; "
                'name = "c"; [[step.branch.step.branch.step.branch]]; else = true; '
                '[[step.branch.step.branch.step.branch.step]]; name = "d"; '
                "[[step.branch.step.branch.step.branch.step.branch]]; else = true; leave = true"
            ),
            "22:3 steps stand deeper than 3 in one another",
            "let an event or a segment lead into a campaign of its own",
        ),
    ],
)
def test_a_wrong_way_is_told_at_its_place(steps: str, problem: str, hint: str):
    check(steps, "error", problem, hint)
