"""Whose opens and clicks are kept by name, and how links are named for web statistics."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lifecycle.core.settings import Settings
from lifecycle.core.tracking import Naming, mode_for, naming_of

TOPICS = {
    "offers": {"about": "Sales", "tracking": "by consent"},
    "newsletter": {"about": "Stories"},
    "tracking": {"about": "What I open"},
}


def settings(**more: object) -> Settings:
    shop = {"name": "Shop", "address": "1 St", "seed": "s", "website": "https://www.shop.example"}
    senders = {"shop": {"from": "news@shop.example"}}
    return Settings.model_validate({"shop": shop, "senders": senders, "topics": TOPICS, **more})


@pytest.mark.parametrize(
    ("mode", "topic", "agreed", "found"),
    [
        ("individual", "offers", True, "individual"),
        ("individual", "offers", False, "aggregate"),
        ("individual", "newsletter", False, "individual"),
        ("individual", None, False, "individual"),
        ("aggregate", "offers", True, "aggregate"),
        ("off", "offers", True, "off"),
    ],
)
def test_where_a_topic_says_so_only_those_who_agreed_are_followed(
    mode: str, topic: str | None, agreed: bool, found: str
) -> None:
    assert mode_for(settings(tracking={"mode": mode}), topic, {"tracking": agreed}) == found


def test_nobody_said_anything_is_no_consent() -> None:
    assert mode_for(settings(), "offers", {"offers": True}) == "aggregate"


def test_a_topic_by_consent_wants_the_topic_by_which_it_is_given() -> None:
    with pytest.raises(ValidationError, match="nobody can give it"):
        settings(topics={"offers": {"about": "x", "tracking": "by consent"}})


def test_names_for_statistics_want_a_site() -> None:
    shop = {"name": "Shop", "address": "1 St", "seed": "s"}
    with pytest.raises(ValidationError, match="none is known"):
        settings(shop=shop, tracking={"utm": {}})


NAMING = Naming("shop.example", (("utm_source", "life"), ("utm_campaign", "a b&c")))


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://shop.example", "https://shop.example?utm_source=life&utm_campaign=a%20b%26c"),
        (
            "https://www.shop.example/a?x=1#top",
            "https://www.shop.example/a?x=1&utm_source=life&utm_campaign=a%20b%26c#top",
        ),
        (
            "https://de.shop.example/?utm_campaign=own",
            "https://de.shop.example/?utm_campaign=own&utm_source=life",
        ),
        ("https://other.example/", "https://other.example/"),
        ("https://notshop.example/", "https://notshop.example/"),
        ("mailto:a@shop.example", "mailto:a@shop.example"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_links_to_the_shops_own_site_are_named_and_no_others(url: str, named: str) -> None:
    assert NAMING.name(url) == named
    assert NAMING.name(named) == named, "twice does no more"


def test_names_are_those_of_the_letter() -> None:
    said = settings(tracking={"utm": {"source": "mail"}})
    naming = naming_of(said, "cart", "reminder", "")
    assert naming is not None and dict(naming.parameters) == {
        "utm_source": "mail",
        "utm_medium": "email",
        "utm_campaign": "cart",
        "utm_content": "reminder",
    }
    assert naming_of(settings(), "cart", "reminder", "") is None
