"""What leads the daemon to a failpoint: each deed is done, and done again after a crash."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from faults.events import customer
from faults.judge import Verdict
from faults.place import Place
from lifecycle.cli.place import read_settings, shop_keys
from lifecycle.clock import SystemClock
from lifecycle.core.words import rfc3339
from lifecycle.errors import LifecycleError
from lifecycle.render.links import Signer

ERASED_FROM = 400
"""The customers from this number on get no orders: they are erased, imported and told of."""
LATER = 1.5
"""Seconds from now at which a broadcast goes out."""
LOCKED_SECONDS = 6.0
DIED = "the daemon ended while it was asked"
REFUSED_SECONDS = 6.0
PEOPLE = 40
LOCKING = "LOCK TABLE intake, event, consent, suppression IN ACCESS EXCLUSIVE MODE"
"""It may run into a deadlock with the daemon, which locks them one by one: then once more."""
NOBODY = 100_000
"""So many orders nobody has: all buyers leave the segment, and come back with the next change."""
LINKS = 6


class Deeds:
    """All deeds of one shop. Each is called until it went through; `done` counts those that did."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.number = 0
        self.erased: list[str] = []
        self.unsubscribed: list[str] = []
        self.clicked: list[str] = []
        self.noted: list[str] = []
        self.imported = 0
        self.applied = 0
        self.broadcasts: list[str] = []
        self.failed: list[str] = []
        """What the daemon refused though it ran."""
        self._again: list[Callable[[], object]] = []

    def do(self, name: str) -> None:
        """Do a deed. It may end with the daemon; then it is kept, to be done again."""
        self.number += 1
        deed = self._deed(name, self.number)
        try:
            deed()
        except _Unanswered:
            self._again.append(deed)
        except LifecycleError as error:
            # It may run again by now, after it died while it was asked.
            if self.place.daemon.runs and DIED not in str(error):
                self.failed.append(str(error))
            self._again.append(deed)

    def ready(self) -> None:
        """Have what deeds need: letters that have gone, and facts old enough to be forgotten."""
        file = self.place.root / "old.jsonl"
        line = {"event": "looked", "at": "2020-01-01T00:00:00Z"}
        lines = [
            json.dumps({**line, "id": f"old{one}", "customer": customer(one)})
            for one in range(PEOPLE)
        ]
        file.write_text("\n".join(lines) + "\n", "utf-8")
        self.place.command("import", "events", str(file))
        self._sent("receipt")
        self._sent("welcome", 4)

    def have_due(self, task: str) -> None:
        """Have a nightly task due at once."""
        due = int(SystemClock().now().timestamp() * 1_000_000)
        self.place.ground.change(
            "UPDATE task SET due_at = :due WHERE name = :task", due=due, task=task
        )

    def upgrade(self, armed: str) -> bool:
        """Kill an upgrade of an empty database at a point; whether it died there and was done."""
        fresh = self.place.another()
        died = fresh.tried("upgrade", "--yes", armed=f"{armed}=kill").returncode
        empty = fresh.ground.rows(fresh.tables())
        fresh.command("upgrade", "--yes")
        whole = fresh.ground.whole() and fresh.ground.rows(fresh.tables())
        return died == -signal.SIGKILL and not empty and bool(whole)

    def finish(self) -> None:
        """Do again what was cut off, now that the daemon runs undisturbed."""
        waiting, self._again = self._again, []
        for deed in waiting:
            try:
                deed()
            except (LifecycleError, _Unanswered) as error:
                self.failed.append(str(error))

    def _deed(self, name: str, number: int) -> Callable[[], object]:
        deeds: dict[str, Callable[[int], Callable[[], object]]] = {
            "click": self._click,
            "unsubscribe": self._unsubscribe,
            "spool": self._spool,
            "customer": self._customer,
            "erase": self._erase,
            "note": self._note,
            "import": self._import,
            "apply": self._apply,
            "broadcast": self._broadcast,
            "resend": self._resend,
        }
        return deeds[name](number) if name in deeds else lambda: None

    def judge(self, found: Verdict) -> None:
        """Look at what each deed must have come to."""
        found.wrong += [f"a deed was refused: {one}" for one in self.failed]
        ground = self.place.ground
        for one in self.erased:
            for table in ("customer", "event", "message", "enrollment", "consent"):
                count = ground.value(
                    f"SELECT count(*) FROM {table} WHERE customer_id = :one", one=one
                )
                if count:
                    found.wrong.append(f"{one} was erased and is still in {table}")
        for message, name in [
            *((one, "message_clicked") for one in self.clicked),
            *((one, "message_unsubscribed") for one in self.unsubscribed),
        ]:
            rows = ground.rows(
                "SELECT 1 FROM event e JOIN message m ON m.customer_id = e.customer_id "
                "WHERE m.message_id = :message AND e.name = :name",
                message=message,
                name=name,
            )
            if not rows:
                found.wrong.append(f"answered and not there: {name} of {message}")
        there = ground.value(
            "SELECT count(*) FROM customer WHERE customer_id LIKE 'i%~_%' ESCAPE '~'"
        )
        if there != self.imported:
            found.wrong.append(f"{self.imported} customers were imported and {there} are there")
        for name in self.broadcasts:
            rows = ground.rows(
                "SELECT customer_id FROM message WHERE campaign = :name GROUP BY customer_id "
                "HAVING count(*) > 1",
                name=name,
            )
            if rows:
                found.wrong.append(f"{name} has two letters for {rows[:3]}")
        notes = ground.rows("SELECT state, problem FROM errand")
        if len(notes) < len(self.noted):
            found.wrong.append(f"{len(self.noted)} notes were asked for, {len(notes)} are there")

    def _click(self, number: int) -> Callable[[], object]:
        message = self._sent("receipt")
        token = f"{self._signer().token('click', message)}.{self._link(message)}"

        def deed() -> None:
            self._ask("GET", f"/c/{token}", b"", 302)
            self.clicked.append(message)

        return deed

    def _unsubscribe(self, number: int) -> Callable[[], object]:
        message = self._sent("welcome", len(self.unsubscribed))
        token = self._signer().token("unsubscribe", message)

        def deed() -> None:
            self._ask("POST", f"/u/{token}", b"List-Unsubscribe=One-Click", 200)
            self.unsubscribed.append(message)

        return deed

    def _spool(self, number: int) -> Callable[[], object]:
        choose = self._unsubscribe(number)

        def deed() -> None:
            with locked(self.place, LOCKED_SECONDS):
                choose()
            time.sleep(1)

        return deed

    def _customer(self, number: int) -> Callable[[], object]:
        one = customer(ERASED_FROM + number % 50)
        said = json.dumps({"attributes": {"number": number}}).encode()
        return lambda: self._ask("PUT", f"/v1/customers/{one}", said, 200)

    def _erase(self, number: int) -> Callable[[], object]:
        one = customer(ERASED_FROM + 50 + len(self.erased))
        self.erased.append(one)
        # A second time there is nobody any more: the first one was committed.
        return lambda: self._ask("DELETE", f"/v1/customers/{one}", b"", 204, 404)

    def _note(self, number: int) -> Callable[[], object]:
        ticket = f"t{number}"
        said = {"id": ticket, "event": "complained", "customer": customer(number)}
        body = json.dumps([{**said, "properties": {"ticket": ticket}}]).encode()

        def deed() -> None:
            self._ask("POST", "/v1/events", body, 202)
            self.noted.append(ticket)

        return deed

    def _import(self, number: int) -> Callable[[], object]:
        file = self.place.root / f"import_{number}.jsonl"
        lines = [
            json.dumps({"id": f"i{number}_{one}", "email": f"i{number}_{one}@shop.example"})
            for one in range(PEOPLE)
        ]
        file.write_text("\n".join(lines) + "\n", "utf-8")
        self.imported += PEOPLE
        return lambda: self.place.command("import", "customers", str(file))

    def _apply(self, number: int) -> Callable[[], object]:
        self.applied += 1
        least = NOBODY if self.applied % 2 else 1
        told = f'name = "Buyers"\n\n[match]\ndid = "order_placed"\nat_least = {least}\n'
        (self.place.root / "segments" / "buyers.toml").write_text(told, "utf-8")
        return lambda: self.place.command("apply")

    def _broadcast(self, number: int) -> Callable[[], object]:
        name = f"news_{number}"
        at = rfc3339(SystemClock().now() + timedelta(seconds=LATER))
        (self.place.root / "campaigns" / f"{name}.toml").write_text(
            f'name = "News"\nkind = "broadcast"\nstatus = "live"\ntopic = "offers"\nat = {at}\n'
            'subject = "News"\ntext = "[Read](https://shop.example/news)."\n'
            f'\n[sending]\nquiet_hours = "off"\n\n[audience]\neveryone = true\n',
            "utf-8",
        )
        self.broadcasts.append(name)
        return lambda: self.place.command("apply")

    def _resend(self, number: int) -> Callable[[], object]:
        """Have letters refused with an error of the server, which leaves their fate unknown."""

        def deed() -> None:
            self.place.ses.change(faults="failed_before=0.5")
            time.sleep(REFUSED_SECONDS)
            self.place.ses.change(faults="")

        return deed

    def _link(self, message: str) -> int:
        """The number of a link that the letter of a message has."""
        token = self._signer().token("click", message)
        for number in range(LINKS):
            status, _ = self.place.feed().ask("HEAD", f"/c/{token}.{number}")
            if status == 302:
                return number
        return 1

    def _sent(self, campaign: str, place: int = 0) -> str:
        """A message of a campaign that has gone."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            rows = self.place.ground.rows(
                "SELECT message_id FROM message WHERE campaign = :campaign AND state = 'accepted' "
                "ORDER BY customer_id, message_id LIMIT 1 OFFSET :place",
                campaign=campaign,
                place=place,
            )
            if rows:
                return str(rows[0][0])
            time.sleep(0.2)
        raise LifecycleError(f"no letter of {campaign} has gone")

    def _signer(self) -> Signer:
        return Signer(shop_keys(self.place.root, read_settings(self.place.root)))

    def _ask(self, method: str, path: str, body: bytes, *wanted: int) -> None:
        status, said = self.place.feed().ask(method, path, body)
        if status not in wanted:
            if status not in (0, 503):
                raise LifecycleError(f"{method} {path} was answered {status}", cause=said[:200])
            raise _Unanswered(path)


class _Unanswered(Exception):
    """The daemon ended before it answered."""


@contextmanager
def locked(place: Place, seconds: float) -> Iterator[None]:
    """Hold the database's lock from another process's side, for so long."""
    sqlite = place.ground.kind == "sqlite"
    arguments = {"timeout": 30} if sqlite else {}
    engine = create_engine(place.ground.url, connect_args=arguments)
    holding = threading.Event()

    def hold() -> None:
        while not holding.is_set():
            with engine.connect() as connection, suppress(OperationalError):
                connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else LOCKING)
                holding.set()
                time.sleep(seconds)
                connection.rollback()

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    holding.wait(30)
    try:
        yield
    finally:
        thread.join()
        engine.dispose()
