"""Answers to bulk calls: what each means for its entries, and that nothing goes twice."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest

from lifecycle.core.message import OutcomeKind
from lifecycle.send.bulk_errors import outcomes_of
from tests.send.in_bulk import OPEN, MakeLetter, Start, kinds, letters, recipients, start_ses
from tests.send.scripted_ses import CUT, Answering, accepted, results, said

__all__ = ["start_ses"]


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
