"""Winners: proven only when they are, the same for everybody after, and never by a machine."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.experiment import Earned, Score, always_valid_p, leading
from tests.simulation.shop import broadcast, event, flow, person, play, shop, step

VARIANTS = """
[[{0}variant]]
name = "a"
subject = "A"
[[{0}variant]]
name = "b"
subject = "B"
[{0}winner]
by = "click_rate"
at_least = {1}
"""


@pytest.mark.parametrize(
    ("one", "other", "proven"),
    [
        ((1_000, 100), (1_000, 10), True),
        ((1_000, 51), (1_000, 50), False),
        ((20, 20), (20, 0), False),
        ((100_000, 5_000), (100_000, 4_500), True),
    ],
)
def test_a_lead_is_proven_only_when_it_is_large_enough(
    one: tuple[int, int], other: tuple[int, int], proven: bool
) -> None:
    found = leading([Score("a", *one), Score("b", *other)], 95, 100)
    assert found is not None
    assert (found.variant, found.proven) == ("a", proven)


def test_equal_variants_have_no_leader() -> None:
    assert leading([Score("a", 500, 50), Score("b", 500, 50)], 95, 100) is None
    assert leading([Score("a", 0, 0), Score("b", 0, 0)], 95, 100) is None


def test_looking_after_every_letter_proves_a_false_winner_no_more_often_than_said() -> None:
    """Equal variants, looked at two hundred times each: at 90 % at most one in ten is fooled."""
    dice, fooled, tries = random.Random(7), 0, 120
    for _ in range(tries):
        sent, met = [0, 0], [0, 0]
        for _ in range(200):
            for place in (0, 1):
                sent[place] += 25
                met[place] += sum(dice.random() < 0.1 for _ in range(25))
            scores = Score("a", sent[0], met[0]), Score("b", sent[1], met[1])
            if always_valid_p(*scores) <= 0.1:
                fooled += 1
                break
    assert fooled <= tries * 0.1


def clicks(day: str, customers: list[str], campaign: str, name: str, **more: Any) -> list[Any]:
    return [
        event(f"2026-05-{day}", "message_clicked", who, campaign=campaign, step=name, **more)
        for who in customers
    ]


def variants(
    folder: Path, text: str, lines: list[Any], people: list[Any]
) -> dict[str, dict[str, str]]:
    """The variant that each customer was sent, by day."""
    found: dict[str, dict[str, str]] = {}
    for row in play(folder, shop({"f": text}), lines, "2026-05-20T00:00:00Z", people).decisions:
        if row["what"] == "sent":
            found.setdefault(row["at"][8:10], {})[row["customer"]] = row["variant"]
    return found


AT_ONCE = '[50, "0 days"]'
"""Letters a variant, and no week to wait for: the clicks of three days decide."""


def test_after_the_nightly_verdict_everybody_new_gets_the_winner(tmp_path: Path) -> None:
    text = flow('when = "a"', step(more=VARIANTS.format("step.", AT_ONCE)))
    early, late = [f"c{n}" for n in range(400)], [f"d{n}" for n in range(60)]
    people = [person(one) for one in early + late]
    lines = [event("2026-05-04T10:00:00", "a", one) for one in early]
    first = variants(tmp_path, text, lines, people)["04"]
    fans = [one for one in early if first[one] == "b"][:100]
    lines += clicks("04T12:00:00", fans, "f", "hello")
    lines += [event("2026-05-05T10:00:00", "a", one) for one in late[:30]]
    lines += [event("2026-05-08T10:00:00", "a", one) for one in late[30:]]
    found = variants(tmp_path, text, lines, people)
    assert found["04"] == first
    assert set(found["05"].values()) == {"a", "b"}, "letters have three days to be clicked in"
    assert set(found["08"].values()) == {"b"}


def test_clicks_of_machines_prove_nothing(tmp_path: Path) -> None:
    text = flow('when = "a"', step(more=VARIANTS.format("step.", AT_ONCE)))
    early, late = [f"c{n}" for n in range(300)], [f"d{n}" for n in range(60)]
    people = [person(one) for one in early + late]
    lines = [event("2026-05-04T10:00:00", "a", one) for one in early]
    first = variants(tmp_path, text, lines, people)["04"]
    fans = [one for one in early if first[one] == "b"][:100]
    lines += clicks("04T12:00:00", fans, "f", "hello", machine=True)
    lines += [event("2026-05-08T10:00:00", "a", one) for one in late]
    assert set(variants(tmp_path, text, lines, people)["08"].values()) == {"a", "b"}


def test_opened_and_clicked_in_rules_are_human_ones(tmp_path: Path) -> None:
    from tests.simulation.shop import segment

    segments = {"reads": segment('{ did = ["message_clicked", "message_opened"] }')}
    lines = [
        event("2026-05-04T10:00:00", "a"),
        event("2026-05-04T11:00:00", "message_opened", campaign="f", step="hello", machine=True),
        event("2026-05-04T12:00:00", "message_clicked", campaign="f", step="hello", machine=True),
        event("2026-05-04T13:00:00", "message_clicked", campaign="f", step="hello"),
    ]
    played = play(tmp_path, shop({"f": flow('when = "a"')}, segments), lines)
    assert played.turns() == ["05-04 13:00 joined reads"]


def test_a_broadcast_tests_a_share_and_sends_the_rest_the_winner(tmp_path: Path) -> None:
    more = VARIANTS.format("", 10) + 'test_percent = 30\ndecide_after = "4 hours"'
    files = {"b": broadcast("2026-05-04T09:00:00Z", more=more)}
    names = [f"c{n}" for n in range(300)]
    people = [person(one) for one in names]
    start = [event("2026-05-01T00:00:00", "x", names[0])]
    rows = play(tmp_path, shop(files), start, people=people).decisions
    tested = {r["customer"]: r["variant"] for r in rows if r["what"] == "sent" and "T09" in r["at"]}
    assert 60 < len(tested) < 120
    fans = [one for one, variant in tested.items() if variant == "b"]
    lines = start + clicks("04T10:00:00", fans, "b", "letter")
    rows = play(tmp_path, shop(files), lines, people=people).decisions
    rest = {r["customer"]: r["variant"] for r in rows if r["what"] == "sent" and "T13" in r["at"]}
    assert set(rest) == set(names) - set(tested)
    assert set(rest.values()) == {"b"}


def earned(variant: str, amounts: list[float]) -> Earned:
    worth = [one for one in amounts if one]
    return Earned(variant, len(amounts), len(worth), sum(amounts), sum(a * a for a in amounts))


@pytest.mark.parametrize(
    ("one", "other", "proven"),
    [
        ([40.0] * 100 + [0.0] * 900, [40.0] * 20 + [0.0] * 980, True),
        ([40.0] * 100 + [0.0] * 900, [38.0] * 100 + [0.0] * 900, False),
        ([400.0] * 9 + [0.0] * 991, [40.0] * 9 + [0.0] * 991, False),
        ([5_000.0] + [40.0] * 30 + [0.0] * 969, [40.0] * 30 + [0.0] * 970, False),
    ],
)
def test_a_lead_in_revenue_is_proven_by_means_and_their_scatter(
    one: list[float], other: list[float], proven: bool
) -> None:
    found = leading([earned("a", one), earned("b", other)], 95, 100)
    assert found is not None
    assert (found.variant, found.proven) == ("a", proven)


def test_looking_at_revenue_after_every_letter_fools_no_more_often_than_said() -> None:
    """Equal variants: one letter in ten sells, amounts scatter widely; at 90 %."""
    dice, fooled, tries = random.Random(11), 0, 60
    for _ in range(tries):
        sides: tuple[list[float], list[float]] = ([], [])
        for _ in range(60):
            for side in sides:
                sold = (dice.random() < 0.1 for _ in range(40))
                side += [dice.expovariate(1 / 50) if one else 0.0 for one in sold]
            if always_valid_p(earned("a", sides[0]), earned("b", sides[1])) <= 0.1:
                fooled += 1
                break
    assert fooled <= tries * 0.1


def test_revenue_chooses_the_variant_whose_letters_bring_more(tmp_path: Path) -> None:
    """b sells less often, and far more each; what comes after the goal's time does not count."""
    more = VARIANTS.format("", 10).replace("click_rate", "revenue")
    more += 'test_percent = 40\ndecide_after = "6 hours"\n'
    more += '[goal]\nwhen = "order_*"\nwithin = "4 hours"\nvalue = "sum.total"\n'
    files = {"b": broadcast("2026-05-04T09:00:00Z", more=more)}
    names = [f"c{n}" for n in range(300)]
    people = [person(one) for one in names]
    start = [event("2026-05-01T00:00:00", "x", names[0])]
    rows = play(tmp_path, shop(files), start, people=people).decisions
    tested = {r["customer"]: r["variant"] for r in rows if r["what"] == "sent" and "T09" in r["at"]}
    sides = {name: [who for who in tested if tested[who] == name] for name in "ab"}
    bought = [("a", 20, 10, "10"), ("b", 12, 90, "10"), ("a", 40, 500, "14")]
    lines = start + [
        event(f"2026-05-04T{hour}:00:00", "order_placed", who, sum={"total": worth})
        for name, count, worth, hour in bought
        for who in sides[name][:count]
    ]
    rows = play(tmp_path, shop(files), lines, people=people).decisions
    rest = {r["variant"] for r in rows if r["what"] == "sent" and "T15" in r["at"]}
    assert rest == {"b"}
