"""What a campaign was worth and what all marketing brings, asked of what a replay left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecycle.store.counted_hits import Hit, count
from lifecycle.store.database import Database
from tests.cli.conftest import Call
from tests.cli.shop import HELLO, SETTINGS, make_shop, write_lines

PEOPLE = 80
BUYERS = 40
SECOND = HELLO.replace('name = "Hello"', 'name = "Second"').replace(
    'name = "hello"\n', 'name = "later"\nafter = "1 day"\n'
)
HOLDOUT = "\n[holdout]\npercent = 30\n"
Line = dict[str, Any]


def happened(who: str, name: str, at: str, **said: Any) -> Line:
    at = f"2026-03-{at}:00Z"
    return {
        "id": f"{who} {name} {at}",
        "at": at,
        "event": name,
        "customer": who,
        "properties": said,
    }


def lines(names: list[str]) -> list[Line]:
    found = [happened(who, "greeting_asked", "02T10:00", greeting_id=who) for who in names]
    for who in names[:BUYERS]:
        found.append(happened(who, "order_placed", "03T12:00", order_id=who, total=50))
        found.append(happened(who, "order_placed", "04T12:00", order_id=who, total=50))
        click = {"campaign": "hello", "step": "hello"}
        found.append(happened(who, "message_clicked", "02T11:00", **click))
        found.append(happened(who, "message_clicked", "03T13:00", **click))
    for who in names[BUYERS:60]:
        machine = {"campaign": "hello", "step": "hello", "machine": True}
        found.append(happened(who, "message_clicked", "02T11:00", **machine))
    for who in names[:5]:
        found.append(happened(who, "order_refunded", "19T12:00", order_id=who, amount=20))
    return [*found, found[0], happened(names[0], "order_cancelled", "20T12:00", order_id=names[0])]


@pytest.fixture
def replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> str:
    """Two flows write to the same people, the second a day later; both hold out some."""
    files = {
        "settings.toml": SETTINGS.replace("[sending]\n", "[sending]\nglobal_holdout_percent = 10\n")
    }
    shop = make_shop(tmp_path / "shop")
    (shop / "settings.toml").write_text(files["settings.toml"])
    (shop / "campaigns" / "hello.toml").write_text(HELLO + HOLDOUT)
    (shop / "campaigns" / "second.toml").write_text(SECOND + HOLDOUT)
    monkeypatch.chdir(shop)
    names = [f"c{number:02}" for number in range(PEOPLE)]
    people = [{"id": who, "email": f"{who}@shop.example", "agreed_to": ["offers"]} for who in names]
    told = ("--events", write_lines(shop / "e.jsonl", lines(names)))
    known = ("--customers", write_lines(shop / "c.jsonl", people))
    until = ("--until", "2026-04-02T00:00:00Z", "--keep", "kept.db")
    assert call("replay", *told, *known, *until).code == 0
    return "sqlite:///kept.db"


def report(call: Call, replayed: str, *what: str) -> Any:
    answered = call("--database", replayed, "report", *what, "--json")
    assert answered.code == 0, answered.err
    return answered.data


def test_each_order_is_credited_once_over_both_campaigns(call: Call, replayed: str) -> None:
    first, second = (report(call, replayed, "campaign", name) for name in ("hello", "second"))
    click, touch = ([one["worth"][way] for one in (first, second)] for way in ("click", "touch"))
    for way in (click, touch):
        assert sum(one["orders"] for one in way) <= BUYERS
    assert click[1]["orders"] == 0, "nobody clicked in the second one"
    assert touch[1]["orders"] > touch[0]["orders"] > 0, "it was the last one, where it went"
    for one in (*click, *touch):
        worth = float(one["revenue"]) + float(one["refunded"])
        assert worth == 50 * (one["orders"] + one["undone"])
    assert sum(float(one["refunded"]) for one in touch) <= 50 + 4 * 20
    (letters,) = first["letters"]
    assert letters["click"] == first["worth"]["click"]
    assert letters["clicked_by_machines"] > 0
    assert letters["clicked"]["met"] == letters["goals"]["met"]


def test_the_holdout_tells_both_sides_of_each_campaign(call: Call, replayed: str) -> None:
    found = report(call, replayed, "campaign", "hello")
    measured = found["measured"]
    sides = measured["entered"], measured["held_out"]
    assert sides[0]["of"] + sides[1]["of"] + everywhere(call, replayed) == PEOPLE
    assert measured["lift"]["low"] < measured["lift"]["difference"] < measured["lift"]["high"]
    brought = measured["revenue_entered"], measured["revenue_held_out"]
    assert [float(one) % 10 for one in brought] == [0, 0]
    assert found["worth"]["incremental"]["customers"] == sides[0]["of"]
    assert measured["within"] == "5 days" and not measured["ratio"]["alarm"]
    plain = call("--database", replayed, "report", "campaign", "hello").out
    for line in measured["told"]:
        assert line in plain
    for figure in ("click", "touch"):
        assert f"{float(found['worth'][figure]['revenue']):,.2f} EUR in" in plain
    assert "Above those held out: about" in plain


def everywhere(call: Call, replayed: str) -> int:
    found = report(call, replayed, "holdout")
    return int(found["held_out"]["of"])


def test_all_marketing_is_told_by_the_holdout_of_the_shop(call: Call, replayed: str) -> None:
    found = report(call, replayed, "holdout")
    assert found["entered"]["of"] + found["held_out"]["of"] == PEOPLE
    assert found["held_out"]["of"] > 0
    assert found["entered"]["met"] + found["held_out"]["met"] == BUYERS
    assert found["percent"] == 10 and found["in_force_since"] is None
    plain = call("--database", replayed, "report", "holdout").out
    assert found["told"][0] in plain and "10 % are held out of all marketing" in plain
    short = report(call, replayed, "holdout", "--days", "10")
    assert short["entered"]["met"] == 0 and short["revenue"] is None


def test_hits_without_a_name_are_told_below_the_letters(call: Call, replayed: str) -> None:
    plain = call("--database", replayed, "report", "campaign", "hello").out
    assert "without a name" not in plain
    (one, *_) = report(call, replayed, "campaign", "hello")["letters"]
    database = Database(replayed)
    of = ("hello", one["step"], one["variant"])
    with database.write() as connection:
        hits = {Hit(*of, "click", False, f"2026-05-0{day}"): 600 * day for day in (1, 2)}
        count(connection, hits | {Hit(*of, "open", True, "2026-05-01"): 5})
        count(connection, {Hit(*of, "click", False, "2026-05-01"): 1})
    database.close()
    plain = call("--database", replayed, "report", "campaign", "hello").out
    assert f"{one['step']} {one['variant']}".strip() + ": 1,801 clicks, 0 opens" in plain
    (told, *_) = report(call, replayed, "campaign", "hello")["letters"]
    assert (told["clicked_unnamed"], told["opened_unnamed"]) == (1801, 0)
    assert told["clicked"] == one["clicked"]


def test_the_keys_stay_what_they_are(call: Call, replayed: str) -> None:
    found = report(call, replayed, "campaign", "hello")
    assert (
        list(found)
        == (
            "campaign name status currency letters decisions dropped measured occasions ordered "
            "worth"
        ).split()
    )
    assert (
        list(found["letters"][0])
        == (
            "step variant sent delivered opened clicked bounced complained unsubscribed goals "
            "revenue opened_by_machines clicked_by_machines click touch dropped "
            "other_currencies opened_unnamed clicked_unnamed"
        ).split()
    )
    assert (
        list(found["measured"])
        == (
            "entered held_out lift revenue revenue_entered revenue_held_out capped_at within "
            "within_seconds too_young_entered too_young_held_out ratio crossed series told"
        ).split()
    )
    assert (
        list(found["measured"]["lift"])
        == ("let_in held_out difference low high proven needed narrower").split()
    )
    assert (
        list(found["worth"])
        == ("currency click click_within touch touch_within incremental told").split()
    )
    assert (
        list(found["worth"]["click"]) == "orders revenue refunded undone other_currencies".split()
    )


def test_without_a_holdout_it_is_said_that_nothing_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    shop = make_shop(tmp_path / "shop")
    monkeypatch.chdir(shop)
    told = ("--events", write_lines(shop / "e.jsonl", lines(["c1"] * 30)))
    assert call("replay", *told, "--until", "2026-04-02", "--keep", "kept.db").code == 0
    found = report(call, "sqlite:///kept.db", "campaign", "hello")
    assert found["measured"] is None
    assert found["worth"]["incremental"]["reason"].startswith("no holdout")
    assert report(call, "sqlite:///kept.db", "holdout") is None
    assert (
        "global_holdout_percent" in call("--database", "sqlite:///kept.db", "report", "holdout").out
    )


def test_orders_in_other_currencies_are_told_beside_the_shops(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_shop(tmp_path / "shop"))
    person = {"id": "a", "email": "a@shop.example", "agreed_to": ["offers"]}
    told = [happened("a", "greeting_asked", "02T10:00", greeting_id="a")]
    for at, total, currency in (("03T12:00", 50, "EUR"), ("03T13:00", 9_000, "JPY")):
        told.append(happened("a", "order_placed", at, total=total, currency=currency))
    two = "".join(f'[[step.variant]]\nname = "{v}"\nsubject = "{v}"\n' for v in "ab")
    Path("campaigns/hello.toml").write_text(f'{HELLO}{two}[step.winner]\nby = "revenue"\n')
    lines_, people = write_lines(Path("e.jsonl"), told), write_lines(Path("c.jsonl"), [person])
    asked = ("--events", lines_, "--customers", people, "--until", "2026-04-02T00:00:00Z")
    assert call("replay", *asked, "--keep", "kept.db").code == 0
    (letters,) = report(call, "sqlite:///kept.db", "campaign", "hello")["letters"]
    assert (letters["revenue"], letters["goals"]["met"]) == ("50.00", 1)
    assert letters["other_currencies"] == {"JPY": {"orders": 1, "revenue": "9000.00"}}
    plain = call("--database", "sqlite:///kept.db", "report", "campaign", "hello").out
    assert "50.00 EUR, and 9,000 JPY" in " ".join(plain.split())
    tested = call("--database", "sqlite:///kept.db", "report", "experiment", "hello")
    assert "50.00 EUR, and 9,000 JPY" in " ".join(tested.out.split())
    assert "adds up amounts as they are, JPY too." in " ".join(tested.out.split())


WEEKLY = """\
name     = "Weekly"
kind     = "broadcast"
status   = "live"
topic    = "offers"
every    = "week on monday at 10:00"
template = "hello"
[audience]
everyone = true
[[variant]]
name    = "a"
subject = "A"
[[variant]]
name    = "b"
subject = "B"
"""


def test_a_test_of_which_no_occurrence_has_begun_is_not_called_none(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_shop(tmp_path / "shop"))
    Path("campaigns/weekly.toml").write_text(WEEKLY)
    nobody = write_lines(Path("e.jsonl"), [happened("a", "looked_in", "02T10:00")])
    asked = ("--events", nobody, "--until", "2026-03-02T09:00:00Z", "--keep", "kept.db")
    assert call("replay", *asked).code == 0
    of = ("--database", "sqlite:///kept.db", "report", "experiment")
    drawn = call(*of, "weekly", "--picture", "it.svg")
    said = "No occurrence of “weekly” has begun, so that nothing is tested yet."
    assert drawn.out.split("\n") == [said, ""]
    assert said in Path("it.svg").read_text("utf-8")
    assert "No step of “hello” has variants" in call(*of, "hello").out
