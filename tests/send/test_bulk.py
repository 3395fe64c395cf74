"""Bulk sending through a real socket: what each answer means, and what never goes twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest

from lifecycle.core.message import Attachment, Letter, Outcome, OutcomeKind, Pieces, Shape
from lifecycle.send.bulk import BulkSes
from lifecycle.send.bulk_errors import outcomes_of
from lifecycle.send.handing import NOT_BEGUN, hand_over
from lifecycle.send.transport import OpenGate
from tests.send.scripted_ses import CUT, Answering, ScriptedSes, accepted, results, said

MakeLetter = Callable[..., Letter]
Start = Callable[..., tuple[ScriptedSes, BulkSes]]
OPEN = OpenGate()
SHAPE = Shape("v1", ("<p>Hello ", "</p>"), ("Hello ", ""))


@pytest.fixture
def start() -> Iterator[Start]:
    """Start an endpoint that answers by a script, and a transport that talks to it in bulk."""
    opened: list[Any] = []

    def started(*script: Answering, **told: Any) -> tuple[ScriptedSes, BulkSes]:
        ses = ScriptedSes(list(script), **told)
        transport = BulkSes("eu-central-1", "set", ses.url, read_seconds=2.0)
        opened.extend((transport.close, ses.stop))
        return ses, transport

    yield started
    for close in opened:
        close()


def letters(letter: MakeLetter, count: int, begin: int = 0, **other: Any) -> list[Letter]:
    return [
        letter(
            message_id=f"msg_{n}",
            attempt_id=f"att_{n}",
            to=f"ann{n}@customer.example",
            html=f"<p>Hello Ann {n}</p>",
            text=f"Hello Ann {n}",
            pieces=Pieces(SHAPE, (f"Ann {n}",), (f"Ann {n}",)),
            **other,
        )
        for n in range(begin, begin + count)
    ]


def kinds(outcomes: list[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def recipients(request: dict[str, Any]) -> list[str]:
    return [one["Destination"]["ToAddresses"][0] for one in request["BulkEmailEntries"]]


class Counting:
    """A gate that lets through so many at a time, and none after so many in all."""

    def __init__(self, at_once: int, in_all: int = 10_000) -> None:
        self.at_once, self.left = at_once, in_all
        self.asked: list[int] = []
        self.told: list[tuple[str, int]] = []
        self.lock = threading.Lock()

    def begin(self, wanted: int) -> int:
        with self.lock:
            self.asked.append(wanted)
            given = min(wanted, self.at_once, self.left)
            self.left -= given
            return given

    def heard(self, sender: str, outcomes: Sequence[Outcome]) -> None:
        with self.lock:
            self.told.append((sender, len(outcomes)))


def test_each_letter_has_its_own_recipient_headers_tags_and_outcome(
    start: Start, letter: MakeLetter
) -> None:
    ses, transport = start()
    outcomes = hand_over(transport, letters(letter, 3), OPEN)
    assert outcomes == [
        Outcome(OutcomeKind.ACCEPTED, provider_id=f"bulk-att_{n}") for n in range(3)
    ]
    (request,) = ses.requests
    assert request["FromEmailAddress"] == "Shop <news@mail.shop.example>"
    assert request["ReplyToAddresses"] == ["help@shop.example"]
    assert request["ConfigurationSetName"] == "set"
    assert "DefaultEmailTags" not in request
    assert recipients(request) == [f"ann{n}@customer.example" for n in range(3)]
    entry = request["BulkEmailEntries"][1]
    assert entry["ReplacementHeaders"] == [
        {"Name": "List-Unsubscribe", "Value": "<https://shop.example/u/t0k3n>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        {"Name": "X-Lifecycle-Attempt", "Value": "att_1"},
    ]
    assert entry["ReplacementTags"] == [
        {"Name": "attempt_id", "Value": "att_1"},
        {"Name": "message_id", "Value": "msg_1"},
        {"Name": "campaign", "Value": "abandoned_cart"},
        {"Name": "step", "Value": "reminder"},
        {"Name": "variant", "Value": "a"},
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("MESSAGE_REJECTED", OutcomeKind.REFUSED),
        ("MAIL_FROM_DOMAIN_NOT_VERIFIED", OutcomeKind.ACCOUNT),
        ("CONFIGURATION_SET_NOT_FOUND", OutcomeKind.ACCOUNT),
        ("CONFIGURATION_SET_DOES_NOT_EXIST", OutcomeKind.ACCOUNT),
        ("TEMPLATE_NOT_FOUND", OutcomeKind.ACCOUNT),
        ("ACCOUNT_SUSPENDED", OutcomeKind.ACCOUNT),
        ("ACCOUNT_THROTTLED", OutcomeKind.SLOW_DOWN),
        ("ACCOUNT_DAILY_QUOTA_EXCEEDED", OutcomeKind.DAY_QUOTA),
        ("INVALID_SENDING_POOL_NAME", OutcomeKind.ACCOUNT),
        ("ACCOUNT_SENDING_PAUSED", OutcomeKind.ACCOUNT),
        ("CONFIGURATION_SET_SENDING_PAUSED", OutcomeKind.ACCOUNT),
        ("TRANSIENT_FAILURE", OutcomeKind.UNCERTAIN),
        ("FAILED", OutcomeKind.UNCERTAIN),
        ("SOMETHING_NEW", OutcomeKind.UNCERTAIN),
        (None, OutcomeKind.UNCERTAIN),
        (["SUCCESS"], OutcomeKind.UNCERTAIN),
    ],
)
def test_each_status_has_its_outcome_and_touches_no_other_entry(
    start: Start, letter: MakeLetter, status: Any, kind: OutcomeKind
) -> None:
    good = {"Status": "SUCCESS", "MessageId": "id"}
    ses, transport = start(lambda _: results(good, {"Status": status, "Error": "why"}, good))
    outcomes = transport.send_many(letters(letter, 3), OPEN)
    assert kinds(outcomes) == [OutcomeKind.ACCEPTED, kind, OutcomeKind.ACCEPTED]
    assert "why" in outcomes[1].detail
    assert len(ses.requests) == 1


def test_an_entry_of_an_unverified_sender_is_the_accounts_fault(
    start: Start, letter: MakeLetter
) -> None:
    told = {"Status": "MESSAGE_REJECTED", "Error": "Email address is not verified."}
    _, transport = start(lambda _: results(told))
    assert kinds(transport.send_many(letters(letter, 1), OPEN)) == [OutcomeKind.ACCOUNT]


@pytest.mark.parametrize(
    ("what", "answering"),
    [
        ("a cut connection", lambda _: CUT),
        ("half an answer", lambda _: (200, b'{"BulkEmailEntryResults": [{"Status": "SUC')),
        ("a proxy's page", lambda _: (200, b"<html>")),
        ("no list", lambda _: said({})),
        ("no results", lambda _: results()),
        ("one result too few", lambda _: results(*[{"Status": "SUCCESS", "MessageId": "a"}] * 49)),
        ("one result too many", lambda _: results(*[{"Status": "SUCCESS", "MessageId": "a"}] * 51)),
        ("a server's error", lambda _: said({"message": "oh"}, 500)),
    ],
)
def test_a_lost_answer_leaves_the_entries_of_its_call_uncertain_and_no_others(
    start: Start, letter: MakeLetter, what: str, answering: Answering
) -> None:
    lost = threading.Event()

    def once(request: dict[str, Any]) -> Any:
        if "ann60@customer.example" in recipients(request) and not lost.is_set():
            lost.set()
            return answering(request)
        return accepted(request)

    ses, transport = start(*[once] * 3)
    outcomes = transport.send_many(letters(letter, 120), OPEN)
    assert len(ses.requests) == 3, what
    uncertain = [n for n, one in enumerate(outcomes) if one.kind is OutcomeKind.UNCERTAIN]
    assert uncertain == list(range(50, 100))
    assert {one.kind for one in outcomes[:50] + outcomes[100:]} == {OutcomeKind.ACCEPTED}


def test_a_success_without_an_id_is_uncertain_alone(start: Start, letter: MakeLetter) -> None:
    good = {"Status": "SUCCESS", "MessageId": "id"}
    for bad in ({"Status": "SUCCESS"}, {"Status": "SUCCESS", "MessageId": ""}):
        _, transport = start(partial(lambda bad, _: results(good, bad), bad))
        found = kinds(transport.send_many(letters(letter, 2), OPEN))
        assert found == [OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN]


@pytest.mark.parametrize("bad", [None, "SUCCESS", [], {"Status": 1}])
def test_a_result_that_is_none_is_uncertain_alone(bad: Any) -> None:
    good = {"Status": "SUCCESS", "MessageId": "id"}
    found = outcomes_of({"BulkEmailEntryResults": [good, bad, good]}, 3)
    assert kinds(found) == [OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN, OutcomeKind.ACCEPTED]


def test_a_refusal_with_an_id_is_uncertain(start: Start, letter: MakeLetter) -> None:
    _, transport = start(lambda _: results({"Status": "MESSAGE_REJECTED", "MessageId": "id"}))
    assert kinds(transport.send_many(letters(letter, 1), OPEN)) == [OutcomeKind.UNCERTAIN]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "TooManyRequestsException", OutcomeKind.SLOW_DOWN),
        (400, "AccountSuspendedException", OutcomeKind.ACCOUNT),
        (403, "ExpiredTokenException", OutcomeKind.ACCOUNT),
    ],
)
def test_a_refused_call_is_none_of_its_entries_accepted(
    start: Start, letter: MakeLetter, status: int, code: str, kind: OutcomeKind
) -> None:
    ses, transport = start(lambda _: said({"__type": code, "message": "no"}, status))
    assert set(kinds(transport.send_many(letters(letter, 5), OPEN))) == {kind}
    assert len(ses.requests) == 1


def test_the_letters_of_a_call_refused_for_what_it_holds_go_one_by_one(
    start: Start, letter: MakeLetter
) -> None:
    def refuse(_: Any) -> Any:
        return said({"__type": "BadRequestException", "message": "bad"}, 400)

    def judge(request: dict[str, Any]) -> Any:
        bad = request["Destination"]["ToAddresses"] == ["ann2@customer.example"]
        return refuse(request) if bad else accepted(request)

    ses, transport = start(refuse, *[judge] * 4)
    outcomes = transport.send_many(letters(letter, 4), OPEN)
    assert [one.provider_id for one in outcomes] == [
        "alone-att_0",
        "alone-att_1",
        None,
        "alone-att_3",
    ]
    assert outcomes[2].kind is OutcomeKind.REFUSED
    assert len(ses.requests) == 5


def test_an_entry_refused_for_how_it_was_put_goes_alone_once(
    start: Start, letter: MakeLetter
) -> None:
    good = {"Status": "SUCCESS", "MessageId": "id"}
    bad = {"Status": "INVALID_PARAMETER", "Error": "a template"}
    ses, transport = start(lambda _: results(good, bad))
    outcomes = transport.send_many(letters(letter, 2), OPEN)
    assert [one.provider_id for one in outcomes] == ["id", "alone-att_1"]
    assert len(ses.requests) == 2


def test_the_gate_is_asked_before_each_call_and_bounds_it(start: Start, letter: MakeLetter) -> None:
    ses, transport = start()
    gate = Counting(at_once=14)
    outcomes = transport.send_many(letters(letter, 60), gate)
    assert set(kinds(outcomes)) == {OutcomeKind.ACCEPTED}
    assert gate.asked == [50, 36, 22, 8, 10]
    assert sorted(len(one["BulkEmailEntries"]) for one in ses.requests) == [8, 10, 14, 14, 14]
    assert sorted(count for _, count in gate.told) == [8, 10, 14, 14, 14]


def test_what_the_gate_no_longer_lets_begin_has_never_left(
    start: Start, letter: MakeLetter
) -> None:
    ses, transport = start()
    alone = letters(letter, 1, 100, headers=(("X-Name", "grün"),))
    outcomes = transport.send_many([*letters(letter, 60), *alone], Counting(50, in_all=30))
    assert kinds(outcomes[:30]) == [OutcomeKind.ACCEPTED] * 30
    assert outcomes[30:] == [NOT_BEGUN] * 31
    assert len(ses.requests) == 1


def test_what_bulk_cannot_carry_goes_alone_in_the_same_hand_over(
    start: Start, letter: MakeLetter
) -> None:
    ses, transport = start()
    file = Attachment("terms.pdf", "application/pdf", b"%PDF-1.7")
    odd = [
        *letters(letter, 1, 10, attachments=(file,)),
        *letters(letter, 1, 11, headers=(("X-Name", "grün"),)),
        *letters(letter, 1, 12, headers=tuple((f"X-{n}", "a") for n in range(20))),
        letter(html="x" * 300_000, attempt_id="att_13", to="ann13@customer.example"),
    ]
    outcomes = transport.send_many([*letters(letter, 3), *odd], OPEN)
    assert [one.provider_id for one in outcomes] == [
        *(f"bulk-att_{n}" for n in range(3)),
        *(f"alone-att_{n}" for n in range(10, 14)),
    ]
    contents = [one["Content"] for one in ses.requests if "Content" in one]
    assert sorted(next(iter(one)) for one in contents) == ["Raw", "Raw", "Raw", "Simple"]


def test_a_letter_against_the_limits_is_refused_and_the_others_go(
    start: Start, letter: MakeLetter
) -> None:
    ses, transport = start()
    batch = letters(letter, 3)
    batch[1] = letter(to="jörg@customer.example")
    outcomes = transport.send_many(batch, OPEN)
    assert kinds(outcomes) == [OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.ACCEPTED]
    assert len(ses.requests) == 1


def test_letters_alone_with_their_shape_share_a_call(start: Start, letter: MakeLetter) -> None:
    ses, transport = start()
    batch = [
        letter(
            attempt_id=f"att_{n}",
            to=f"ann{n}@customer.example",
            pieces=Pieces(Shape(f"v{n}", ("<p>Hello Ann</p>",), ("Hello Ann",)), (), ()),
        )
        for n in range(4)
    ]
    assert set(kinds(transport.send_many(batch, OPEN))) == {OutcomeKind.ACCEPTED}
    assert len(ses.requests) == 1


def test_a_second_letter_to_one_address_waits_for_the_first(
    start: Start, letter: MakeLetter
) -> None:
    ses, transport = start()
    batch = [*letters(letter, 3), *letters(letter, 2)]
    transport.send_many(batch, OPEN)
    assert [len(one["BulkEmailEntries"]) for one in ses.requests] == [3, 2]


def test_several_calls_are_under_way_at_once(start: Start, letter: MakeLetter) -> None:
    ses, transport = start(hold=threading.Barrier(4))
    transport.send_many(letters(letter, 200), OPEN)
    assert ses.at_once == 4


def test_nobody_listening_means_that_no_entry_has_left(start: Start, letter: MakeLetter) -> None:
    ses, transport = start()
    ses.stop()
    assert set(kinds(transport.send_many(letters(letter, 60), OPEN))) == {OutcomeKind.NEVER_LEFT}


def test_a_set_up_without_a_client_is_the_accounts_fault(letter: MakeLetter) -> None:
    transport = BulkSes("eu-central-1", endpoint="not a url")
    odd = letters(letter, 1, 9, headers=(("X-Name", "grün"),))
    outcomes = transport.send_many([*letters(letter, 2), *odd], OPEN)
    assert set(kinds(outcomes)) == {OutcomeKind.ACCOUNT}


def test_a_fault_of_ours_in_one_call_does_not_hide_that_others_were_made(
    start: Start, letter: MakeLetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses, transport = start()
    post = partial(transport._client.post)
    broken = threading.Event()

    def once(operation: str, body: bytes) -> Any:
        if b"ann60@" in body:
            broken.set()
            raise KeyError("ours")
        return post(operation, body)

    monkeypatch.setattr(transport._client, "post", once)
    outcomes = transport.send_many(letters(letter, 120), OPEN)
    assert broken.is_set()
    assert {one.kind for one in outcomes[50:100]} == {OutcomeKind.UNCERTAIN}
    assert len(ses.requests) == 2
