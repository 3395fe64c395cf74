"""What broadcasts and recurring letters may not say, and what in them is doubtful."""

from __future__ import annotations

import pytest

from tests.catalog.shop import SALE
from tests.catalog.wrong_flow import exchanged

SALE_FILE = "campaigns/spring_sale.toml"


@pytest.mark.parametrize(
    ("old", "new", "problem", "hint"),
    [
        (
            "at       =",
            'every = "day at 08:00"; at =',
            "5:1 `at` sends once and `every` again and again",
            "keep one",
        ),
        (
            "at       = 2027-04-14T09:00:00; ",
            "",
            "1:1 a broadcast says when it goes",
            'write at = 2027-04-14T09:00:00, or every = "day at 08:00"',
        ),
        (
            "2027-04-14T09:00:00",
            '"noon"',
            "5:1 “noon” is not an instant",
            "write 2026-05-04 or 2026-05-04T09:00:00",
        ),
        (
            "at       = 2027-04-14T09:00:00",
            'every = "month on the fifth monday at 09:00"',
            "5:1 “month on the fifth monday at 09:00” says nothing that comes back",
            '"month on the first monday at 09:00", "week on tuesday at 10:00", "day at 08:00"',
        ),
        (
            "at       = 2027-04-14T09:00:00",
            'every = "week on mon at 9"',
            "5:1 “9” is not a time of day",
            'write it in quotes: "09:00"',
        ),
        (
            "at       = 2027-04-14T09:00:00",
            'every = "month on the 32nd at 09:00"',
            "5:1 “month on the 32nd at 09:00”: no month has a day 32",
            '"month on the first monday at 09:00", "week on tuesday at 10:00", "day at 08:00"',
        ),
        (
            "2027-04-14T09:00:00",
            '"best hour"',
            "5:1 a best hour says of which day",
            'write at = "best hour" and on = 2027-04-14',
        ),
        (
            "2027-04-14T09:00:00",
            "2027-04-14T09:00:00; on = 2027-04-14",
            "6:1 `on` names the day of a best hour",
            'write at = "best hour" and on = 2027-04-14',
        ),
        (
            "2027-04-14T09:00:00",
            '"best hour"; on = "2027-04-14"',
            "6:1 `on` takes dates, not “2027-04-14”",
            "write 2026-12-24, without quotes",
        ),
        (
            "2027-04-14T09:00:00",
            '"best hour between 22:00 and 06:00"; on = 2027-04-14',
            "5:1 this moment never comes: time and quiet hours leave none in a year",
            "quiet hours are 21:00-08:00: choose a time outside them",
        ),
        (
            'template = "cart/offer"; ',
            "",
            "1:1 a letter names its `template` or its `text`",
            'write template = "welcome/hello", the file below templates/ without its ending',
        ),
        (
            '"cart/offer"',
            '"news/{yyyy-mm}"',
            "6:1 no template is named like “news/{yyyy-mm}”",
            "one is made for each occurrence, such as newsletter/2027-05.mjml",
        ),
        (
            'topic    = "offers"; ',
            "",
            "1:1 a broadcast names its `topic`",
            'write topic = "newsletter", one of [topics] in settings.toml, near the top',
        ),
        (
            "[winner]",
            '[waves]; percent = [5, 95]; first = ["vip"]; gap = "2 hours"; [winner]',
            '20:2 [waves] says percent = [5, 25, 70] or first = ["segment"]',
            "",
        ),
        (
            "[winner]",
            '[waves]; percent = [5, 90]; gap = "2 hours"; [winner]',
            "21:1 the waves come to 95 % together, not to 100 %",
            "write percent = [5, 25, 70]",
        ),
        (
            "[winner]",
            "[waves]; percent = [5, 95]; [winner]",
            "20:2 `gap` is missing in [waves]",
            "write gap = …",
        ),
        (
            "[winner]",
            '[waves]; first = ["vpi"]; gap = "2 hours"; [winner]',
            "21:10 there is no segment “vpi”",
            "did you mean “vip”?",
        ),
        (
            "[winner]",
            '[waves]; first = []; gap = "2 hours"; [winner]',
            '20:2 [waves] says percent = [5, 25, 70] or first = ["segment"]',
            "",
        ),
        (
            "[winner]",
            '[waves]; percent = [5, 95]; gap = "2 hours"; stop_if = { bounces = 3 }; [winner]',
            "23:13 `bounces` is not known in [waves.stop_if]",
            "did you mean “bounce_rate”?",
        ),
        (
            "[winner]",
            (
                '[waves]; percent = [5, 95]; gap = "2 hours"; stop_if = { bounce_rate = "3 %" }; '
                "[winner]"
            ),
            "23:13 `bounce_rate` takes a number, not “3 %”",
            "write it without quotes and sign: bounce_rate = 3",
        ),
        (
            "test_percent = 20",
            'test_percent = "20"',
            "22:1 a share of the readers is a number, not “20”",
            'write test_percent = 20, or "auto"',
        ),
        (
            "test_percent = 20",
            "test_percent = 0",
            "22:1 0 % of the readers cannot take part in a test",
            'write test_percent = 20, or "auto"',
        ),
        (
            'decide_after = "4 hours"; ',
            "",
            "22:1 `test_percent` keeps the others waiting, and nothing says until when",
            'write decide_after = "4 hours"',
        ),
        (
            '"click_rate"',
            '"goal_rate"',
            "21:1 the winner is chosen by the goal, and the campaign has none",
            'add [goal], or write by = "click_rate"',
        ),
        (
            '"count"',
            '"plain"',
            "17:1 the name “plain” is taken twice",
            "a name is an identity: choose another",
        ),
        (
            '"count"; ',
            '"count"; at = "T-1 days"; ',
            "12:3 either all variants carry `at` or none",
            "give each variant its time, so that the times are compared",
        ),
        (
            "[winner]",
            '[[step]]; name = "a"; [winner]',
            "20:3 `step` is not known here",
            'it belongs to campaigns of kind = "flow" or "series"',
        ),
        (
            "[winner]",
            '[enter]; when = "order_placed"; [winner]',
            "20:2 `enter` is not known here",
            'it belongs to campaigns of kind = "flow"',
        ),
        (
            "[winner]",
            '[sending]; class = "marketing"; [winner]',
            "21:1 `class` is triggered, campaign or survey, not “marketing”",
            "",
        ),
        (
            '{ did = "order_placed" }',
            '{ did = "order_placed", since_entry = true }',
            "9:58 `since_entry` reads the event that let the customer in, and here is none",
            "it belongs into the rules of a flow",
        ),
    ],
)
def test_a_wrong_broadcast_is_told_at_its_place(old: str, new: str, problem: str, hint: str):
    ((severity, said, what),) = exchanged(SALE_FILE, SALE, old, new)
    assert severity == "error"
    assert said.startswith(problem)
    assert what.startswith(hint)
    assert bool(what) == bool(hint)


@pytest.mark.parametrize(
    ("old", "new", "problem", "hint"),
    [
        (
            "T09:00:00",
            "T07:30:00",
            "5:1 this lies in the quiet hours: the letters will wait until 08:00",
            "",
        ),
        (
            "at       = 2027-04-14T09:00:00",
            'every = "day at 06:00"',
            "5:1 this lies in the quiet hours: the letters will wait until 08:00",
            "",
        ),
        (
            "[winner]",
            '[waves]; percent = [100]; gap = "2 hours"; [winner]',
            "21:1 one wave is none: everybody gets the letter at once",
            "percent = [5, 25, 70]",
        ),
        (
            "[winner]",
            (
                '[waves]; percent = [5, 95]; gap = "0 hours"; stop_if = { bounce_rate = 3 }; '
                "[winner]"
            ),
            ("22:1 without a gap the next wave has gone before any bounce or complaint comes back"),
            'gap = "2 hours"',
        ),
        (
            "[winner]",
            (
                '[waves]; percent = [5, 95]; gap = "2 hours"; stop_if = { complaint_rate = 5 }; '
                "[winner]"
            ),
            "23:13 mailbox providers refuse senders long before this: from 0.5 % on",
            "",
        ),
        (
            "[winner]",
            '[waves]; first = ["vip", "vip"]; gap = "2 hours"; [winner]',
            "21:17 “vip” goes first already",
            "leave it out",
        ),
        (
            '"click_rate"',
            '"open_rate"',
            "21:1 opens are mostly machines: the winner may be the wrong one",
            'write by = "click_rate"',
        ),
    ],
)
def test_a_doubtful_broadcast_is_warned_of(old: str, new: str, problem: str, hint: str):
    ((severity, said, what),) = exchanged(SALE_FILE, SALE, old, new)
    assert severity == "warning"
    assert said.startswith(problem)
    assert what.startswith(hint)
    assert bool(what) == bool(hint)
