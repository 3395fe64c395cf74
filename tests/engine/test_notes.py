"""Notes to people of the shop: plain letters, written once, in the sandbox of letters."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.message import OutcomeKind
from lifecycle.engine.errands import UNKNOWN
from tests.engine.errand_shop import NOTE, Shop, states
from tests.store.prepared import with_tables


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


def test_a_note_is_a_plain_letter_to_the_shop(database_url: str) -> None:
    one = Shop(database_url, NOTE)
    one.entering()
    one.run_all()
    (letter,) = one.post.accepted
    (row,) = one.rows
    assert (letter.to, letter.html) == ("crm@shop.example", "")
    assert letter.subject == "F: note"
    assert letter.text == "Cart k1 of c1@x.example"
    assert letter.sender == "Shop <news@mail.shop.example>"
    assert letter.headers == (("Auto-Submitted", "auto-generated"),)
    assert letter.attempt_id == letter.message_id == row.errand_id
    assert (row.state, row.body) == ("done", None)
    assert one.running.rows("message") == []


def test_a_note_in_doubt_is_not_repeated_and_one_that_never_left_is() -> None:
    doubt = Shop("sqlite://", NOTE, empty=True)
    doubt.post.script = [OutcomeKind.UNCERTAIN]
    doubt.entering()
    doubt.run_all()
    assert states(doubt) == [("failed", UNKNOWN, 1)]
    again = Shop("sqlite://", NOTE, empty=True)
    again.post.script = [OutcomeKind.NEVER_LEFT, OutcomeKind.SLOW_DOWN]
    again.entering()
    assert len(again.run_all()) == 3
    assert states(again) == [("done", "", 3)]
    refused = Shop("sqlite://", NOTE, empty=True)
    refused.post.script = [OutcomeKind.REFUSED]
    refused.entering()
    refused.run_all()
    assert states(refused) == [("failed", "refused", 1)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ customer.nobody.knows }}", "nobody"),
        ("{{ customer.__class__.mro() }}", "not safely callable"),
        ("{% for n in range(999999999) %}x{% endfor %}", ""),
        ("{{ '' }}", "empty"),
    ],
)
def test_a_note_that_cannot_be_written_fails_for_good_and_says_why(
    text: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = NOTE.replace("Cart {{ event.cart }} of {{ customer.email }}", text)
    one = Shop("sqlite://", said, empty=True)
    one.entering()
    with caplog.at_level("WARNING", "lifecycle"):
        one.run_all()
    (row,) = one.rows
    assert (row.state, row.tries) == ("failed", 0)
    assert problem in row.problem
    assert one.post.accepted == []
    assert [record.getMessage() for record in caplog.records] == ["errand_failed"]


def test_no_subject_of_a_note_breaks_its_line() -> None:
    subject = "{{ event.cart ~ '\\\\nBcc: x@y.example' }}"
    said = NOTE.replace("notify = {", f'notify = {{ subject = "{subject}",')
    one = Shop("sqlite://", said, empty=True)
    one.entering()
    one.run_all()
    assert one.post.accepted[0].subject == "k1 Bcc: x@y.example"
