"""Asking after and before: why with the leaf that decided, replay against what is live, cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.shop import HELLO, SETTINGS, write_lines

ONBOARD = """\
name = "Onboarding"
kind = "flow"
status = "live"
topic = "offers"

[enter]
when = "joined"
only_if = { customer = "age", at_least = 18 }

[exit]
if = { customer = "plan", is = "gone" }

[[step]]
name = "fork"
after = "1 hour"

  [[step.branch]]
  if = { customer = "plan", is = "pro" }

    [[step.branch.step]]
    name = "pro_letter"
    template = "hello"
    subject = "Pro"

  [[step.branch]]
  else = true
  name = "others"
  template = "hello"
  subject = "Others"

[[step]]
name = "pause"
wait_for = "order_placed"
up_to = "3 days"

[[step]]
name = "extra"
only_if = { customer = "plan", is = "pro" }
template = "hello"
subject = "Extra"
  [step.incentive]
  given_if = { customer = "vip", is = true }
  kind = "percent_off"
  percent = 10

[[step]]
name = "last"
after = "1 day"
template = "hello"
subject = "Last"
"""
CAPPED = """
[[sending.cap]]
class = "triggered"
at_most = 1
per = "7 days"
"""
DAY = "2026-03-0"
PEOPLE: list[dict[str, Any]] = [
    {"id": "pro", "attributes": {"age": 30, "plan": "pro"}},
    {"id": "free", "attributes": {"age": 30, "plan": "free"}},
    {"id": "young", "attributes": {"age": 12}},
    {"id": "gone", "attributes": {"age": 30}},
]


@pytest.fixture
def kept(shop: Path, call: Call) -> list[str]:
    """The words that lead to a database in which some walk the onboarding."""
    (shop / "campaigns" / "onboard.toml").write_text(ONBOARD)
    people = [
        {**one, "email": f"{one['id']}@shop.example", "agreed_to": ["offers"]} for one in PEOPLE
    ]
    people.append({"id": "gone", "at": f"{DAY}3T09:00:00Z", "attributes": {"plan": "gone"}})
    joined = {"at": f"{DAY}2T10:00:00Z", "event": "joined", "properties": {"greeting_id": "g"}}
    events = [{**joined, "id": one["id"], "customer": one["id"]} for one in PEOPLE]
    bought = {"id": "o", "at": f"{DAY}3T10:00:00Z", "event": "order_placed", "customer": "pro"}
    answered = call(
        *("replay", "--until", f"{DAY}4", "--keep", shop / "kept.db"),
        *("--events", write_lines(shop / "e.jsonl", [*events, bought])),
        *("--customers", write_lines(shop / "c.jsonl", people)),
    )
    assert answered.code == 0, answered.err
    return ["--database", f"sqlite:///{shop / 'kept.db'}"]


@pytest.mark.parametrize(
    ("customer", "said"),
    [
        ("pro", "“fork”: branch 1 was taken: “customer plan is pro” holds, it saw pro"),
        ("pro", "the wait at “pause” was answered by order_placed"),
        ("pro", "was sent, without its incentive: “customer vip is true” does not hold"),
        ("pro", "now: waits at “last” until Wed 4 Mar 2026 10:00"),
        ("free", "the branch for all others was taken: “customer plan is pro” does not hold"),
        ("free", "now: waits at “pause” for order_placed since Mon 2 Mar 2026 11:00 until Thu 5"),
        ("young", "since only_if does not hold: “customer age at_least 18” does not hold, it saw"),
        ("gone", "left, since [exit] if came to hold: “customer plan is gone” holds, it saw gone"),
        ("gone", "Tue 3 Mar 2026 09:00"),
        ("free", "hello: never entered. It waits for greeting_asked, which has not happened."),
    ],
)
def test_why_tells_the_leaf_that_decided_and_what_is_to_come(
    call: Call, kept: list[str], customer: str, said: str
) -> None:
    assert said in call("why", customer, *kept).out


def test_the_leaves_stand_in_the_answer_as_data(call: Call, kept: list[str]) -> None:
    data = call("why", "young", "onboard", "--json", *kept).data
    (refused,) = data["decisions"]
    leaf = {"of": "only_if", "asks": "customer age at_least 18", "holds": False, "saw": "12"}
    assert refused["because"] == [leaf]
    assert data["not_entered"][0]["because"] == [{**leaf, "of": ""}]
    (ahead,) = call("why", "free", "onboard", "--json", *kept).data["coming"]
    assert (ahead["what"], ahead["until"]) == ("waits", "2026-03-05T11:00:00Z")


def test_a_full_cap_is_named_with_the_letters_that_it_counts(shop: Path, call: Call) -> None:
    (shop / "settings.toml").write_text(SETTINGS + CAPPED)
    people = [{"id": "c1", "email": "c1@shop.example", "agreed_to": ["offers"]}]
    events = [
        {
            "id": f"e{number}",
            "at": f"{DAY}{number}T10:00:00Z",
            "event": "greeting_asked",
            "customer": "c1",
            "properties": {"greeting_id": f"g{number}"},
        }
        for number in (2, 3)
    ]
    call(
        *("replay", "--until", f"{DAY}4", "--keep", shop / "kept.db"),
        *("--events", write_lines(shop / "e.jsonl", events)),
        *("--customers", write_lines(shop / "c.jsonl", people)),
    )
    told = call("why", "c1", "--database", f"sqlite:///{shop / 'kept.db'}").out
    assert "“at most 1 letters of the class triggered in 7 days” does not hold" in told
    assert "hello/hello at Mon 2 Mar 2026 10:00" in told
    assert "is held until Mon 9 Mar 2026 10:00: the cap on letters is reached" in told


def replayed(shop: Path, call: Call, *more: str) -> Any:
    """A replay against what is live."""
    arguments = ("--events", "e.jsonl", "--customers", "c.jsonl", "--until", f"{DAY}9")
    return call("replay", *arguments, "--against", *(more or ("applied",)))


def test_a_replay_against_what_is_live_tells_the_difference(
    shop: Path, call: Call, kept: list[str]
) -> None:
    assert replayed(shop, call).code == 3
    call("apply")
    assert "nothing differs" in replayed(shop, call).out
    changed = ONBOARD.replace("at_least = 18", "at_most = 40").replace('"1 day"', '"2 days"')
    (shop / "campaigns" / "onboard.toml").write_text(changed)
    told = replayed(shop, call).out
    assert "1 more entry, 1 customer enters who never did; 1 fewer refusal to let in" in told
    later = "2 later by 1 day in the median"
    assert f"last: 1 more letter, 1 customer gets one who had none, {later}" in told
    assert replayed(shop, call, "applid").code == 2


def test_the_difference_is_told_whole_as_data(shop: Path, call: Call, kept: list[str]) -> None:
    call("apply")
    (shop / "campaigns" / "onboard.toml").write_text(ONBOARD.replace("1 hour", "2 hours"))
    written = ("--decisions", str(shop / "d.jsonl"), "--json")
    told = replayed(shop, call, "applied", *written).data["against"]
    (moved,) = [one for one in told["steps"] if (one["step"], one["what"]) == ("others", "sent")]
    assert (moved["before"], moved["after"], moved["later"]["count"]) == (2, 2, 2)
    assert moved["later"]["median"] == 3600
    pairs = [
        (one["before"]["at"], one["after"]["at"])
        for one in told["changes"]
        if (one["step"], one["what"], one["customer"]) == ("others", "sent", "free")
    ]
    assert pairs == [("2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z")]
    ours = [json.loads(line) for line in (shop / "d.jsonl").open()]
    assert any(one["at"] == "2026-03-02T12:00:00Z" for one in ours)


@pytest.mark.parametrize(
    ("what", "subject"),
    [
        ("onboard/pro_letter", "Pro"),
        ("onboard/others", "Others"),
        ("onboard/extra", "Extra"),
        ("onboard", "Pro"),
        ("hello.mjml", "Preview: hello"),
    ],
)
def test_a_preview_finds_letters_wherever_they_stand(
    shop: Path, call: Call, what: str, subject: str
) -> None:
    (shop / "campaigns" / "onboard.toml").write_text(ONBOARD)
    told = call("preview", what, "--json").data
    assert told["subject"] == subject
    assert "/u/" not in told["html"]
    assert "/o/" not in told["html"]


@pytest.mark.parametrize(
    ("what", "hint"),
    [
        ("onboard/pro_leter", "did you mean “pro_letter”"),
        ("onbord/pro_letter", "did you mean “onboard/pro_letter”"),
        ("onboard/pause", "writes no letter"),
        ("onboard/extra --variant a", "the step has none"),
    ],
)
def test_a_letter_that_is_not_there_names_the_nearest(
    shop: Path, call: Call, what: str, hint: str
) -> None:
    (shop / "campaigns" / "onboard.toml").write_text(ONBOARD)
    answered = call("preview", *what.split())
    assert answered.code == 2
    assert hint in answered.err


@pytest.mark.parametrize(
    ("customer", "letter", "in_the_way"),
    [
        ("pro", "last", "it is due at Wed 4 Mar 2026 10:00"),
        ("free", "last", "they wait at “pause” until Thu 5 Mar 2026 11:00"),
        ("free", "extra", "“customer plan is pro” does not hold, it saw free"),
        ("pro", "extra", "it was sent already, at Tue 3 Mar 2026 10:00"),
        ("gone", "last", "their enrollment is left since Tue 3 Mar 2026 09:00"),
        ("young", "last", "they never entered"),
    ],
)
def test_a_preview_of_a_customer_tells_what_is_in_the_way_now(
    call: Call, kept: list[str], customer: str, letter: str, in_the_way: str
) -> None:
    told = call("preview", f"onboard/{letter}", "--customer", customer, "--json", *kept).data
    assert not told["would_go"]
    assert in_the_way in " ".join(told["in_the_way"])


def test_a_letter_sent_for_a_look_is_marked_and_inert(shop: Path, call: Call) -> None:
    assert call("preview", "hello/hello", "--send-to", "me@shop.example").code == 0
    (sent,) = (shop / "outbox").glob("*.eml")
    raw = sent.read_bytes()
    assert b"Subject: [Preview] Hello Alex" in raw
    assert b"List-Unsubscribe" not in raw


def test_a_customer_cannot_be_shown_without_a_database(shop: Path, call: Call) -> None:
    answered = call("preview", "hello/hello", "--customer", "c1")
    assert answered.code == 3
    assert "there is no database yet" in answered.err


CASES = """\
campaign = "hello"

[[case]]
name = "a change of consent counts"
customer = { country = "DE" }
happens = [
  { at = 2026-03-02T14:00:00, event = "greeting_asked", greeting_id = "g1" },
  { at = 2026-03-02T15:00:00, customer = { agreed_to = ["offers"], first_name = "Ann" } },
  { at = 2026-03-02T16:00:00, event = "greeting_asked", greeting_id = "g2" },
  { at = 2026-03-02T17:00:00, event = "consent_withdrawn", topic = "offers" },
  { at = 2026-03-02T18:00:00, event = "greeting_asked", greeting_id = "g3" },
]
expect = [
  { at = 2026-03-02T14:00:00, dropped = "hello", reason = "no_consent", entry = "g1" },
  { at = 2026-03-02T16:00:00, sent = "hello", entry = "g2" },
  { at = 2026-03-02T18:00:00, dropped = true, entry = "g3" },
]

[[case]]
name = "wrong in several ways"
customer = { agreed_to = ["offers"], timezone = "Europe/Berlin" }
happens = [ { at = 2026-03-02T14:00:00, event = "greeting_asked", greeting_id = "g1" } ]
expect = [
  { at = 2026-03-02T15:30:00, sent = "hello" },
  { at = 2026-03-02T14:00:00, left = "greeting_refused" },
]

[[case]]
name = "and a second one that fails"
customer = { agreed_to = ["offers"] }
happens = [ { at = 2026-03-02T14:00:00, event = "greeting_asked", greeting_id = "g1" } ]
"""


def with_cases(shop: Path, text: str) -> None:
    """Write the cases of the shop's flow."""
    folder = shop / "tests" / "campaigns"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hello.toml").write_text(text)


def test_all_failing_cases_are_told_line_by_line(shop: Path, call: Call) -> None:
    with_cases(shop, CASES)
    answered = call("test")
    assert answered.code == 1
    assert "1 passed, 2 failed" in answered.out
    assert "tests/campaigns/hello.toml:19" in answered.out
    assert "tests/campaigns/hello.toml:28" in answered.out
    data = call("test", "hello", "--json").data
    lines = {(one["local"], one["mark"]): one for one in data["cases"][1]["lines"]}
    missed = lines["2026-03-02T15:30:00", "missing"]
    assert (missed["expected"], missed["hint"]) == ("sent hello", "came 90 minutes earlier")
    assert lines["2026-03-02T14:00:00", "unexpected"]["actual"] == "sent hello"
    assert lines["2026-03-02T14:00:00", "missing"]["hint"] == "it never came"


@pytest.mark.parametrize(
    ("said", "instead", "problem"),
    [
        ('country = "DE"', 'agred_to = "offers"', "write `agreed_to`"),
        ("customer = { agreed_to", "custmer = { agreed_to", "what happens says its `event`"),
        ('"offers"], first', '"ofers"], first', "there is no topic “ofers”"),
    ],
)
def test_a_case_that_cannot_be_read_is_refused(
    shop: Path, call: Call, said: str, instead: str, problem: str
) -> None:
    with_cases(shop, CASES.replace(said, instead))
    assert problem in call("check").out


def test_the_flow_of_the_shop_is_what_cases_run(shop: Path, call: Call) -> None:
    (shop / "campaigns" / "hello.toml").write_text(HELLO.replace('"live"', '"draft"'))
    with_cases(shop, CASES)
    assert call("test", "hello", "--json").data["passed"] == 1
