"""`lifecycle doctor`: looks at everything a daemon stands on, and says what is not well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import EXIT_ERRORS_FOUND, LifecycleError

State = Literal["ok", "warning", "error"]
MARKS = {
    "ok": "[green]ok     [/]",
    "warning": "[yellow]warning[/]",
    "error": "[bold red]error  [/]",
}
LATE_SECONDS = 60.0
CLOCK_SECONDS = 2.0
FEW = 10
LIFT = "lifecycle resume --quarantined ID"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    state: State
    told: str


@app.command(epilog=EVERYWHERE)
def doctor(
    ctx: typer.Context,
    verify_bulk: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Send one nasty letter there in bulk and alone, and say what to compare.",
        ),
    ] = None,
    received: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Hold such a letter, saved as .eml, against what left."),
    ] = None,
    restored: Annotated[
        bool,
        typer.Option(
            "--restored",
            help="The journal is whole: after a restore, let go what it does not know.",
        ),
    ] = False,
    canary: Annotated[
        bool,
        typer.Option("--canary", help="Send one letter to SES's simulator; is it told of?"),
    ] = False,
) -> None:
    """Look at database, clock, transport, feedback, backlog and quarantine; exit 1 on an error."""
    said = asked(ctx)
    if verify_bulk is not None or received:
        from lifecycle.cli.verify_bulk import prove

        prove(said, verify_bulk, received or ())
        return
    if restored or canary:
        _asked_for(said, canary=canary)
        return
    findings = list(_findings(said))

    def human(out: Any) -> None:
        from rich.markup import escape

        for one in findings:
            out.print(f"{MARKS[one.state]} {one.about:12} {escape(one.told)}")

    said.answer(findings, human)
    if any(one.state == "error" for one in findings):
        raise typer.Exit(EXIT_ERRORS_FOUND)


def _asked_for(said: Any, *, canary: bool) -> None:
    """Send a canary, or let go what a restoration holds back."""
    from lifecycle.cli.canary import fly
    from lifecycle.cli.doubts_told import confirm

    if canary:
        fly(said)
    else:
        confirm(said)


def _findings(said: Any) -> Iterator[Finding]:
    from lifecycle.cli import place
    from lifecycle.cli.doctor_sender import sender_standing
    from lifecycle.cli.doctor_transport import account_standing, feedback_standing

    settings = place.read_settings(said.project)
    yield from _definitions(said)
    yield from _tried("database", lambda: _database(said, settings))
    for one in account_standing(said.project, settings):
        yield Finding(*one)
    for one in sender_standing(settings):
        yield Finding(*one)
    for one in feedback_standing(settings):
        yield Finding(*one)
    yield from _tried("calls", lambda: _calls(said, settings))
    yield from _secrets(said, settings)


def _tried(about: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except LifecycleError as error:
        yield Finding(about, "error", str(error))


def _definitions(said: Any) -> Iterator[Finding]:
    from lifecycle.cli.project import counted, read_project

    project = read_project(said.project, sample=True)
    state: State = "error" if project.errors else "ok"
    if state == "ok" and project.problems:
        state = "warning"
    yield Finding("definitions", state, counted(project.problems))


def _database(said: Any, settings: Any) -> Iterator[Finding]:
    from lifecycle.cli import place
    from lifecycle.cli.doctor_deliverability import deliverability_standing
    from lifecycle.cli.doctor_transport import transport_standing
    from lifecycle.cli.lock import Held, WriterLock
    from lifecycle.clock import SystemClock
    from lifecycle.store import migrate
    from lifecycle.store.database import Database
    from lifecycle.store.dialect.sqlite import version_warning

    url = place.database_url(said, settings)
    file = place.database_file(url)
    if file is not None:
        warning = version_warning()
        yield Finding(
            "sqlite", "warning" if warning else "ok", warning or "a version without fault"
        )
        if not file.is_file():
            yield Finding("database", "warning", f"{file.name} is not there yet; a run makes it")
            return
        lock = WriterLock(file)
        try:
            lock.take("lifecycle doctor")
            lock.release()
            yield Finding("daemon", "ok", "none runs")
        except Held as held:
            yield Finding("daemon", "ok", f"runs as process {held.holder.pid}")
    database = Database(url)
    try:
        pending = place.answered(lambda: migrate.pending(database))
        if pending:
            told = f"migrations are pending: {', '.join(pending)}; lifecycle upgrade"
            yield Finding("database", "error", told)
            return
        yield Finding("database", "ok", f"{database.kind}, migrations up to date")
        with database.read() as connection:
            yield from _clock(connection)
            yield from _work(connection, settings)
            yield from (Finding(*one) for one in transport_standing(connection, settings))
            standing = deliverability_standing(connection, settings, SystemClock().now())
            yield from (Finding(*one) for one in standing)
            yield from _codes(said, connection)
            yield from _occasions(connection)
            yield from _ratios(connection)
    finally:
        database.close()


def _ratios(connection: Any) -> Iterator[Finding]:
    """Tests whose variants are not given out as their shares say."""
    from lifecycle.insight.sample_ratios import ratio_alarms

    for (campaign, step, occasion), since in ratio_alarms(connection):
        which = " ".join(one for one in (f"{campaign}/{step}", occasion) if one)
        told = f"{which}: since {since:%Y-%m-%d} variants do not come as their shares say"
        hint = "no winner is named until that is found"
        yield Finding("experiments", "error", f"{told}; {hint}")


def _clock(connection: Any) -> Iterator[Finding]:
    from lifecycle.clock import SystemClock
    from lifecycle.store.claims import database_clock

    ahead = (SystemClock().now() - database_clock(connection)).total_seconds()
    state: State = "ok" if abs(ahead) < CLOCK_SECONDS else "error"
    yield Finding("clock", state, f"{ahead:+.2f} s from the database's")


def _work(connection: Any, settings: Any) -> Iterator[Finding]:
    from lifecycle.cli.doubts_told import doubts_told, restoration_told
    from lifecycle.clock import SystemClock
    from lifecycle.insight.backlog import QUEUES, backlog, put_aside
    from lifecycle.insight.deliverability import deliverability_report
    from lifecycle.store import operations

    now = SystemClock().now()
    figures = backlog(connection, now)
    lag = figures["lag_seconds"]
    waits = ", ".join(f"{figures[f'{name}_due']:.0f} {name}" for name in QUEUES)
    state: State = "ok" if lag < LATE_SECONDS else "warning"
    yield Finding("backlog", state, f"{lag:.0f} s behind; due: {waits}")
    for name in QUEUES:
        aside = put_aside(connection, name, FEW)
        if aside:
            count = figures[f"{name}_quarantined"]
            told = f"{count:.0f} {name}: {', '.join(aside)}; mend the cause, then {LIFT}"
            yield Finding("quarantine", "error", told)
    yield from _errands(connection)
    report = deliverability_report(connection, now, settings.sending.breaker)
    for warning in report.warnings:
        yield Finding("letters", "warning", warning)
    for told in doubts_told(connection, now):
        yield Finding("letters", "warning", told)
    for told in restoration_told(connection):
        yield Finding("restored", "warning", told)
    for campaign, ordered in operations.ordered(connection).items():
        yield Finding("campaigns", "warning", f"{campaign} is {ordered} by command")


def _errands(connection: Any) -> Iterator[Finding]:
    """What was called or noted in vain."""
    from lifecycle.store import errands

    counted = errands.counts(connection)
    failed, again = errands.failing(connection, FEW)
    for count, rows, state in (
        (counted["failed"], failed, "failed for good"),
        (counted["again"], again, "tried again"),
    ):
        if count:
            some = "; ".join(
                f"{one.errand_id} ({one.kind} of {one.campaign}/{one.step}: {one.problem})"
                for one in rows
            )
            yield Finding("errands", "warning", f"{count} {state}: {some}")


def _calls(said: Any, settings: Any) -> Iterator[Finding]:
    """Whether the addresses that steps call are there, and may be called; their names are asked."""
    from lifecycle.cli.place import shop_key
    from lifecycle.cli.project import read_project
    from lifecycle.send.webhook import SecretRefused
    from lifecycle.send.webhook_call import Caller
    from lifecycle.send.webhook_guard import CallRefused

    catalog = read_project(said.project, sample=True).catalog
    names = called(catalog) if catalog is not None else []
    if not names:
        return
    caller = Caller(shop_key(said.project, settings))
    for name in names:
        try:
            target = caller.target(name)
            caller.secrets(name)
        except (CallRefused, SecretRefused) as refused:
            yield Finding("calls", "error", f"{name}: {refused}")
        except (OSError, UnicodeError):
            yield Finding("calls", "warning", f"{name}: the name of the receiver is not known")
        else:
            told = f"{name} goes to {target.host}; lifecycle key webhook {name} tells its secret"
            yield Finding("calls", "ok", told)


def called(catalog: Any) -> list[str]:
    """The environment variables that steps call by, sorted."""
    from lifecycle.core.campaign import Flow
    from lifecycle.send.webhook_call import name_of

    live = [one for one in catalog.campaigns.values() if one.status != "draft"]
    ways = [one.way for one in live if isinstance(one, Flow)]
    steps = [place.step for way in ways for place in way.places.values()]
    return sorted({name_of(step.call.url) for step in steps if step.call is not None})


def _occasions(connection: Any) -> Iterator[Finding]:
    """Occurrences that were left out lately, and campaigns that stopped by themselves."""
    from lifecycle.insight.missed import missed_lately, stopped_by_breaker

    for one in missed_lately(connection):
        why = "its template was missing" if one.reason == "broken_template" else "it was too late"
        told = f"{one.campaign}: the occurrence of {one.entry} was left out, {why}"
        yield Finding("broadcasts", "error" if why.startswith("its") else "warning", told)
    for name, reason in stopped_by_breaker(connection):
        told = f"{name} was stopped, {reason}; a recurring one goes on after `lifecycle resume`"
        yield Finding("broadcasts", "warning", told)


def _codes(said: Any, connection: Any) -> Iterator[Finding]:
    from lifecycle.cli.project import read_project
    from lifecycle.clock import SystemClock
    from lifecycle.insight.codes import code_warnings, pools_named

    catalog = read_project(said.project).catalog
    named = None if catalog is None else pools_named(catalog)
    for told in code_warnings(connection, named, SystemClock().now()):
        yield Finding("codes", "warning", told)


def _secrets(said: Any, settings: Any) -> Iterator[Finding]:
    from lifecycle.cli.place import FOLDER, KEY_FILE, shop_keys

    path = said.project / FOLDER / KEY_FILE
    if settings.secrets.key is None and not path.is_file():
        yield Finding("key", "warning", "not made yet; a run makes it")
        return
    yield from _tried("key", lambda: _key(len(shop_keys(said.project, settings)), path))


def _key(keys: int, path: Any) -> Iterator[Finding]:
    open_to_others = path.is_file() and path.stat().st_mode & 0o077
    there = "there" if keys == 1 else f"{keys} are there: the newest signs, all open links"
    told = f"{path} can be read by others: chmod 600" if open_to_others else there
    yield Finding("key", "error" if open_to_others else "ok", told)
