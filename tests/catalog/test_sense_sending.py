"""Senders and addresses of SES with which no letter could leave are problems, not losses."""

from __future__ import annotations

import tomllib

import pytest

from lifecycle.send.envelope import mailbox
from tests.catalog.shop import SETTINGS, problems_of

FILE = "settings.toml"
MAILBOX = 'from = "Shop <news@mail.shop.example>", reply_to = "help@shop.example"'


def problems(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.problem) for one in problems_of({FILE: text}) if one.file == FILE]


def with_sender(said: str) -> str:
    assert MAILBOX in SETTINGS
    return SETTINGS.replace(MAILBOX, said)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('from = "Shop <news@>"', "`from` is no mailbox"),
        ('from = "a@x.example, b@y.example"', "`from` is no mailbox"),
        ('from = "Shop <news@mail shop.example>"', "`from` is no mailbox"),
        ('from = "news@shop..example"', "`from` is no mailbox"),
        ('from = ".news@shop.example"', "`from` is no mailbox"),
        (f'from = "{"x" * 65}@shop.example"', "`from` is no mailbox"),
        ('from = "grüße@shop.example"', "`from` has signs before the @ that SES cannot carry"),
        (
            f'from = "{"Ü" * 260} <news@shop.example>"',
            "`from` has a name that is too long for a letter's head",
        ),
        ('from = "news@shop.example", reply_to = "help@"', "`reply_to` is no mailbox"),
    ],
)
def test_a_mailbox_that_no_letter_could_leave_from_is_a_problem(said: str, problem: str):
    text = with_sender(said)
    line = next(n for n, one in enumerate(text.splitlines(), 1) if one.startswith("shop"))
    assert problems(text) == [(line, problem)]


@pytest.mark.parametrize(
    "said",
    [
        'from = "news@localhost"',
        f'from = "{"Ü" * 220} <news@shop.example>"',
        'from = "Möbel & Mehr, Berlin <news+de@möbel.example>"',
        'from = "\\"Shop, Inc.\\" <o\'neil@xn--mbel-5qa.example>"',
        'from = "<news@shop.example>", reply_to = "Help <help@shop.example>"',
    ],
)
def test_a_mailbox_that_letters_leave_from_is_none(said: str):
    text = with_sender(said)
    assert problems(text) == []
    assert mailbox(tomllib.loads(text)["senders"]["shop"]["from"]).address


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('configuration_set = "a b"', "`configuration_set` names no configuration set of SES"),
        (
            f'configuration_set = "{"x" * 65}"',
            "`configuration_set` names no configuration set of SES",
        ),
        ('region = "eu central"', "`region` is no region of AWS"),
        ('endpoint = "127.0.0.1:8005"', "`endpoint` is no web address"),
        ('endpoint = "http://[::1"', "`endpoint` is no web address"),
        ('feedback_queue = "feedback"', "`feedback_queue` is no address of a queue of SQS"),
        ('feedback_queue = "env:SES_FEEDBACK_QUEUE"', ""),
        ('configuration_set = "env:SET"', ""),
        ('endpoint = "http://127.0.0.1:8005"', ""),
        ('feedback_queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/f"', ""),
    ],
)
def test_what_ses_could_not_be_called_by_is_a_problem(said: str, problem: str):
    found = problems(f"{SETTINGS}\n[ses]\n{said}\n")
    assert [one for _, one in found] == ([problem] if problem else [])
