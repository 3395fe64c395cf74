"""`lifecycle replay` and `lifecycle test`: the real engine on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import EXIT_ERRORS_FOUND, LifecycleError, UsageError


@app.command(epilog=EVERYWHERE)
def replay(
    ctx: typer.Context,
    events: Annotated[Path, typer.Option("--events", metavar="E.jsonl", help="What happened.")],
    until: Annotated[str, typer.Option("--until", metavar="T", help="The last instant, included.")],
    customers: Annotated[
        Path | None, typer.Option("--customers", metavar="C.jsonl", help="Who they are.")
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", metavar="D.jsonl", help="Each decision, to here.")
    ] = None,
    memberships: Annotated[
        Path | None, typer.Option("--memberships", metavar="M.jsonl", help="Each join and leave.")
    ] = None,
    outbox: Annotated[
        Path | None, typer.Option("--outbox", metavar="DIR", help="The letters, to here.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FILE.db", help="Leave the database here.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="applied", help="Tell what differs from what is live."),
    ] = None,
) -> None:
    """Run your own history through the real engine, from an empty database, and touch nothing."""
    from lifecycle.cli.project import read_project, sound_catalog
    from lifecycle.sim.replay import ReplayOptions
    from lifecycle.sim.replay import replay as run_replay

    said = asked(ctx)
    project = read_project(said.project)
    catalog = sound_catalog(project)
    last = _instant(until, catalog.settings.shop.timezone)
    options = ReplayOptions(events, last, customers, decisions, memberships, outbox, keep)
    live, other = (None, None) if against is None else _applied(said, against, project.hooks)
    with _bar(said.json) as progress:
        found = run_replay(catalog, project.hooks, options, progress, other)
    said.answer(_told(found, live), lambda out: _show(out, found, live))


def _told(found: Any, live: Any) -> dict[str, Any]:
    """What a replay came to as plain data; `live` is the version that it was held against."""
    counted = [
        {"campaign": campaign, "what": what, "reason": reason, "count": count}
        for (campaign, what, reason), count in sorted(found.counts.items())
    ]
    data = {
        "events": found.events,
        "customers": found.customers,
        "decisions": counted,
        "memberships": found.memberships,
        "segments": found.sizes,
    }
    if found.difference is not None:
        version = {"version": live.number, "applied_at": live.applied_at}
        data["against"] = {**version, **found.difference.told()}
    return data


def _applied(said: Any, against: str, hooks: Any) -> tuple[Any, Any]:
    """The version that is live in the shop's database, only read, and its definitions."""
    from lifecycle.cli import place
    from lifecycle.engine.apply import applied

    if against != "applied":
        raise UsageError(f"--against {against} is nothing to compare with", remedy="say applied")
    url = place.database_url(said, place.read_settings(said.project))
    database = place.open_database(url, make=False)
    try:
        found = applied(database, said.project, hooks)
    finally:
        database.close()
    if found is None:
        raise LifecycleError("nothing is live yet", remedy="lifecycle apply puts it live")
    return found


def _show_difference(out: Any, found: Any, version: Any) -> None:
    """Each campaign and step that comes out differently, in words."""
    from itertools import groupby

    from rich.markup import escape

    day = version.applied_at.date().isoformat()
    out.print(f"\nAgainst what is live (version {version.number}, applied {day}):")
    if found.nothing:
        out.print("  nothing differs: every decision is the same.")
        return
    for campaign, steps in groupby(found.steps, lambda one: one.campaign):
        out.print(f"[bold]{escape(campaign)}[/]")
        for step, parts in groupby(steps, lambda one: one.step):
            words = "; ".join(one.words() for one in parts)
            out.print(f"  {escape(f'{step}: ' if step else '')}{escape(words)}")
    for name, (was, now) in found.segments.items():
        out.print(f"segment {escape(name)}: {now} customers at the end, not {was}")


def _show(out: Any, found: Any, live: Any) -> None:
    from lifecycle.cli.reports import table

    out.print(f"{found.events} events of {found.customers} customers were replayed.")
    rows = [
        (campaign, what, reason, count)
        for (campaign, what, reason), count in sorted(found.counts.items())
        if what in SHOWN
    ]
    if rows:
        out.print(table(("campaign", "what", "reason", "count"), rows))
    sizes = ", ".join(f"{name} {size}" for name, size in found.sizes.items())
    if sizes:
        out.print(f"segments at the end: {sizes}")
    if found.difference is not None:
        _show_difference(out, found.difference, live)


SHOWN = ("entered", "not_entered", "held_out", "sent", "dropped", "skipped", "left", "finished")


@app.command("test", epilog=EVERYWHERE)
def run_cases(
    ctx: typer.Context,
    campaign: Annotated[
        str | None, typer.Argument(metavar="[CAMPAIGN]", help="Only this campaign's cases.")
    ] = None,
) -> None:
    """Run the cases in tests/campaigns/; exit 1 if one fails."""
    from lifecycle.catalog.problem import did_you_mean
    from lifecycle.cli.project import read_project, sound_cases, sound_catalog
    from lifecycle.sim.cases import run_all

    said = asked(ctx)
    project = read_project(said.project)
    catalog = sound_catalog(project)
    sound_cases(project)
    known = {file.campaign for file in catalog.cases.values()}
    if campaign is not None and campaign not in known | set(catalog.campaigns):
        hint = did_you_mean(campaign, known | set(catalog.campaigns))
        raise UsageError(f"there is no campaign “{campaign}”", remedy=hint)
    results = list(run_all(catalog, project.hooks, campaign))
    failed = sum(not one.passed for one in results)
    data = {
        "passed": len(results) - failed,
        "failed": failed,
        "cases": [one.told() for one in results],
    }

    def human(out: Any) -> None:
        from rich.markup import escape

        for one in results:
            mark = "[green]ok  [/]" if one.passed else "[bold red]FAIL[/]"
            place = "" if one.passed else f"  [dim]{escape(f'{one.file}:{one.line}')}[/]"
            out.print(f"{mark} {escape(one.campaign)}: {escape(one.case)}{place}")
            if one.problem:
                out.print(f"     {escape(one.problem)}")
            elif not one.passed:
                out.print(_compared(one))
        if not results:
            out.print("there are no cases")
        out.print(f"{len(results) - failed} passed, {failed} failed")

    said.answer(data, human)
    if failed:
        raise typer.Exit(EXIT_ERRORS_FOUND)


MARKS = {"met": ("=", "dim"), "missing": ("-", "red"), "unexpected": ("+", "green")}
"""What marks a line of the comparison, and its colour; other decisions have neither."""


def _compared(one: Any) -> Any:
    """What was expected beside what came, in the order of time, on the customer's clock."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from lifecycle.insight.spoken import clock

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("", f"on the clock of {one.zone.key}", "expected", "came", ""):
        made.add_column(head)
    for line in one.lines:
        mark, style = MARKS.get(line.mark, (" ", "dim"))
        hint = line.hint or ("was not expected" if line.mark == "unexpected" else "")
        cells = (mark, clock(line.at, one.zone), line.expected, line.actual, hint)
        made.add_row(*(escape(cell) for cell in cells), style=style)
    return made


def _instant(text: str, zone: str) -> Any:
    from lifecycle.core.words import WordProblem, moment, zone_of

    try:
        return moment(text).at(zone_of(zone))
    except WordProblem as found:
        raise UsageError("--until is no instant", found.problem, found.hint) from found


@contextmanager
def _bar(quiet: bool) -> Iterator[Any]:
    """A progress bar on standard error, where somebody looks."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replay", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
