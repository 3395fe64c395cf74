"""`lifecycle simulate`: seeded customers through the real engine, every promise checked."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import UsageError

MOST_PEOPLE = 100_000
MOST_DAYS = 3_660


@app.command(epilog=EVERYWHERE)
def simulate(
    ctx: typer.Context,
    campaign: Annotated[
        str | None,
        typer.Argument(metavar="[CAMPAIGN]", help="Tell of this one alone, as if it were live."),
    ] = None,
    people: Annotated[
        int, typer.Option("--people", metavar="N", min=1, max=MOST_PEOPLE, help="How many.")
    ] = 100,
    days: Annotated[
        int, typer.Option("--days", metavar="D", min=1, max=MOST_DAYS, help="For how long.")
    ] = 90,
    seed: Annotated[str, typer.Option("--seed", metavar="S", help="What decides chance.")] = "1",
    faults: Annotated[
        bool, typer.Option("--faults", help="Let things go wrong: crashes, lost answers, …")
    ] = False,
    begins: Annotated[
        str | None,
        typer.Option("--from", metavar="T", help="The first instant; 2026-01-01 if unsaid."),
    ] = None,
) -> None:
    """Let made-up customers live with your campaigns, and check every promise after each tick.

    The same seed gives the same decisions. Where a promise is broken, the seed is told and kept in
    tests/simulation/seeds.txt.
    """
    from lifecycle.cli.project import read_project, sound_catalog
    from lifecycle.sim.came_to import came_to
    from lifecycle.sim.seeds import Seed
    from lifecycle.sim.simulate import SimulateOptions

    said = asked(ctx)
    project = read_project(said.project)
    catalog = sound_catalog(project)
    _check(catalog, campaign, seed)
    first = None if begins is None else _instant(begins, catalog.settings.shop.timezone)
    options = SimulateOptions(people, days, seed, faults, first, campaign)
    kept = Seed(people, days, seed, faults, campaign)
    with _bar(said.json, days) as progress, _quiet():
        run = _run(said, catalog, project.hooks, options, kept, progress)
    try:
        data = _data(run, came_to(run, campaign), kept)
    finally:
        run.close()
    said.answer(data, lambda out: _show(out, data))


def _check(catalog: Any, campaign: str | None, seed: str) -> None:
    from lifecycle.catalog.problem import did_you_mean

    if campaign is not None and campaign not in catalog.campaigns:
        hint = did_you_mean(campaign, set(catalog.campaigns))
        raise UsageError(f"there is no campaign “{campaign}”", remedy=hint)
    if " " in seed or not seed:
        raise UsageError("a seed is one word", f"“{seed}”", "--seed 7")


def _run(said: Any, catalog: Any, hooks: Any, options: Any, kept: Any, progress: Any) -> Any:
    """Run it; the seed of one that finds a promise broken is kept."""
    from lifecycle.sim.promise_broken import PromiseBroken
    from lifecycle.sim.seeds import SEEDS, keep_seed
    from lifecycle.sim.simulate import simulate as run_simulation

    try:
        return run_simulation(catalog, hooks, options, progress)
    except PromiseBroken as broken:
        keep_seed(said.project / SEEDS, kept)
        broken.remedy = f"lifecycle simulate {kept.words()} shows it again; kept in {SEEDS}"
        raise


def _data(run: Any, found: list[Any], seed: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from lifecycle.core.words import rfc3339

    return {
        "asked": f"lifecycle simulate {seed.words()}",
        "people": seed.people,
        "from": rfc3339(run.begins),
        "until": rfc3339(run.ends),
        "campaigns": [asdict(one) for one in found],
        "happened": dict(sorted(run.happened.items())),
        "faults": dict(sorted(run.faults.items())),
        "checked": {
            "ticks": run.watch.ticks,
            "letters": run.watch.judged,
            "looks_at_everything": run.watch.looks,
            "put_aside": len(run.watch.put_aside),
            "sent_again_as_allowed": len(run.watch.resent),
        },
        "behaviour": dict(run.habits),
    }


def _show(out: Any, data: dict[str, Any]) -> None:
    from lifecycle.cli.reports import table

    out.print(f"{data['people']} customers, from {data['from']} to {data['until']}.")
    out.print("They behave so (each a distribution, drawn by the seed):")
    for name, words in data["behaviour"].items():
        out.print(f"  {name}: {words}", style="dim")
    happened = ", ".join(f"{count} {name}" for name, count in data["happened"].items())
    out.print(f"What was heard of them: {happened or 'nothing'}")
    heads = ("campaign", "entered", "held out", "sent", "uncertain", "finished", "goals", "revenue")
    keys = [head.replace(" ", "_") for head in heads]
    out.print(table(heads, [tuple(one[key] for key in keys) for one in data["campaigns"]]))
    for one in data["campaigns"]:
        for what in ("not_entered", "held", "dropped", "skipped", "left", "done"):
            if one[what]:
                parts = ", ".join(f"{count} {why or what}" for why, count in one[what].items())
                out.print(f"  {one['campaign']}, {what.replace('_', ' ')}: {parts}")
    if data["faults"]:
        faults = ", ".join(f"{count} × {name}" for name, count in data["faults"].items())
        out.print(f"What went wrong: {faults}")
    checked = data["checked"]
    out.print(
        f"Every promise held: checked after {checked['ticks']} ticks, "
        f"{checked['letters']} hand-overs judged, everything looked at "
        f"{checked['looks_at_everything']} times."
    )


def _instant(text: str, zone: str) -> Any:
    from lifecycle.core.words import WordProblem, moment, zone_of

    try:
        return moment(text).at(zone_of(zone))
    except WordProblem as found:
        raise UsageError("--from is no instant", found.problem, found.hint) from found


def _quiet() -> Any:
    """Say nothing of what a simulation lets go wrong: it is told in figures."""
    import logging
    from contextlib import contextmanager

    from lifecycle.log import LOGGER_NAME

    @contextmanager
    def silent() -> Any:
        logger = logging.getLogger(LOGGER_NAME)
        before, logger.disabled = logger.disabled, True
        try:
            yield
        finally:
            logger.disabled = before

    return silent()


def _bar(quiet: bool, days: int) -> Any:
    """A progress bar on standard error, where somebody looks."""
    import sys
    from contextlib import contextmanager

    @contextmanager
    def bar() -> Any:
        if quiet or not sys.stderr.isatty():
            yield lambda done, total: None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("days", total=days)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    return bar()
