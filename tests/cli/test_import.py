"""`lifecycle import`: everything good comes in once, everything bad is told, nobody enters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lifecycle.cli import import_file
from tests.cli.conftest import Call
from tests.cli.shop import write_lines

JOINS = """\
name = "Thanks"
kind = "flow"
status = "live"
topic = "offers"
[enter]
joins = "buyers"
[[step]]
name = "thanks"
template = "hello"
subject = "Thanks"
"""


def orders(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"o{number}",
            "at": f"2026-01-{number % 28 + 1:02}T10:00:00Z",
            "event": "order_placed" if number % 2 else "greeting_asked",
            "customer": f"c{number}",
            "properties": {"total": number, "greeting_id": str(number)},
        }
        for number in range(count)
    ]


def test_imported_events_count_and_let_nobody_in(any_shop: Path, call: Call) -> None:
    (any_shop / "campaigns" / "thanks.toml").write_text(JOINS)
    assert call("apply").code == 0
    file = write_lines(any_shop / "events.jsonl", orders(10))
    answered = call("import", "events", file, "--json")
    assert answered.code == 0
    assert answered.data == {"taken": 10, "rejected": 0, "skipped": 0}
    assert call("segment", "buyers", "--json").data["size"] == 5
    for number in (0, 1):
        assert call("why", f"c{number}", "--json").data["decisions"] == []


def test_with_enroll_it_lets_in(any_shop: Path, call: Call) -> None:
    (any_shop / "campaigns" / "thanks.toml").write_text(JOINS)
    call("apply")
    file = write_lines(any_shop / "events.jsonl", orders(2))
    call("import", "events", file, "--enroll")
    assert [one["reason"] for one in decisions(call, "c0")] == ["late"]
    assert [one["what"] for one in decisions(call, "c1")] == ["entered"]


POOLED = """\
name = "Codes"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "order_placed"
[[step]]
name = "give"
issue = { kind = "pool", pool = "spring" }
"""


def codes_told(call: Call) -> list[str]:
    return [one["told"] for one in call("doctor", "--json").data if one["about"] == "codes"]


def test_codes_go_into_the_pool_that_is_named_and_doctor_tells_what_is_left(
    any_shop: Path, call: Call
) -> None:
    (any_shop / "campaigns" / "codes.toml").write_text(POOLED)
    assert codes_told(call) == [
        "the pool “spring” has no codes: lifecycle import codes FILE --pool spring"
    ]
    file = any_shop / "codes.csv"
    file.write_text("code\n" + "".join(f"SPRING-{number}\n" for number in range(120)))
    assert call("import", "codes", file, "--pool", "spring").code == 0
    assert codes_told(call) == []
    file.write_text("code\nSPRING-1\nfew\n  odd  \n\n")
    for pool in ("spring", "autumn"):
        assert call("import", "codes", file, "--pool", pool, "--json").data["taken"] == 3
    flow = POOLED.replace("spring", "autumn")
    (any_shop / "campaigns" / "more.toml").write_text(flow)
    assert codes_told(call) == [
        "the pool “autumn” has 3 of 3 codes left: lifecycle import codes FILE --pool autumn"
    ]
    write_lines(any_shop / "codes.jsonl", [{"code": 7}, {"code": "x", "of": "y"}, {"code": "A"}])
    told = call("import", "codes", any_shop / "codes.jsonl", "--pool", "spring", "--json")
    assert told.code == 1 and told.data["rejected"] == 2


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("codes",), "the codes need a pool"),
        (("codes", "--pool", " "), "the codes need a pool"),
        (("events", "--pool", "spring"), "--pool goes with codes"),
    ],
)
def test_a_pool_goes_with_codes_and_codes_with_a_pool(
    shop: Path, call: Call, said: tuple[str, ...], told: str
) -> None:
    file = write_lines(shop / "lines.jsonl", [{"code": "A"}])
    answered = call("import", said[0], file, *said[1:])
    assert answered.code == 2 and told in answered.err


def decisions(call: Call, customer: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call("why", customer, "--json").data["decisions"]
    return found


def test_customers_and_consents_come_in_and_let_nobody_in(any_shop: Path, call: Call) -> None:
    (any_shop / "segments" / "german.toml").write_text(
        'name = "German"\n[match]\ncustomer = "country"\nis = "DE"\n'
    )
    flow = JOINS.replace("buyers", "german")
    (any_shop / "campaigns" / "thanks.toml").write_text(flow)
    call("apply")
    people = any_shop / "people.csv"
    people.write_text("id,email,country,agreed_to\nc1,c1@shop.example,DE,offers\nc2,,AT,\n")
    assert call("import", "customers", people).code == 0
    assert call("segment", "german", "--json").data["sample"] == ["c1"]
    assert decisions(call, "c1") == []
    said = {"customer": "c2", "topic": "offers", "agreed": True, "source": "till"}
    file = write_lines(any_shop / "consents.jsonl", [said])
    assert call("import", "consents", file, "--json").data["taken"] == 1
    known = call("customer", "show", "c2", "--json").data
    assert [(one["topic"], one["agreed"]) for one in known["consents"]] == [("offers", True)]


def test_suppressed_addresses_are_kept_as_hashes(any_shop: Path, call: Call) -> None:
    call("import", "customers", write_lines(any_shop / "c.jsonl", [person("c1")]))
    file = write_lines(any_shop / "s.jsonl", [{"email": "C1@shop.example", "reason": "asked"}])
    assert call("import", "suppressions", file).code == 0
    assert call("customer", "show", "c1", "--json").data["suppressed"] == "asked"


def person(customer_id: str) -> dict[str, Any]:
    return {"id": customer_id, "email": f"{customer_id}@shop.example", "agreed_to": ["offers"]}


def test_bad_rows_are_set_aside_with_reasons_and_stop_no_other(shop: Path, call: Call) -> None:
    good, bad = orders(1)[0], {"id": "x", "event": "order_placed"}
    file = shop / "events.jsonl"
    file.write_text(f"{json.dumps(good)}\nnonsense\n{json.dumps(bad)}\n\n")
    answered = call("import", "events", file, "--json")
    assert answered.code == 1
    assert answered.data["taken"] == 1
    rejected = [json.loads(line) for line in (shop / "events.jsonl.rejected").open()]
    assert [(one["line"], one["field"]) for one in rejected] == [(2, ""), (3, "at")]
    assert not (shop / "events.jsonl.progress").exists()
    file.write_text(json.dumps(good))
    assert call("import", "events", file).code == 0
    assert not (shop / "events.jsonl.rejected").exists()


def test_a_broken_off_import_goes_on_where_it_was(
    shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_lines(shop / "events.jsonl", orders(25))
    monkeypatch.setattr(import_file, "BATCH_LINES", 10)
    taking = import_file.Run._take
    begun: list[int] = []

    def breaks_off(run: Any, through: Any, batch: Any) -> None:
        begun.append(batch.numbers[0])
        if len(begun) == 2:
            raise KeyboardInterrupt
        taking(run, through, batch)

    monkeypatch.setattr(import_file.Run, "_take", breaks_off)
    assert call("import", "events", file).code == 130
    answered = call("import", "events", file, "--json")
    assert answered.data == {"taken": 15, "rejected": 0, "skipped": 10}
    assert begun == [1, 11, 11, 21]
    assert call("segment", "buyers", "--json").data["size"] == 12


def test_no_rule_is_asked_half_way(
    any_shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = 'name = "Few"\n[match]\ndid = "order_placed"\nexactly = 1\n'
    (any_shop / "segments" / "few.toml").write_text(rule)
    call("apply")
    monkeypatch.setattr(import_file, "BATCH_LINES", 1)
    rows = [{**one, "customer": "c1"} for one in orders(8) if one["event"] == "order_placed"]
    assert call("import", "events", write_lines(any_shop / "e.jsonl", rows)).code == 0
    told = call("segment", "few", "--json").data
    assert (told["size"], told["days"]) == (0, [])


def test_another_file_of_the_same_name_starts_afresh(shop: Path, call: Call) -> None:
    file = write_lines(shop / "events.jsonl", orders(3))
    (shop / "events.jsonl.progress").write_text('{"file": ["events", 1, "x"], "lines": 2}')
    assert call("import", "events", file, "--json").data["taken"] == 3


def test_what_cannot_be_imported_is_refused(shop: Path, call: Call) -> None:
    assert call("import", "products", shop / "settings.toml").code == 2
    assert call("import", "events", shop / "settings.toml").code == 2
    assert call("import", "events", shop / "missing.jsonl").code == 3
