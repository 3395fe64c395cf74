"""Referrals: claimed, qualified, held, granted to both sides; refused or reversed with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.settings import Settings
from lifecycle.rewards import ledger
from lifecycle.rewards.referral import code_of, keep_codes, link
from tests.rewards.conftest import KEY, SETTINGS, Shop, day

CODE = code_of("ann", KEY)


@pytest.fixture
def invited(shop: Shop) -> Shop:
    """A shop in which Ann has been given her code."""
    with shop.database.write() as connection:
        keep_codes(connection, ["ann", "ann", "bob"], KEY, day(0))
        keep_codes(connection, ["ann"], KEY, day(1))
    return shop


def stands(shop: Shop) -> list[tuple[Any, ...]]:
    names = ("customer_id", "friend_id", "state", "reason")
    return [tuple(row[name] for name in names) for row in shop.rows("referral")]


def orders(shop: Shop, of: str, at: float, total: float = 50, **more: Any) -> None:
    shop.happens(of, "order_placed", at, f"{of}-{at}", order_id=f"{of}-{at}", total=total, **more)


@pytest.mark.parametrize(
    ("website", "expected"),
    [
        ("https://shop.example", f"https://shop.example/?ref={CODE}"),
        ("https://shop.example/de?a=1&ref=x#top", f"https://shop.example/de?a=1&ref={CODE}#top"),
        ("", ""),
    ],
)
def test_the_link_carries_the_code(website: str, expected: str) -> None:
    shop = {**SETTINGS["shop"], "website": website}
    assert link(Settings.model_validate({**SETTINGS, "shop": shop}), CODE) == expected


def test_both_sides_are_told_and_rewarded_after_the_hold(invited: Shop) -> None:
    invited.happens("fay", "referral_claimed", 1, "k1", code=CODE.lower())
    orders(invited, "fay", 2)
    orders(invited, "fay", 3)
    invited.until(15.9)
    both = {
        ("ann", "inviter", "points"),
        ("fay", "friend", "percent_off"),
    }

    def sides(name: str) -> set[tuple[str, str, str]]:
        return {(of, told["role"], told["kind"]) for of, told in invited.told(name)}

    assert sides("referral_qualified") == both and sides("referral_granted") == set()
    with invited.database.read() as connection:
        assert ledger.next_due(connection) == day(16)
    invited.until(16)
    assert sides("referral_granted") == both
    granted = [one for _, one in invited.happened if one.name == "referral_granted"]
    assert {one.at for one in granted} == {day(16)}
    assert {one["code"] for one in granted} == {CODE}
    assert invited.balance("ann", 16) == (500, 500)
    assert stands(invited) == [("ann", "fay", "granted", "")]
    with invited.database.read() as connection:
        assert ledger.next_due(connection) is None


def test_the_order_of_arrival_does_not_matter(invited: Shop) -> None:
    orders(invited, "fay", 2)
    orders(invited, "fay", 1.5, known=6)
    invited.happens("fay", "referral_claimed", 1, "k1", known=5, code=CODE)
    invited.until(10)
    (row,) = invited.rows("referral")
    assert (row["state"], row["qualified_at"], row["due_at"]) == ("qualified", day(1.5), day(15.5))


@pytest.mark.parametrize(
    ("friend", "code", "reason", "sides"),
    [
        ("fay", "NOBODYS", "unknown_code", ["friend"]),
        ("fay", None, "unknown_code", ["friend"]),
        ("ann", CODE, "self_referral", ["friend"]),
        ("twin", CODE, "self_referral", ["friend", "inviter"]),
        ("old", CODE, "known_buyer", ["friend", "inviter"]),
    ],
)
def test_a_claim_is_refused_with_its_reason(
    invited: Shop, friend: str, code: str | None, reason: str, sides: list[str]
) -> None:
    for of in ("ann", "twin"):
        invited.happens(of, "site_visited", 0, f"v-{of}")
        invited.address(of, "the same")
    orders(invited, "old", 0.5)
    invited.happens(friend, "referral_claimed", 1, "k1", code=code)
    orders(invited, friend, 2)
    invited.until(30)
    told = [properties for _, properties in invited.told("referral_refused")]
    assert sorted(one["role"] for one in told) == sides
    assert {one["reason"] for one in told} == {reason}
    assert invited.told("referral_qualified") == []


def test_an_order_before_the_claim_that_arrives_late_refuses_it(invited: Shop) -> None:
    invited.happens("fay", "referral_claimed", 1, "k1", code=CODE)
    orders(invited, "fay", 2)
    orders(invited, "fay", 0.5, known=5)
    invited.until(30)
    assert stands(invited) == [("ann", "fay", "refused", "known_buyer")]


def test_a_friend_claims_once(invited: Shop) -> None:
    for number, code in enumerate((CODE, CODE, code_of("bob", KEY)), 1):
        invited.happens("fay", "referral_claimed", number, f"k{number}", code=code)
    invited.until(30)
    assert stands(invited) == [
        ("ann", "fay", "claimed", ""),
        ("bob", "fay", "refused", "claimed_before"),
    ]


def test_an_inviter_is_rewarded_at_most_so_often(invited: Shop) -> None:
    for number, friend in enumerate(("f1", "f2", "f3"), 1):
        invited.happens(friend, "referral_claimed", 1, f"k{number}", code=CODE)
    for friend in ("f1", "f2", "f3"):
        orders(invited, friend, 2)
    invited.until(5)
    invited.happens("f4", "referral_claimed", 6, "k4", code=CODE)
    invited.until(30)
    states = [row[2:] for row in stands(invited)]
    assert states == [("granted", "")] * 2 + [("refused", "at_most")] * 2
    assert invited.balance("ann", 30)[0] == 1000


@pytest.mark.parametrize(
    ("name", "total", "at", "state"),
    [
        ("order_cancelled", None, 5, "reversed"),
        ("order_refunded", 50, 5, "reversed"),
        ("order_refunded", 20, 5, "granted"),
        ("order_cancelled", None, 20, "reversed"),
        ("order_refunded", 20, 20, "granted"),
    ],
)
def test_an_undone_order_reverses_the_referral(
    invited: Shop, name: str, total: float | None, at: float, state: str
) -> None:
    invited.happens("fay", "referral_claimed", 1, "k1", code=CODE)
    orders(invited, "fay", 2)
    invited.happens("fay", name, at, "u1", order_id="fay-2", total=total)
    invited.until(30)
    reason = "order_undone" if state == "reversed" else ""
    assert stands(invited) == [("ann", "fay", state, reason)]
    assert invited.balance("ann", 30)[0] == (500 if state == "granted" else 0)
    granted = len(invited.told("referral_granted"))
    assert granted == (0 if state == "reversed" and at < 16 else 2)
    assert len(invited.told("referral_reversed")) == (2 if state == "reversed" else 0)


def test_a_twin_found_out_during_the_hold_is_refused(invited: Shop) -> None:
    invited.happens("ann", "site_visited", 0, "v1")
    invited.happens("fay", "referral_claimed", 1, "k1", code=CODE)
    orders(invited, "fay", 2)
    invited.until(5)
    for of in ("ann", "fay"):
        invited.address(of, "the same")
    invited.until(30)
    assert stands(invited) == [("ann", "fay", "refused", "self_referral")]


def test_a_buyers_own_code_is_known_without_a_letter(shop: Shop) -> None:
    orders(shop, "ann", 0)
    shop.happens("fay", "referral_claimed", 1, "k1", code=CODE)
    shop.until(5)
    assert stands(shop) == [("ann", "fay", "claimed", "")]


def test_taking_the_same_events_in_again_changes_nothing(invited: Shop) -> None:
    invited.happens("fay", "referral_claimed", 1, "k1", code=CODE)
    orders(invited, "fay", 2)
    invited.happens("fay", "order_cancelled", 20, "x1", order_id="fay-2")
    invited.until(30)
    before = {name: invited.rows(name) for name in ("referral", "points_entry", "event")}
    with invited.database.write() as connection:
        again = ledger.take_in(connection, invited.settings, invited.happened, day(30), KEY)
    assert {name: invited.rows(name) for name in before} == before
    assert {new.event.id for new in again} <= {row["event_id"] for row in before["event"]}


def test_points_given_for_a_referral_end_as_it_says(invited: Shop) -> None:
    said = {
        **SETTINGS["referral"],
        "gives": {"kind": "points", "points": 500, "valid_for": "9 days"},
    }
    invited.settings = Settings.model_validate({**SETTINGS, "referral": said})
    invited.happens("fay", "referral_claimed", 1, "k1", code=CODE)
    orders(invited, "fay", 2)
    invited.until(16)
    assert invited.balance("ann", 24.9)[0] == 500
    assert invited.balance("ann", 25)[0] == 0
