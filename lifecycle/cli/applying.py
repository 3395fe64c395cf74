"""`lifecycle plan` and `lifecycle apply`: what would change and whom it touches; put it live."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked

SIGNS = {"added": "[green]+[/]", "changed": "[yellow]~[/]", "removed": "[red]-[/]"}


@app.command(epilog=EVERYWHERE)
def plan(ctx: typer.Context) -> None:
    """Show what applying the files would change, and whom it touches. Changes nothing."""
    from lifecycle.catalog.lints_seen import doubts
    from lifecycle.catalog.plan import compare
    from lifecycle.cli import place
    from lifecycle.cli.project import read_project, sound_catalog
    from lifecycle.clock import SystemClock
    from lifecycle.engine.apply import readable, rebuilt
    from lifecycle.insight.touched import running_in, turns
    from lifecycle.store.catalog_versions import latest

    said = asked(ctx)
    project = read_project(said.project)
    catalog = sound_catalog(project)
    url = place.database_url(said, catalog.settings)
    file = place.database_file(url)
    if file is not None and not file.is_file():
        changes = compare(None, catalog)
        _show(said, changes, {}, {}, [])
        return
    database = place.open_database(url, make=False)
    try:
        with database.read() as connection:
            version = latest(connection)
            old = None if version is None else readable(version, said.project, project.hooks)
            changes = compare(old, catalog)
            touched = [one.name for one in changes if one.kind == "campaign"]
            running = running_in(connection, touched)
            gone = [one.name for one in changes if (one.kind, one.what) == ("segment", "removed")]
            asked_anew = rebuilt(old, catalog)
            turned = turns(connection, catalog, asked_anew, SystemClock().now(), gone)
            made = (*project.hooks.triggers, *project.hooks.attributes)
            doubted = doubts(connection, catalog, made)
    finally:
        database.close()
    _show(said, changes, running, turned, doubted)


def _show(said: Any, changes: Any, running: Any, turned: Any, doubted: Any) -> None:
    from lifecycle.cli.check import KEYS
    from lifecycle.cli.project import show_problems

    data = {
        "changes": [asdict(one) for one in changes],
        "running": running,
        "segments": {name: asdict(one) for name, one in turned.items()},
        "warnings": [{key: getattr(one, key) for key in KEYS} for one in doubted],
    }

    def human(out: Any) -> None:
        if not changes:
            out.print("Nothing would change: what is live is what the files say.")
        for line in lines_of(changes):
            out.print(line)
        for name, count in running.items():
            if count:
                out.print(f"{count} customers are under way in {name}")
        for name, one in turned.items():
            for line in _turn_lines(name, one):
                out.print(line)
        show_problems(doubted, out)

    said.answer(data, human)


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
) -> None:
    """Put the files live; with --rollback those that were so before the present ones."""
    from lifecycle.catalog.plan import Change
    from lifecycle.cli.project import read_project, sound_catalog
    from lifecycle.cli.writing import who, writer

    said = asked(ctx)
    arguments = {"root": str(said.project.resolve()), "who": who()}
    if rollback:
        command = "rollback"
    else:
        command = "apply"
        arguments["fingerprint"] = sound_catalog(read_project(said.project)).fingerprint
    with writer(said, f"lifecycle {command}") as through:
        done = through.do(command, arguments)

    def human(out: Any) -> None:
        if not done["changes"]:
            out.print(f"Version {done['number']} is live already: nothing changed.")
            return
        for line in lines_of([Change(**one) for one in done["changes"]]):
            out.print(line)
        for name, one in done["segments"].items():
            out.print(f"segment {name}: {one['joined']} joined, {one['left']} left")
        for name, count in done["enrolled"].items():
            out.print(f"campaign {name}: {count} let in who match already")
        for name in done["building"]:
            out.print(f"{name}: customers are asked in the background")
        out.print(f"Version {done['number']} is live.")
        if rollback:
            out.print("The files still say the newer one: lifecycle apply would put it live again.")

    said.answer(done, human)
