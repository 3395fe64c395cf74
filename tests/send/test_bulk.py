"""Bulk sending through a real socket: what goes together, what alone, and when it may begin."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from lifecycle.core.message import Attachment, Outcome, OutcomeKind, Pieces, Shape
from lifecycle.send.bulk import BulkSes
from lifecycle.send.handing import NOT_BEGUN, Later, Patience, hand_over
from tests.send.in_bulk import OPEN, MakeLetter, Start, kinds, letters, recipients, start_ses
from tests.send.scripted_ses import accepted

__all__ = ["start_ses"]


class Counting:
    """A gate that lets through so many at a time, and none after so many in all."""

    def __init__(self, at_once: int, in_all: int = 10_000) -> None:
        self.at_once, self.left = at_once, in_all
        self.asked: list[int] = []
        self.told: list[tuple[str, int]] = []
        self.noted: list[str] = []
        self.lock = threading.Lock()

    def begin(self, wanted: int) -> int:
        with self.lock:
            self.asked.append(wanted)
            given = min(wanted, self.at_once, self.left)
            self.left -= given
            return given

    def starts(self, attempt_ids: Sequence[str]) -> None:
        with self.lock:
            self.noted.extend(attempt_ids)

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


def held(until: threading.Event) -> Any:
    """An answer that does not come before it is let go."""

    def answer(request: dict[str, Any]) -> Any:
        assert until.wait(10)
        return accepted(request)

    return answer


def test_a_call_that_hangs_is_told_later_and_the_others_now(
    start: Start, letter: MakeLetter
) -> None:
    let_go = threading.Event()
    ses, transport = start(held(let_go), read_seconds=10.0)
    answers = transport.send_patiently(letters(letter, 160), OPEN, Patience(1.0))
    late = [one for one in answers if isinstance(one, Later)]
    assert len(late) in (50, 10), "one call hangs, whichever came first"
    assert {one.kind for one in answers if isinstance(one, Outcome)} == {OutcomeKind.ACCEPTED}
    assert not any(one.answered for one in late)
    let_go.set()
    assert {one.outcome().kind for one in late} == {OutcomeKind.ACCEPTED}
    everybody = [name for request in ses.requests for name in recipients(request)]
    assert len(everybody) == len(set(everybody)) == 160


def test_calls_that_hang_keep_their_threads_from_the_next_batch(
    start: Start, letter: MakeLetter
) -> None:
    let_go = threading.Event()
    _, transport = start(*[held(let_go)] * 2, read_seconds=10.0, threads=2)
    gate = Counting(at_once=50)
    first = transport.send_patiently(letters(letter, 100), gate, Patience(1.0))
    assert all(isinstance(one, Later) for one in first)
    asked = list(gate.asked)
    assert transport.send_patiently(letters(letter, 3, 100), gate, Patience(1.0)) == [NOT_BEGUN] * 3
    assert gate.asked == asked, "the pace was asked for letters for which there was no thread"
    let_go.set()
    assert {one.outcome().kind for one in first if isinstance(one, Later)} == {"accepted"}
    assert set(kinds(transport.send_many(letters(letter, 3, 100), gate))) == {OutcomeKind.ACCEPTED}


def test_a_second_letter_to_an_address_is_given_back_while_the_first_hangs(
    start: Start, letter: MakeLetter
) -> None:
    let_go = threading.Event()
    ses, transport = start(held(let_go), read_seconds=10.0)
    first, second = letters(letter, 1), letters(letter, 2)
    second[0] = replace(second[0], attempt_id="att_again")
    answers = transport.send_patiently([*first, second[0]], OPEN, Patience(1.0))
    assert isinstance(answers[0], Later)
    assert answers[1] == NOT_BEGUN
    let_go.set()
    assert answers[0].outcome().kind is OutcomeKind.ACCEPTED
    assert len(ses.requests) == 1
