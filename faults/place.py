"""One shop for one experiment: its folder, database, daemon, stand-in for SES, and feed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.daemon import Daemon
from faults.events import customer
from faults.feed import Feed
from faults.ground import Ground, Grounds
from faults.nursery import nursery_for
from faults.ports import free_port
from faults.ses import Ses
from lifecycle.errors import LifecycleError

HERE = Path(__file__).parent
COMMAND_SECONDS = 300.0


@dataclass(frozen=True)
class Wanted:
    """What an experiment wants of its shop."""

    kind: str
    customers: int = 500
    mode: str = "single"
    ses: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, object] = field(default_factory=dict)
    """Constants that the daemon runs with in the place of its own."""
    feedback: bool = True


class Place:
    """The parts of one experiment, on one database."""

    def __init__(self, folder: Path, ground: Ground, wanted: Wanted) -> None:
        self.root, self.ground, self.wanted = folder, ground, wanted
        self.port = free_port()
        self.ses = Ses(folder, wanted.ses)
        self.daemon = Daemon(folder, changed=wanted.changed)
        self.key = ""

    def make(self) -> None:
        """Make the shop's folder, tables, customers and key; nothing runs yet."""
        shutil.copytree(HERE / "shop", self.root, dirs_exist_ok=True)
        shutil.copytree(HERE.parent / "templates" / "layout", self.root / "templates" / "layout")
        self.write(
            "settings.toml",
            {
                "127.0.0.1:8000": f"127.0.0.1:{self.port}",
                'mode              = "single"': f'mode              = "{self.wanted.mode}"',
                **(
                    {} if self.wanted.feedback else {'feedback_queue    = "env:FAULTS_QUEUE"\n': ""}
                ),
            },
        )
        self.command("upgrade", "--yes")
        people = self.root / "customers.jsonl"
        with people.open("w") as lines:
            for number in range(self.wanted.customers):
                one = customer(number)
                told = {"id": one, "email": f"{one}@shop.example", "agreed_to": ["offers"]}
                lines.write(json.dumps(told) + "\n")
        self.command("apply")
        self.command("import", "customers", str(people))
        said = self.command(
            "key", "create", "--scope", "events:write", "--scope", "customers:write"
        )
        self.key = said["key"]

    def command(self, *arguments: str) -> Any:
        """Carry out a command of `lifecycle` on this shop, and give its answer. Raises."""
        done = self.tried(*arguments)
        if done.returncode != 0:
            told = (done.stdout + done.stderr).strip()[-1500:]
            raise LifecycleError(
                f"lifecycle {arguments[0]} ended with {done.returncode}", cause=told
            )
        return json.loads(done.stdout or "null")

    def tried(self, *arguments: str, armed: str = "") -> subprocess.CompletedProcess[str]:
        """Carry out a command, whatever comes of it."""
        with tempfile.TemporaryDirectory() as made:
            out, errors = Path(made) / "out", Path(made) / "errors"
            said = ["--project", str(self.root), "--json", *arguments]
            nursery = nursery_for(self.wanted.changed)
            born = nursery.start(said, self.environment(armed), out, errors)
            code = born.wait(COMMAND_SECONDS)
            told = (out.read_text("utf-8"), errors.read_text("utf-8"))
            return subprocess.CompletedProcess(said, code, *told)

    def environment(self, armed: str = "") -> dict[str, str]:
        """The environment that the shop's settings name, and the failpoints that are armed."""
        said = {
            "FAULTS_SES": self.ses.endpoint,
            "FAULTS_QUEUE": self.ses.queue,
            "FAULTS_DATABASE": self.ground.url,
            "LIFECYCLE_FAILPOINTS": armed,
        }
        return {**os.environ, **said}

    def start(self, armed: str = "") -> None:
        """Start the daemon, with failpoints where some are named."""
        self.daemon.start(self.environment(armed))

    def begin(self, armed: str = "") -> None:
        """Start the daemon and do not wait for it."""
        self.daemon.begin(self.environment(armed))

    def feed(self, per_second: float = 0.0, at_once: int = 50) -> Feed:
        """A feed of events for this shop."""
        return Feed(self.port, self.key, per_second, at_once)

    def write(self, name: str, changes: Mapping[str, str]) -> None:
        """Change texts in one of the shop's files; each must be there."""
        path = self.root / name
        told = path.read_text("utf-8")
        for before, after in changes.items():
            assert before in told, f"{name} has no {before}"
            told = told.replace(before, after)
        path.write_text(told, "utf-8")

    def settle(self, letters: int, seconds: float, quiet: float = 0.0) -> float:
        """Wait until so many messages are there and none is under way; says how long it took.

        Raises LifecycleError when that takes longer than `seconds`.
        """
        begun = time.monotonic()
        while True:
            there, under_way = self.standing()
            if there >= letters and not under_way:
                return time.monotonic() - begun
            if time.monotonic() - begun > seconds:
                told = f"{there} of {letters} messages, {under_way} under way"
                raise LifecycleError("letters were not settled in time", cause=told)
            time.sleep(0.2)

    def standing(self) -> tuple[int, int]:
        """How many messages there are, and how many things are under way."""
        rows = self.ground.rows(
            "SELECT state, quarantined_at IS NULL, count(*) FROM message GROUP BY 1, 2"
        )
        there = sum(count for _, _, count in rows)
        open_states = ("planned", "ready", "attempting", "requeued")
        under_way = sum(n for state, free, n in rows if state in open_states and free)
        for queue in ("enrollment",):
            under_way += self.ground.value(
                f"SELECT count(*) FROM {queue} WHERE due_at IS NOT NULL AND quarantined_at IS NULL"
            )
        under_way += self.ground.value("SELECT count(*) FROM arrived")
        return there, under_way

    def move_to(self, ground: Ground) -> None:
        """Have the database lie elsewhere: SQLite's file is moved; nothing may run."""
        assert not self.daemon.runs
        shutil.move(self.ground.file, ground.file)
        self.ground = ground

    def another(self) -> Place:
        """The same shop in a folder and on an empty database of its own; nothing runs there."""
        root = self.root.with_name(f"{self.root.name}_another")
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(HERE / "shop", root)
        shutil.copytree(HERE.parent / "templates" / "layout", root / "templates" / "layout")
        server = self.ground.server
        url = f"sqlite:///{root / 'shop.db'}" if server is None else server.url(server.create())
        return Place(root, Ground(self.ground.kind, url, server), self.wanted)

    def tables(self) -> str:
        """The statement that lists the tables there are."""
        if self.ground.kind == "sqlite":
            return "SELECT name FROM sqlite_master WHERE type = 'table'"
        return "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"

    def prove(self, seconds: float) -> float:
        """Wait until evidence has settled each letter that SES has accepted; says how long.

        Without feedback there is no evidence to wait for.
        """
        begun = time.monotonic()
        while self.wanted.feedback and time.monotonic() - begun < seconds:
            went = {one.message_id for one in self.ses.accepted()}
            left = self.ground.rows("SELECT message_id FROM message WHERE state = 'uncertain'")
            if not went & {row[0] for row in left}:
                break
            time.sleep(0.5)
        return time.monotonic() - begun

    def close(self) -> None:
        """End whatever runs."""
        self.daemon.end()
        self.ses.stop()


@contextmanager
def opened(grounds: Grounds, folder: Path, name: str, wanted: Wanted) -> Iterator[Place]:
    """A shop that is made, with its stand-in for SES running; everything is ended afterwards."""
    root = folder / re.sub(r"\W+", "_", f"{name}_{wanted.kind}")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    place = Place(root, grounds.fresh(wanted.kind, root), wanted)
    try:
        place.make()
        place.ses.start()
        yield place
    finally:
        place.close()
