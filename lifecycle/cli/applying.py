"""`lifecycle plan` and `lifecycle apply`: what would change and whom it touches; put it live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import UsageError

SIGNS = {"added": "[green]+[/]", "changed": "[yellow]~[/]", "removed": "[red]-[/]"}


@app.command(epilog=EVERYWHERE)
def plan(
    ctx: typer.Context,
    history: Annotated[
        bool, typer.Option("--history", help="List what was applied, when and by whom.")
    ] = False,
) -> None:
    """Show what applying the files would change, and whom it touches. Changes nothing."""
    from lifecycle.catalog.plan import compare
    from lifecycle.cli import place
    from lifecycle.cli.foretelling import Foretold, foretell
    from lifecycle.cli.history import show_history
    from lifecycle.cli.project import read_project, sound_catalog
    from lifecycle.cli.tests_told import tests_ahead
    from lifecycle.clock import SystemClock
    from lifecycle.insight.deliverability import warming_told

    said = asked(ctx)
    if history:
        show_history(said)
        return
    project = read_project(said.project, tried=True)
    catalog = sound_catalog(project)
    url = place.database_url(said, catalog.settings)
    file = place.database_file(url)
    if file is not None and not file.is_file():
        ahead = tests_ahead(catalog, None, SystemClock().now())
        _show(said, Foretold(tuple(compare(None, catalog)), tests=ahead), catalog)
        return
    database = place.open_database(url, make=False)
    try:
        with database.read() as connection:
            now = SystemClock().now()
            found = foretell(connection, catalog, project.hooks, now)
            warming = warming_told(connection, catalog.settings, now)
    finally:
        database.close()
    _show(said, found, catalog, warming)


def _show(said: Any, found: Any, catalog: Any, warming: Any = None) -> None:
    from lifecycle.cli.check import KEYS
    from lifecycle.cli.doctor_deliverability import warming_words
    from lifecycle.cli.project import show_problems
    from lifecycle.cli.tests_told import tests_data, tests_lines
    from lifecycle.cli.told import people_lines, ways_out

    currency = catalog.settings.shop.currency
    refused = any(one.what == "refused" for one in found.people)
    data = {
        "changes": [asdict(one) for one in found.changes],
        "running": found.running,
        "people": [asdict(one) for one in found.people],
        "refused": refused,
        "would_enter": [asdict(one) for one in found.entering],
        "held": {name: asdict(one) for name, one in found.held.items()},
        "segments": {name: asdict(one) for name, one in found.turns.items()},
        "warnings": [{key: getattr(one, key) for key in KEYS} for one in found.doubts],
        "warming_up": asdict(warming) if warming is not None else None,
        "tests": tests_data(found.tests, currency),
    }

    def human(out: Any) -> None:
        if not found.changes:
            out.print("Nothing would change: what is live is what the files say.")
        for line in lines_of(found.changes):
            out.print(line)
        for line in people_lines(data["people"], "would"):
            out.print(line, markup=False, highlight=False)
        for line in _entering(data):
            out.print(line, markup=False, highlight=False)
        for name, one in found.turns.items():
            for line in _turn_lines(name, one):
                out.print(line)
        if warming is not None:
            out.print(f"warming up {warming_words(warming)}")
        for line in tests_lines(found.tests, currency):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
        show_problems(found.doubts, out)
        if refused:
            out.print("[bold red]apply would refuse this[/]: say what becomes of those people:")
            for way in ways_out():
                out.print(f"  {way}", markup=False, highlight=False)

    said.answer(data, human)


def _entering(data: Any) -> Iterator[str]:
    """Who would enter at once, and what the end of a pause would let go."""
    from lifecycle.cli.told import counted

    for one in data["would_enter"]:
        entering = counted(one["entering"], "customer")
        out = one["held_out"]
        more = f", {out:,} more would be held out" if out else ""
        yield f"{one['campaign']}: {entering} would enter at once{more} (existing = enroll)"
    for name, held in data["held"].items():
        if held["letters"] or held["deeds"]:
            letters = counted(held["letters"], "letter")
            yield f"{name}: goes on; {letters} that the pause held would go over time"


def _turn_lines(name: str, one: Any) -> list[str]:
    """What a segment's new rule would do, in lines for people."""
    from rich.markup import escape

    counts = f"{one.joined} would join, {one.left} would leave, {one.stay} stay"
    lines = [f"segment {escape(name)}: {counts}"]
    for what, count, some in (
        ("join", one.joined, one.joining),
        ("leave", one.left, one.leaving),
    ):
        if some:
            more = "" if count == len(some) else ", …"
            lines.append(f"  {what}: {escape(', '.join(some))}{more}")
    if one.joined or one.left:
        if one.enters:
            flows = escape(", ".join(one.enters))
            lines.append(f"  on_change = enroll: those who join would enter {flows}")
        elif one.on_change == "enroll" and one.joined:
            lines.append("  on_change = enroll, but no live flow is entered by joining it")
        else:
            lines.append("  silently: nobody enters a flow by this change")
    for what, flows in (("joining", one.on_join), ("leaving", one.on_leave)):
        if flows:
            lines.append(f"  later, by {what} it: {escape(', '.join(flows))}")
    return lines


def lines_of(changes: Any) -> list[str]:
    """Each change in a line for people."""
    from rich.markup import escape

    lines = []
    for one in changes:
        told = f"{SIGNS[one.what]} {one.kind} {escape(one.name)}"
        more = []
        if one.status:
            before, after = (status or "none" for status in one.status)
            more.append(f"status {before} → {after}")
        for word, steps in (
            ("new", one.steps_added),
            ("gone", one.steps_removed),
            ("changed", one.steps_changed),
        ):
            if steps:
                more.append(f"{word} steps: {', '.join(steps)}")
        more += [f"step {old} is now {new}" for old, new in one.steps_renamed]
        if one.parts:
            more.append(f"changed: {', '.join(one.parts)}")
        lines.append(f"{told}  {escape('; '.join(more))}" if more else told)
    return lines


@app.command(epilog=EVERYWHERE)
def apply(
    ctx: typer.Context,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Put back what was live before.")
    ] = False,
    let_go: Annotated[
        bool, typer.Option("--let-go", help="Those who wait at steps taken out leave.")
    ] = False,
    keep_waiting: Annotated[
        bool,
        typer.Option(
            "--keep-waiting", help="Those who wait at steps taken out finish as they entered."
        ),
    ] = False,
) -> None:
    """Put the files live; with --rollback those that were so before the present ones."""
    from lifecycle.cli.project import read_project, sound_catalog
    from lifecycle.cli.writing import who, writer

    said = asked(ctx)
    if let_go and keep_waiting:
        raise UsageError("--let-go and --keep-waiting say two things", remedy="keep one of them")
    arguments: dict[str, Any] = {"root": str(said.project.resolve()), "who": who()}
    arguments |= {"let_go": let_go, "keep_waiting": keep_waiting}
    if rollback:
        command = "rollback"
    else:
        command = "apply"
        arguments["fingerprint"] = sound_catalog(read_project(said.project)).fingerprint
    with writer(said, f"lifecycle {command}") as through:
        done = through.do(command, arguments)
    said.answer(done, lambda out: _told(out, done, rollback=rollback))


def _told(out: Any, done: Any, *, rollback: bool) -> None:
    from lifecycle.catalog.plan import Change
    from lifecycle.cli.told import caught_up, people_lines

    if not done["changes"]:
        out.print(f"Version {done['number']} is live already: nothing changed.")
        return
    for line in lines_of([Change(**one) for one in done["changes"]]):
        out.print(line)
    for line in people_lines(done["people"], "did", done["moving"]):
        out.print(line, markup=False, highlight=False)
    for name, one in done["resumed"].items():
        out.print(" ".join([f"{name} goes on.", *caught_up(one)]), markup=False, highlight=False)
    for name, one in done["segments"].items():
        out.print(f"segment {name}: {one['joined']} joined, {one['left']} left")
    for name, count in done["enrolled"].items():
        out.print(f"campaign {name}: {count} let in who match already")
    for name in done["building"]:
        out.print(f"{name}: customers are asked in the background")
    out.print(f"Version {done['number']} is live.")
    if rollback:
        out.print("The files still say the newer one: lifecycle apply would put it live again.")
