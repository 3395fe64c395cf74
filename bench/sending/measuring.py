"""Rounds of all ways of sending, one after the other: the plain loop, ours one by one, in bulk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.flows import Spent
from bench.sending.ours import Round, Sending
from bench.sending.plain import Plain
from bench.sending.shop import project
from bench.sending.spending import spending
from bench.sending.stub import Counted, Stub

PLAIN_LETTERS, SINGLE_LETTERS, BULK_LETTERS = 1_000, 1_500, 4_000
"""Of ours two in a hundred are suppressed and do not go."""
_TOKENS = re.compile(r"https://t\.shop\.example/([a-z])/[\w.-]+")


@dataclass(frozen=True)
class Measured:
    """One round of each way, and what the stand-in SES was sent by two of them."""

    plain: Spent
    plain_counted: Counted
    single: Round
    bulk: Round
    bulk_counted: Counted


def rounds(folder: Path, stub: Stub, count: int) -> Iterator[Measured]:
    """The ways take turns, so that whatever else the machine does is beside all of them."""
    shops = {mode: project(folder / mode, stub.url, mode) for mode in ("single", "bulk")}
    single = Sending(shops["single"], folder / "by-one", SINGLE_LETTERS)
    bulk = Sending(shops["bulk"], folder / "by-many", BULK_LETTERS)
    template = single.catalog.template("cart/left", "en")
    assert template is not None
    plain = Plain(template, stub.url)
    people = plain.people(range(PLAIN_LETTERS))
    assert_same_letter(plain, single)
    plain.send(people[0])
    for _ in range(count):
        spent: list[Spent] = []
        before = stub.counted()
        with spending(spent):
            for person in people:
                plain.send(person)
        plain_counted = stub.counted().since(before)
        by_one = single.round()
        before = stub.counted()
        by_many = bulk.round()
        bulk_counted = stub.counted().since(before)
        yield Measured(spent[0], plain_counted, by_one, by_many, bulk_counted)


def assert_same_letter(plain: Plain, sending: Sending) -> None:
    """Both ways make the very same letter, but for what signs its links."""
    for letter in sending.letters():
        (person,) = plain.people([int(letter.to.partition("@")[0][1:])])
        subject, html, text, _ = plain.letter(person)
        for ours, theirs in ((letter.subject, subject), (letter.html, html), (letter.text, text)):
            words = [_TOKENS.sub(r"\1", one).split() for one in (ours, theirs)]
            assert words[0] == words[1], "the two ways make different letters"
