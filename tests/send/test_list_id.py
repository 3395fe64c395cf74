"""List-Id: what it says of a topic and a sender, and where there is nothing to say."""

from __future__ import annotations

import pytest

from lifecycle.send.list_id import list_id


@pytest.mark.parametrize(
    ("topic", "sender", "told"),
    [
        ("offers", "Shop <news@mail.shop.example>", "<offers.mail.shop.example>"),
        ("back_in_stock", "news@shop.example", "<back_in_stock.shop.example>"),
        ("Sales & news!", "news@shop.example", "<Sales-news.shop.example>"),
        ("offers>\r\nBcc: x@y.example", "n@shop.example", "<offers-Bcc-x-y-example.shop.example>"),
        ("offers", "Müller <news@müller.example>", "<offers.xn--mller-kva.example>"),
        ("x" * 200, "news@shop.example", f"<{'x' * 63}.shop.example>"),
        ("новости", "news@shop.example", None),
        ("offers", "nobody", None),
    ],
)
def test_a_topic_under_the_senders_domain(topic: str, sender: str, told: str | None):
    assert list_id(topic, sender) == told
