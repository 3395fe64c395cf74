"""`check` and `plan` hold the definitions against what came in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lifecycle.store.database import Database
from tests.cli.conftest import Call
from tests.cli.shop import write_lines

SPENDERS = """\
name = "Spenders"
[match]
total_of = "quiz_finished.scor"
at_least = 5
[members]
include = ["c1", "nobody"]
"""


def quizzes(shop: Path, call: Call) -> None:
    """Twelve customers who finished a quiz."""
    rows: list[dict[str, Any]] = [
        {
            "id": f"q{number}",
            "at": "2026-01-01T10:00:00Z",
            "event": "quiz_finished",
            "customer": f"c{number}",
            "properties": {"score": number},
        }
        for number in range(12)
    ]
    assert call("import", "events", write_lines(shop / "e.jsonl", rows)).code == 0


def told(problems: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [
        (one["line"], one["problem"])
        for one in problems
        if one["file"] == "segments/spenders.toml" and one["line"]
    ]


UNHEARD = (3, "nothing else speaks of an event “quiz_finished”")
DOUBTS = [
    (3, "none of the 12 events “quiz_finished” has the property “scor”"),
    (6, "1 of the 2 customers named here are not known: nobody"),
]


def test_check_knows_what_the_shops_database_has_seen(shop: Path, call: Call) -> None:
    (shop / "segments" / "spenders.toml").write_text(SPENDERS)
    assert told(call("check", "--json").data) == [UNHEARD]
    quizzes(shop, call)
    answered = call("check", "--json")
    assert (answered.code, told(answered.data)) == (0, DOUBTS)
    assert "did you mean “score”?" in call("check").out


def test_check_waits_for_no_database_and_needs_none(shop: Path, call: Call) -> None:
    (shop / "segments" / "spenders.toml").write_text(SPENDERS)
    quizzes(shop, call)
    database = next(shop.glob("*.db"))
    held = Database(f"sqlite:///{database}")
    with held.write():
        assert told(call("check", "--json").data) == DOUBTS
    held.close()
    database.write_bytes(b"no database at all, and long enough to be looked at" * 99)
    for beside in ("-wal", "-shm"):
        Path(f"{database}{beside}").unlink(missing_ok=True)
    assert told(call("check", "--json").data) == [UNHEARD]
    settings = (shop / "settings.toml").read_text()
    url = '\n[database]\nurl = "env:NO_SUCH_VARIABLE"\n'
    (shop / "settings.toml").write_text(settings + url)
    assert told(call("check", "--json").data) == [UNHEARD]


def test_plan_tells_the_same_of_any_database(any_shop: Path, call: Call) -> None:
    quizzes(any_shop, call)
    (any_shop / "segments" / "spenders.toml").write_text(SPENDERS)
    assert told(call("plan", "--json").data["warnings"]) == DOUBTS
    assert "did you mean “score”?" in call("plan").out
