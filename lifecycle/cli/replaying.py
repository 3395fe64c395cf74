"""`lifecycle replay` and `lifecycle test`: the real engine on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import EXIT_ERRORS_FOUND, UsageError


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
    with _bar(said.json) as progress:
        found = run_replay(catalog, project.hooks, options, progress)
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
    said.answer(data, lambda out: _show(out, found, counted))


def _show(out: Any, found: Any, counted: list[dict[str, Any]]) -> None:
    from lifecycle.cli.reports import table

    out.print(f"{found.events} events of {found.customers} customers were replayed.")
    rows = [
        (one["campaign"], one["what"], one["reason"], one["count"])
        for one in counted
        if one["what"] in SHOWN
    ]
    if rows:
        out.print(table(("campaign", "what", "reason", "count"), rows))
    sizes = ", ".join(f"{name} {size}" for name, size in found.sizes.items())
    if sizes:
        out.print(f"segments at the end: {sizes}")


SHOWN = ("entered", "not_entered", "held_out", "sent", "dropped", "skipped", "left", "finished")


@app.command("test", epilog=EVERYWHERE)
def run_cases(
    ctx: typer.Context,
    campaign: Annotated[
        str | None, typer.Argument(metavar="[CAMPAIGN]", help="Only this campaign's cases.")
    ] = None,
) -> None:
    """Run the cases in tests/campaigns/; exit 1 if one fails."""
    from dataclasses import asdict

    from lifecycle.catalog.problem import did_you_mean
    from lifecycle.cli.project import read_project, sound_catalog
    from lifecycle.sim.cases import run_all

    said = asked(ctx)
    project = read_project(said.project)
    catalog = sound_catalog(project)
    known = {file.campaign for file in catalog.cases.values()}
    if campaign is not None and campaign not in known | set(catalog.campaigns):
        hint = did_you_mean(campaign, known | set(catalog.campaigns))
        raise UsageError(f"there is no campaign “{campaign}”", remedy=hint)
    results = list(run_all(catalog, project.hooks, campaign))
    failed = sum(not one.passed for one in results)
    data = {
        "passed": len(results) - failed,
        "failed": failed,
        "cases": [{**asdict(one), "passed": one.passed} for one in results],
    }

    def human(out: Any) -> None:
        from rich.markup import escape

        for one in results:
            mark = "[green]ok  [/]" if one.passed else "[bold red]FAIL[/]"
            out.print(f"{mark} {escape(one.campaign)}: {escape(one.case)}")
            if one.passed:
                continue
            if one.problem:
                out.print(f"       {escape(one.problem)}")
            for line in one.missing:
                out.print(f"     [red]- {escape(line)}[/]  was expected and did not happen")
            for line in one.unexpected:
                out.print(f"     [green]+ {escape(line)}[/]  was not expected")
            for line in one.happened:
                out.print(f"       {escape(line)}", style="dim")
        out.print(f"{len(results) - failed} passed, {failed} failed")

    said.answer(data, human)
    if failed:
        raise typer.Exit(EXIT_ERRORS_FOUND)


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
