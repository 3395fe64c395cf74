"""The circuit breaker from the command line: told by reports, closed by hand."""

from __future__ import annotations

from pathlib import Path

from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.cli.conftest import Call
from tests.cli.shop import SETTINGS, write_lines

MESSAGE = METADATA.tables["message"]
AT = "2026-05-06T09:00:00Z"


def line(number: int, at: str, name: str, **properties: object) -> dict[str, object]:
    one = {"id": f"{name} {number}", "at": at, "event": name, "customer": f"c{number}"}
    return {**one, "properties": properties}


def bounced(shop: Path, call: Call) -> str:
    """A replay's database in which four of twelve letters bounced and one waits for that."""
    (shop / "settings.toml").write_text(SETTINGS + "\n[sending.breaker]\nat_least = 10\n")
    greeted = [line(one, AT, "greeting_asked", greeting_id=f"g{one}") for one in range(12)]
    greeted.append(line(12, "2026-05-06T11:00:00Z", "greeting_asked", greeting_id="g12"))
    told = {"kind": "hard", "campaign": "hello"}
    back = [line(one, "2026-05-06T10:00:00Z", "message_bounced", **told) for one in range(4)]
    events = write_lines(shop / "e.jsonl", [*greeted, *back])
    people = [
        {"id": f"c{one}", "email": f"c{one}@x.example", "agreed_to": ["offers"]}
        for one in range(13)
    ]
    customers = write_lines(shop / "c.jsonl", people)
    said = ("--events", events, "--customers", customers, "--until", "2026-05-06T12:00:00Z")
    assert call("replay", *said, "--keep", shop / "kept.db").code == 0
    return f"sqlite:///{shop / 'kept.db'}"


def test_the_report_tells_that_it_is_open_and_a_hand_closes_it(shop: Path, call: Call):
    url = bounced(shop, call)
    report = call("report", "deliverability", "--database", url, "--json").data
    assert report["breaker"] == {
        "until": "2026-05-07T09:00:00Z",
        "letters": 12,
        "bounced": 4,
        "complained": 0,
    }
    assert "marketing letters wait until 2026-05-07" in " ".join(report["warnings"])
    closed = call("resume", "--breaker", "--database", url)
    assert closed.code == 0
    assert "1 letters that waited" in closed.out
    again = call("report", "deliverability", "--database", url, "--json").data
    assert again["breaker"] is None
    database = Database(url)
    with database.read() as connection:
        rows = connection.execute(MESSAGE.select().where(MESSAGE.c.state == "planned")).all()
    database.close()
    assert [(row.customer_id, row.reason) for row in rows] == [("c12", "breaker")]
    assert rows[0].due_at.year > 2025


def test_why_names_what_opened_it(shop: Path, call: Call):
    told = call("why", "c12", "--database", bounced(shop, call))
    assert "of the latest 12 letters 4 bounced" in told.out


def test_resume_says_what_goes_on(shop: Path, call: Call):
    assert call("resume").code == 2
    assert call("resume", "hello", "--breaker").code == 2
