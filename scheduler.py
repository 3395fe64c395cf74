"""The daemon: wires settings, clock, store, transport, engine and HTTP; APScheduler is its clock.

`python scheduler.py` is the same as `lifecycle run`.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from lifecycle import log
from lifecycle.api.feedback import take_in_body
from lifecycle.api.spool import drain_spool
from lifecycle.catalog.catalog import Catalog
from lifecycle.cli import place
from lifecycle.cli.arenas import few_arenas
from lifecycle.cli.asked import Asked
from lifecycle.cli.building import Building
from lifecycle.cli.collector import collect_seldom
from lifecycle.cli.desk import Desk
from lifecycle.cli.errands import ErrandRunner
from lifecycle.cli.in_step import InStep
from lifecycle.cli.keeping import Keeper, journal_of, put_in_use
from lifecycle.cli.local import LocalServer, socket_path
from lifecycle.cli.lock import WriterLock
from lifecycle.cli.project import read_project
from lifecycle.cli.runner import Runner
from lifecycle.cli.web import Web, door_of, spool_of
from lifecycle.cli.wiring import kept_catalog, parts_of, queue_of
from lifecycle.cli.writes import carry_out
from lifecycle.cli.writing import who
from lifecycle.clock import SystemClock
from lifecycle.core.settings import Settings
from lifecycle.engine.apply import PeopleWait, applied, apply
from lifecycle.engine.engine import Engine
from lifecycle.errors import EnvironmentFailed
from lifecycle.failpoints import reach
from lifecycle.hooks import AskedAside, Registry, find_tried
from lifecycle.render.rendering import RenderingAside, rendering_workers
from lifecycle.send import starts
from lifecycle.send.starts import Starts
from lifecycle.send.webhook_call import Caller
from lifecycle.store import catalog_versions
from lifecycle.store.dialect.sqlite import version_warning

BEAT = timedelta(seconds=0.5)
"""How often the runner looks whether something has fallen due."""
LONGEST_TICK_SECONDS = 1.0
"""After so long a tick leaves what is left to the next, which has a pace of its own."""
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Daemon:
    """One process that takes in, decides and sends for one project, until it is told to stop."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.root = asked.project.resolve()
        self.clock = SystemClock()
        self.settings: Settings = place.read_settings(asked.project)
        self.url = place.database_url(asked, self.settings)
        self.rendering = RenderingAside(self.root, count=rendering_workers())
        self.asking: AskedAside | None = None
        self.version = 0

    def run(self) -> None:
        """Start, work until SIGTERM or SIGINT, finish the batch in hand, and close everything.

        Raises EnvironmentFailed when it cannot start: another daemon, a port, the database.
        """
        heard = _Signals()
        with ExitStack() as closing:
            closing.callback(heard.close)
            self._take_lock(closing)
            self.database = place.open_database(self.url, make=True)
            closing.callback(self.database.close)
            closing.callback(self._end_workers)
            self.key = place.shop_key(self.root, self.settings)
            self._keep_journal(closing)
            catalog, hooks = self._definitions()
            engine = Engine(self._parts(catalog, hooks), longest=LONGEST_TICK_SECONDS)
            collect_seldom()
            closing.callback(lambda: self.runner.engine.parts.transport.close())
            alone = self.database.is_sqlite
            self.runner = Runner(engine, self.clock, self._tend, alone=alone)
            self.runner.start()
            closing.callback(self.runner.stop)
            starts.strike_old(self.starts.folder, self.clock.now())
            self.building = Building(
                lambda: self.runner.engine.parts, self.clock, self.runner.wake, alone=alone
            )
            self.building.start()
            closing.callback(self.building.stop)
            errands = ErrandRunner(lambda: self.runner.engine.parts, Caller(self.key), self.clock)
            errands.start()
            closing.callback(errands.stop)
            closing.callback(InStep(lambda: self.runner.engine.parts, self.clock).start())
            door = door_of(self.root, catalog.settings, self.runner)
            web = Web(door, self._listen(catalog))
            web.start()
            closing.callback(web.stop)
            if (queue := queue_of(catalog.settings)) is not None:
                queue.start(lambda body: take_in_body(door, body))
                closing.callback(queue.stop)
            local = LocalServer(socket_path(self.root), self._carry_out)
            local.start()
            closing.callback(local.close)
            beat = _beating(self.runner)
            closing.callback(lambda: beat.shutdown(wait=False))
            self._greet(web, catalog)
            signal_number = heard.wait()
            log.happened("daemon_stopping", signal=signal.Signals(signal_number).name)
            # The batch in hand ends first: requests may still be answered meanwhile.
            self.runner.engine.stop = True
        log.happened("daemon_stopped")

    def _end_workers(self) -> None:
        self.rendering.close()
        if self.asking is not None:
            self.asking.close()

    def _take_lock(self, closing: ExitStack) -> None:
        file = place.database_file(self.url)
        if file is not None:
            if not file.parent.is_dir():
                raise EnvironmentFailed("there is no folder for the database", str(file.parent))
            lock = WriterLock(file)
            lock.take("the daemon", str(socket_path(self.root)))
            closing.callback(lock.release)
            if warning := version_warning():
                log.warned("sqlite_version", problem=warning)

    def _keep_journal(self, closing: ExitStack) -> None:
        """Open the journal, and where the database is older than it, have in doubt what went."""
        put_in_use(self.database, self.root, self.key, self.clock.now())
        self.journal = journal_of(self.root, self.database)
        closing.callback(self.journal.close)
        self.starts = Starts(self.root / place.FOLDER / starts.FOLDER)
        closing.callback(self.starts.close)
        self.keeper = Keeper(self.database, self.journal, self.key)

    def _definitions(self) -> tuple[Catalog, Registry]:
        """What goes live now: the folder's files, or what was applied last.

        Files with errors never go live, nor such as take out steps at which people wait and say
        nothing of them: then what was live before goes on.
        """
        if self.settings.catalog.apply_on_start:
            project = read_project(self.root, tried=True)
            if project.catalog is not None and self._applied(project.catalog, project.hooks):
                return project.catalog, project.hooks
            for one in project.problems:
                if one.severity == "error":
                    log.warned(
                        "definition_broken", file=one.file, line=one.line, problem=one.problem
                    )
        hooks, _ = find_tried(self.root)
        found = applied(self.database, self.root, hooks)
        if found is None:
            raise EnvironmentFailed(
                "no definitions are live",
                cause="none were ever applied, and those in the folder have errors or wait",
                remedy="lifecycle check, then lifecycle apply",
            )
        self.version = found[0].number
        return found[1], hooks

    def _applied(self, catalog: Catalog, hooks: Registry) -> bool:
        try:
            now = self.clock.now()
            done = apply(self.database, catalog, hooks, who(), now, background=True)
        except PeopleWait as refused:
            log.warned("files_not_applied", problem=refused.cause, remedy=refused.remedy)
            print(f"lifecycle: {refused}. What was live before goes on.", file=sys.stderr)
            return False
        self.version = done.number
        return True

    def _parts(self, catalog: Catalog, hooks: Registry) -> Any:
        kept = kept_catalog(self.root, catalog, hooks)
        self.rendering.start()
        self.asking = AskedAside(self.root, hooks)
        hooks = replace(hooks, asking=self.asking)
        own = (self.rendering, self.journal, self.starts)
        return parts_of(self.root, kept, hooks, self.database, self.key, *own)

    def _listen(self, catalog: Catalog) -> str:
        return catalog.settings.http.listen

    def _go_live(self, catalog: Catalog, hooks: Registry) -> None:
        """Put other definitions into the running engine."""
        before, asking = self.runner.engine.parts.transport, self.asking
        engine = Engine(self._parts(catalog, hooks), longest=LONGEST_TICK_SECONDS)
        self.runner.go_on_with(engine)
        before.close()
        if asking is not None:
            asking.close()
        self.building.look()
        with self.database.read() as connection:
            self.version = catalog_versions.latest_number(connection)

    def _tend(self) -> None:
        """Upkeep between ticks: unsubscribes kept aside, definitions applied by another process."""
        spool = spool_of(self.root)
        if spool.exists() or spool.with_name(spool.name + ".draining").exists():
            catalog = self.runner.engine.parts.live.catalog
            if drain_spool(self.database, spool, catalog, self.clock.now()):
                self.runner.wake()
        self.keeper.look(self.clock.now())
        with self.database.read() as connection:
            number = catalog_versions.latest_number(connection)
        if number != self.version:
            hooks, _ = find_tried(self.root)
            found = applied(self.database, self.root, hooks)
            if found is not None:
                self._go_live(found[1], hooks)

    def _carry_out(self, command: str, arguments: dict[str, Any]) -> Any:
        """Do what came over the local socket."""
        log.happened("command_carried_out", command=command)
        return carry_out(self._desk(), command, arguments)

    def _desk(self) -> Desk:
        return Desk(
            self.root,
            self.settings,
            self.database,
            self.key,
            self.clock,
            wake=self.runner.wake,
            go_live=self._go_live,
            alone=self.runner.paused,
            parts=lambda: self.runner.engine.parts,
            in_daemon=True,
        )

    def _greet(self, web: Web, catalog: Catalog) -> None:
        log.happened(
            "daemon_started",
            pid=os.getpid(),
            port=web.port,
            version=self.version,
            database=self.kind,
        )
        if web.is_public:
            log.warned("listens_publicly", problem="put a proxy with TLS before it")
        live = sum(one.status == "live" for one in catalog.campaigns.values())
        here = f"http://{web.host}:{web.port}"
        outbox = (
            f", letters at {here}/outbox" if catalog.settings.transport.kind == "outbox" else ""
        )
        campaigns = f"{live} live campaign{'' if live == 1 else 's'}"
        print(
            f"lifecycle is running: {campaigns}, events to {here}/v1/events{outbox}, "
            f"docs at {here}/docs. Ctrl-C ends it.",
            flush=True,
        )
        reach("daemon_started")

    @property
    def kind(self) -> str:
        """What kind of database it is."""
        return self.database.kind


class _Signals:
    """Waits for a signal to stop; the handlers only write a byte, so that nothing can deadlock."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before = {number: signal.signal(number, self._heard) for number in STOP_SIGNALS}

    def wait(self) -> int:
        """Wait for one of the signals and give its number."""
        return os.read(self._read, 1)[0]

    def close(self) -> None:
        """Put the handlers back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def _heard(self, number: int, _frame: object) -> None:
        os.write(self._write, bytes([number]))


def _beating(runner: Runner) -> BackgroundScheduler:
    """The clock: in memory, since two processes on one job store would fire everything twice."""
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        runner.wake,
        "interval",
        seconds=BEAT.total_seconds(),
        id="beat",
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    return scheduler


def run(asked: Asked) -> None:
    """Run the daemon of a project until it is told to stop. Raises LifecycleError."""
    log.start()
    few_arenas()
    Daemon(asked).run()


if __name__ == "__main__":
    # The command line comes to `run` above, with its own options and exit codes.
    sys.argv.insert(1, "run")
    runpy.run_module("lifecycle", run_name="__main__", alter_sys=True)
