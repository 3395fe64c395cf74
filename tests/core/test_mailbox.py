"""What an address tells of the mailbox behind it."""

from __future__ import annotations

import pytest

from lifecycle.core.mailbox import mailbox_of


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        pytest.param("vic@shop.example", "vic@shop.example", id="a plain one"),
        pytest.param("Vic@Shop.example", "vic@shop.example", id="capitals"),
        pytest.param("vic+a+b@shop.example", "vic@shop.example", id="a label"),
        pytest.param("+a@shop.example", "+a@shop.example", id="nothing but a label"),
        pytest.param("v.ic@shop.example", "v.ic@shop.example", id="dots count elsewhere"),
        pytest.param("v.i.c+a@gmail.com", "vic@gmail.com", id="dots at Google"),
        pytest.param("v.ic@googlemail.com", "vic@googlemail.com", id="its other domain"),
        pytest.param("jörg+a@bücher.example", "jörg@bücher.example", id="not ASCII"),
    ],
)
def test_letters_arrive_where_they_would_without_labels(address: str, mailbox: str) -> None:
    assert mailbox_of(address) == mailbox
