"""SMTP against a server that does as it is told: what each kind of answer or loss means."""

from __future__ import annotations

from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.message import Letter, OutcomeKind
from lifecycle.send.smtp import LETTERS_A_CONNECTION, Smtp
from tests.send.secure import tls_contexts

MakeLetter = Callable[..., Letter]

MORE_THAN_SOCKETS_HOLD = 6_000_000


def test_a_letter_arrives_whole_with_its_dots(smtp_server: Any, letter: MakeLetter) -> None:
    server = smtp_server(extensions=("SIZE 1000000",))
    transport = Smtp("127.0.0.1", server.port)
    outcome = transport.send(letter(text=".\n..\n.end"))
    transport.close()
    assert (outcome.kind, outcome.provider_id) == (OutcomeKind.ACCEPTED, "Q1234567")
    message: Any = BytesParser(policy=policy.default).parsebytes(server.bodies[0])
    assert message.get_body(("plain",)).get_payload(decode=True) == b".\r\n..\r\n.end"
    assert message["X-Lifecycle-Attempt"] == "att_01"
    assert any(line.startswith("mail FROM:<news@mail.shop.example> size=") for line in server.lines)


def test_one_connection_is_kept_for_many_letters(smtp_server: Any, letter: MakeLetter) -> None:
    server = smtp_server()
    transport = Smtp("127.0.0.1", server.port)
    for _ in range(LETTERS_A_CONNECTION + 1):
        assert transport.send(letter()).kind is OutcomeKind.ACCEPTED
    assert len(server.bodies) == LETTERS_A_CONNECTION + 1
    assert server.connections == 2
    transport.close()


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"CONNECT": ["421 busy"]}, OutcomeKind.SLOW_DOWN),
        ({"CONNECT": ["554 go away"]}, OutcomeKind.ACCOUNT),
        ({"CONNECT": ["cut"]}, OutcomeKind.NEVER_LEFT),
        ({"EHLO": ["cut"]}, OutcomeKind.NEVER_LEFT),
        ({"MAIL": ["451 later"]}, OutcomeKind.SLOW_DOWN),
        ({"MAIL": ["530 authenticate first"]}, OutcomeKind.ACCOUNT),
        ({"MAIL": ["553 sender not allowed"]}, OutcomeKind.ACCOUNT),
        ({"MAIL": ["552 too large"]}, OutcomeKind.REFUSED),
        ({"MAIL": ["cut"]}, OutcomeKind.NEVER_LEFT),
        ({"RCPT": ["450 mailbox busy"]}, OutcomeKind.SLOW_DOWN),
        ({"RCPT": ["550 no such user"]}, OutcomeKind.REFUSED),
        ({"RCPT": ["cut"]}, OutcomeKind.NEVER_LEFT),
        ({"DATA": ["452 no room"]}, OutcomeKind.SLOW_DOWN),
        ({"DATA": ["554 no"]}, OutcomeKind.REFUSED),
        ({"DATA": ["cut"]}, OutcomeKind.NEVER_LEFT),
        ({"BODY": []}, OutcomeKind.NEVER_LEFT),
        ({"DOT": ["451 try again"]}, OutcomeKind.SLOW_DOWN),
        ({"DOT": ["554 spam"]}, OutcomeKind.REFUSED),
        ({"DOT": ["cut"]}, OutcomeKind.UNCERTAIN),
        ({"DOT": ["nonsense"]}, OutcomeKind.UNCERTAIN),
    ],
)
def test_each_answer_and_each_loss_has_its_outcome(
    smtp_server: Any, letter: MakeLetter, answers: dict[str, list[str]], kind: OutcomeKind
) -> None:
    body = letter(html="x" * MORE_THAN_SOCKETS_HOLD) if "BODY" in answers else letter()
    server = smtp_server(answers={verb: list(said) for verb, said in answers.items()})
    transport = Smtp("127.0.0.1", server.port)
    assert transport.send(body).kind is kind
    if "BODY" not in answers:
        assert transport.send(letter()).kind is OutcomeKind.ACCEPTED, "the next letter goes out"
    transport.close()


def test_after_a_refused_recipient_the_connection_is_cleared_and_kept(
    smtp_server: Any, letter: MakeLetter
) -> None:
    server = smtp_server(answers={"RCPT": ["550 no such user"]})
    transport = Smtp("127.0.0.1", server.port)
    transport.send(letter())
    transport.send(letter())
    verbs = [line.partition(" ")[0].upper() for line in server.lines]
    assert verbs == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]
    assert server.connections == 1
    transport.close()


def test_a_kept_connection_that_died_is_opened_anew_without_a_word(
    smtp_server: Any, letter: MakeLetter
) -> None:
    server = smtp_server(answers={"MAIL": ["250 fine", "cut", "250 fine", "421 bye", "250 fine"]})
    transport = Smtp("127.0.0.1", server.port)
    kinds = [transport.send(letter()).kind for _ in range(3)]
    assert kinds == [OutcomeKind.ACCEPTED] * 3
    assert server.connections == 3
    assert len(server.bodies) == 3
    transport.close()


def test_a_wrong_password_is_the_accounts_fault(smtp_server: Any, letter: MakeLetter) -> None:
    server = smtp_server(extensions=("AUTH PLAIN",), answers={"AUTH": ["535 no", "535 no"]})
    transport = Smtp("127.0.0.1", server.port, "user", "wrong")
    assert transport.send(letter()).kind is OutcomeKind.ACCOUNT
    transport.close()


def test_a_right_password_opens_the_door(smtp_server: Any, letter: MakeLetter) -> None:
    server = smtp_server(extensions=("AUTH PLAIN",))
    transport = Smtp("127.0.0.1", server.port, "user", "right")
    assert transport.send(letter()).kind is OutcomeKind.ACCEPTED
    transport.close()


def test_a_server_without_log_in_is_the_set_ups_fault(smtp_server: Any, letter: MakeLetter) -> None:
    transport = Smtp("127.0.0.1", smtp_server().port, "user", "password")
    assert transport.send(letter()).kind is OutcomeKind.ACCOUNT
    transport.close()


def test_a_failed_starttls_sends_nothing_in_the_clear(smtp_server: Any, letter: MakeLetter) -> None:
    server = smtp_server(extensions=("STARTTLS",), answers={"STARTTLS": ["454 not now"]})
    transport = Smtp("127.0.0.1", server.port)
    assert transport.send(letter()).kind is OutcomeKind.SLOW_DOWN
    assert not any(line.upper().startswith("MAIL") for line in server.lines)
    transport.close()


def test_a_set_up_that_cannot_be_spoken_is_the_accounts_fault(
    smtp_server: Any, letter: MakeLetter
) -> None:
    server = smtp_server(extensions=("AUTH PLAIN LOGIN",))
    transport = Smtp("127.0.0.1", server.port, "user", "pässword")
    assert transport.send(letter()).kind is OutcomeKind.ACCOUNT
    assert Smtp("a" * 70 + ".example", 25).send(letter()).kind is OutcomeKind.ACCOUNT
    assert server.bodies == []


def test_starttls_is_used_where_it_is_offered(
    smtp_server: Any, letter: MakeLetter, tmp_path: Path
) -> None:
    theirs, ours = tls_contexts(tmp_path, "localhost")
    server = smtp_server(extensions=("STARTTLS", "AUTH PLAIN"), tls=theirs)
    transport = Smtp("localhost", server.port, "user", "right", tls=ours)
    assert transport.send(letter()).kind is OutcomeKind.ACCEPTED
    assert server.encrypted
    transport.close()


def test_a_certificate_of_another_name_or_authority_gets_no_letter(
    smtp_server: Any, letter: MakeLetter, tmp_path: Path
) -> None:
    theirs, ours = tls_contexts(tmp_path, "another.example")
    server = smtp_server(extensions=("STARTTLS",), tls=theirs)
    assert Smtp("localhost", server.port, tls=ours).send(letter()).kind is OutcomeKind.NEVER_LEFT
    assert Smtp("localhost", server.port).send(letter()).kind is OutcomeKind.NEVER_LEFT
    assert server.bodies == []


def test_nobody_listening_means_never_left(smtp_server: Any, letter: MakeLetter) -> None:
    server = smtp_server()
    port = server.port
    server.stop()
    assert Smtp("127.0.0.1", port).send(letter()).kind is OutcomeKind.NEVER_LEFT


def test_a_letter_that_could_smuggle_a_command_never_reaches_the_server(
    smtp_server: Any, letter: MakeLetter
) -> None:
    server = smtp_server()
    outcome = Smtp("127.0.0.1", server.port).send(letter(to="a@b.example>\r\nRCPT TO:<e@x.example"))
    assert outcome.kind is OutcomeKind.REFUSED
    assert server.connections == 0


def test_an_outcome_never_tells_an_address(smtp_server: Any, letter: MakeLetter) -> None:
    server = smtp_server(answers={"RCPT": ["550 <ann@customer.example> unknown"]})
    outcome = Smtp("127.0.0.1", server.port).send(letter())
    assert outcome.detail == "550 <[address]> unknown"
