"""A backup that is put in use: nothing that went after it goes again, and nothing is forgotten."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lifecycle.cli import copying
from lifecycle.cli.keeping import Keeper, journal_of, put_in_use
from lifecycle.core.message import OutcomeKind
from lifecycle.engine.engine import Engine
from lifecycle.engine.resolve import resolve
from lifecycle.errors import EnvironmentFailed
from lifecycle.send.journal import files
from lifecycle.store import restored
from lifecycle.store.addresses import address_hash
from lifecycle.store.customers import suppress
from lifecycle.store.erase import erase
from lifecycle.store.tables import METADATA
from tests.faults.conftest import Run
from tests.faults.running import KEY, Post, Running, letters
from tests.faults.test_letters_in_doubt import told_by_ses
from tests.simulation.shop import event, flow, instant, person, shop, step

FLOW = flow('when = "a"', step("one"), step("two", 'after = "1 hour"'))
START, BACKUP, DISASTER = (f"2026-05-04T{hour}:00" for hour in ("09:00", "10:30", "11:30"))
LATER = "2026-05-20T00:00:00"


class Journaled:
    """A shop whose attempts are noted in a journal, and whose tables can be put back."""

    def __init__(self, running: Running, root: Path) -> None:
        self.running, self.root = running, root
        self.journal = journal_of(root, running.database)
        self.post: Any = running.transport

    def start(self, at: str) -> None:
        """Start as the daemon does: with its journal, and a look whether it is ahead."""
        put_in_use(self.running.database, self.root, KEY, instant(at))
        parts = replace(self.running.new_engine().parts, journal=self.journal)
        self.running.engine = Engine(parts)
        self.running.engine.start(instant(at), alone=True)

    def snapshot(self) -> dict[str, list[Any]]:
        """All rows there are."""
        return {table.name: self.running.rows(table.name) for table in METADATA.sorted_tables}

    def put_back(self, rows: dict[str, list[Any]]) -> None:
        """Make the database as it was, by other means than ours."""
        self.running.clear()
        with self.running.database.write() as connection:
            for table in METADATA.sorted_tables:
                if rows[table.name]:
                    told = [dict(row._mapping) for row in rows[table.name]]
                    connection.execute(table.insert(), told)


@pytest.fixture
def journaled(run: Run, tmp_path: Path) -> Iterator[Journaled]:
    """A shop in which six customers entered before the backup, three at 09:45, three at 10:29."""
    made = Journaled(run(shop({"f": FLOW}), Post()), tmp_path)
    made.start(START)
    running = made.running
    early, late = ("c0", "c1", "c2"), ("c3", "c4", "c5")
    running.say(*(person(name) for name in (*early, *late, "c9")), at=START)
    running.hear(*(event("2026-05-04T09:45:00", "a", name) for name in early))
    running.hear(*(event("2026-05-04T10:29:00", "a", name) for name in late))
    running.run(BACKUP)
    yield made
    made.journal.close()


def after_the_backup(made: Journaled) -> None:
    """An hour in which second letters go, and somebody new gets a first one."""
    made.running.hear(event("2026-05-04T10:40:00", "a", "c9"))
    made.running.run(DISASTER)


def test_a_database_of_an_hour_ago_sends_nothing_twice_and_forgets_nothing(
    journaled: Journaled,
) -> None:
    """Restored by means that tell us nothing: the journal is ahead of it, which a start notices."""
    backup = journaled.snapshot()
    after_the_backup(journaled)
    gone = letters(journaled.post.accepted)
    assert len(gone) == 13
    journaled.put_back(backup)
    journaled.start(DISASTER)
    running = journaled.running
    running.run(LATER)
    assert letters(journaled.post.accepted) == gone
    assert max(journaled.post.per_key().values()) == 1
    assert running.states() == {"accepted": 6, "uncertain": 6}
    # The shop imports what came meanwhile: the letter that had gone does not go again.
    running.hear(event("2026-05-04T10:40:00", "a", "c9", received_at=LATER))
    running.run("2026-05-25T00:00:00")
    assert letters(journaled.post.accepted) == gone


def test_once_the_journal_is_said_to_be_whole_what_it_does_not_know_goes(
    journaled: Journaled,
) -> None:
    """One letter fell due while the transport refused all: the journal tells of no attempt."""
    backup = journaled.snapshot()
    running = journaled.running
    running.run("2026-05-04T10:50:00")
    noted = {one.message_id for one in journaled.post.accepted}
    journaled.put_back(backup)
    journaled.start(DISASTER)
    running.run("2026-05-04T11:40:00")
    assert running.states() == {"accepted": 6, "uncertain": 6}
    with running.database.write() as connection:
        let_go = restored.confirm(connection, instant("2026-05-04T11:40:00"))
    assert {row.message_id for row in let_go} == {
        row.message_id for row in running.rows("message") if row.message_id not in noted
    }
    running.run(LATER)
    assert max(journaled.post.per_key().values()) == 1
    assert len(journaled.post.accepted) == 12
    states = {row.message_id: row.state for row in running.rows("message")}
    assert [states[one] for one in sorted(noted)].count("uncertain") == 3
    assert {row.state for row in running.rows("enrollment")} == {"finished"}


def test_what_fell_due_meanwhile_is_in_doubt_though_its_note_is_lost(journaled: Journaled) -> None:
    running, post = journaled.running, journaled.post
    running.hear(event("2026-05-04T10:30:00", "a", "c9"))
    post.script = [OutcomeKind.DAY_QUOTA]
    running.run("2026-05-04T10:31:00")
    (waiting,) = (one.message_id for one in running.rows("message") if one.state == "requeued")
    backup = journaled.snapshot()
    running.run(DISASTER)
    assert post.per_key()[waiting] == 1
    for path in files(journaled.journal.folder):
        kept = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in kept if f" {waiting} 2 " not in line))
    journaled.put_back(backup)
    journaled.start(DISASTER)
    running.run(LATER)
    assert post.per_key()[waiting] == 1
    assert {row.message_id: row.state for row in running.rows("message")}[waiting] == "uncertain"


def test_a_later_attempt_than_the_backup_knows_of_puts_a_message_in_doubt_once_more(
    journaled: Journaled,
) -> None:
    """In doubt in the backup, settled by hand and sent after it: not once more for the asking."""
    running, post = journaled.running, journaled.post
    running.hear(event("2026-05-04T10:35:00", "a", "c9"))
    post.script = [OutcomeKind.UNCERTAIN]
    running.run("2026-05-04T10:36:00")
    (doubtful,) = (one.message_id for one in running.rows("message") if one.state == "uncertain")
    backup = journaled.snapshot()

    def settle(at: str) -> None:
        with running.database.write() as connection:
            resolve(connection, doubtful, "not-sent", instant(at))
        running.run(at)

    settle("2026-05-04T10:40:00")
    sent = post.per_key()[doubtful]
    journaled.put_back(backup)
    journaled.start(DISASTER)
    settle("2026-05-04T11:31:00")
    assert post.per_key()[doubtful] == sent
    settle("2026-05-04T11:32:00")
    assert post.per_key()[doubtful] == sent + 1


def test_feedback_settles_what_a_restored_database_does_not_know(journaled: Journaled) -> None:
    backup = journaled.snapshot()
    after_the_backup(journaled)
    journaled.put_back(backup)
    journaled.start(DISASTER)
    running = journaled.running
    for letter in journaled.post.accepted:
        told_by_ses(running, letter, "Delivery", instant("2026-05-04T11:31:00"))
    running.engine.tick(instant("2026-05-04T11:31:00"))
    running.run(LATER)
    assert running.states() == {"accepted": 12}
    assert max(journaled.post.per_key().values()) == 1


def test_a_database_that_is_not_behind_its_journal_goes_on(journaled: Journaled) -> None:
    after_the_backup(journaled)
    assert put_in_use(journaled.running.database, journaled.root, KEY, instant(DISASTER)) is None
    journaled.start(DISASTER)
    journaled.running.run(LATER)
    assert journaled.running.states() == {"accepted": 14}


def test_a_new_database_beside_an_old_journal_is_no_restored_one(journaled: Journaled) -> None:
    journaled.running.clear()
    assert put_in_use(journaled.running.database, journaled.root, KEY, instant(DISASTER)) is None


def test_what_was_suppressed_withdrawn_and_erased_stays_so(journaled: Journaled) -> None:
    backup = journaled.snapshot()
    running = journaled.running
    now = instant("2026-05-04T10:45:00")
    running.hear(event("2026-05-04T10:44:00", "consent_withdrawn", "c4", topic="offers"))
    with running.database.write() as connection:
        suppress(connection, [("c3@x.example", "complained", now)], now=now, address_key=KEY)
        done = erase(connection, "c5", now, KEY)
    running.run("2026-05-04T10:45:00")
    assert done is not None
    Keeper(running.database, journaled.journal, KEY).look(now)
    journaled.put_back(backup)
    put = put_in_use(running.database, journaled.root, KEY, instant(DISASTER), asked=True)
    assert put is not None
    assert put.done_again == {"suppressed": 1, "withdrawn": 1, "erased": 1}
    hashes = {row.address_hash for row in running.rows("suppression")}
    assert hashes == {address_hash("c3@x.example", KEY)}
    agreed = {row.customer_id: row.agreed for row in running.rows("consent")}
    assert (agreed["c3"], agreed["c4"]) == (True, False)
    customers = {row.customer_id for row in running.rows("customer")}
    assert "c5" not in customers
    assert done.pseudonym in customers
    names = [path.read_text() for path in journaled.journal.folder.iterdir()]
    assert not any("c5" in one.split() or "@" in one for one in names)


def test_no_letter_leaves_without_its_note(run: Run, tmp_path: Path) -> None:
    made = Journaled(run(shop({"f": flow('when = "a"')}), Post()), tmp_path)
    made.start(START)
    running = made.running
    running.say(person("c0"), at=START)
    running.hear(event("2026-05-04T10:00:00", "a", "c0"))
    made.journal.folder.parent.mkdir(parents=True)
    made.journal.folder.write_text("a file where the folder should be")
    running.run("2026-05-04T10:00:00")
    assert (running.states(), made.post.accepted) == ({"requeued": 1}, [])
    (attempt,) = running.rows("attempt")
    assert attempt.outcome == OutcomeKind.NEVER_LEFT
    made.journal.folder.unlink()
    running.run("2026-05-04T10:05:00")
    assert running.states() == {"accepted": 1}


def test_a_copy_is_made_beside_a_writer_and_comes_back(tmp_path: Path, sqlite_url: str) -> None:
    running = Running(sqlite_url, shop({"f": FLOW}), Post())
    running.start(START)
    running.say(person("c0"), at=START)
    file, copy = tmp_path / "shop.db", tmp_path / "copy.db"
    with running.database.write():
        copying.copy(file, copy, instant(BACKUP))
    running.say(person("c1"), at=BACKUP)
    with pytest.raises(EnvironmentFailed, match="there is a file already"):
        copying.copy(file, copy, instant(BACKUP))
    running.close()
    shutil.copy(copy, tmp_path / "again.db")
    aside = copying.put_aside(file, instant(DISASTER))
    copying.put_in_place(copy, file)
    again = Running(sqlite_url, shop({"f": FLOW}), Post())
    assert [row.customer_id for row in again.rows("customer")] == ["c0"]
    assert aside is not None
    assert aside.is_file()
    assert copy.exists() is False
    # Whoever copies a backup into place by hand is found out by what stands in it.
    put = put_in_use(again.database, tmp_path, KEY, instant(DISASTER))
    assert put is not None
    assert put.backed_up_at == instant(BACKUP)
    assert put_in_use(again.database, tmp_path, KEY, instant(LATER)) is None
    again.close()


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(EnvironmentFailed, match="this is no backup"):
        copying.check(tmp_path / "no.db")
