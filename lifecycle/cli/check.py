"""`lifecycle check`: every problem in the definitions and hooks, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import EXIT_ERRORS_FOUND

KEYS = ("file", "line", "column", "key", "severity", "problem", "hint")


@app.command(epilog=EVERYWHERE)
def check(ctx: typer.Context) -> None:
    """Find every problem in the definitions; exit 1 if one is an error."""
    from lifecycle.cli.project import counted, read_project, show_problems
    from lifecycle.cli.tests_told import tests_ahead, tests_lines
    from lifecycle.clock import SystemClock

    said = asked(ctx)
    file = _shops_file(said)
    project = read_project(said.project, sample=True, events=_events_in(file))
    problems = _held_against(project, file)
    _refresh_schemas(said.project)
    data: list[dict[str, Any]] = [{key: getattr(one, key) for key in KEYS} for one in problems]

    def human(out: Any) -> None:
        show_problems(problems, out)
        catalog = project.catalog
        if catalog is not None:
            ahead = tests_ahead(catalog, None, SystemClock().now())
            for line in tests_lines(ahead, catalog.settings.shop.currency):
                out.print(line, markup=False, highlight=False, soft_wrap=True)
            out.print(
                f"{len(catalog.campaigns)} campaigns, {len(catalog.segments)} segments, "
                f"{len(catalog.templates)} templates: {counted(problems)}"
            )
        else:
            out.print(counted(problems))

    said.answer(data, human)
    if project.errors:
        raise typer.Exit(EXIT_ERRORS_FOUND)


def _shops_file(said: Any) -> Path | None:
    """The shop's SQLite database, where there is one: `check` needs none."""
    from lifecycle.catalog.load import load_settings
    from lifecycle.cli.place import database_file, database_url
    from lifecycle.errors import LifecycleError

    settings, _ = load_settings(said.project)
    try:
        file = None if settings is None else database_file(database_url(said, settings))
    except LifecycleError:
        return None
    return file if file is not None and file.is_file() else None


def _events_in(file: Path | None) -> frozenset[str]:
    """The names of the events that came in; none where the database cannot be read at once."""
    from lifecycle.store.seen import at_once, event_names

    return (at_once(file, event_names) or frozenset()) if file is not None else frozenset()


def _held_against(project: Any, file: Path | None) -> list[Any]:
    """The project's problems, with the doubts that what came in, and the calendar, raise."""
    from lifecycle.catalog.lints_seen import doubts
    from lifecycle.catalog.occurrences import letters_to_write
    from lifecycle.catalog.problem import Problem
    from lifecycle.clock import SystemClock
    from lifecycle.store.seen import at_once

    catalog, made = project.catalog, (*project.hooks.triggers, *project.hooks.attributes)
    found: list[Problem] | None = None
    if catalog is not None and file is not None:
        found = at_once(file, lambda connection: doubts(connection, catalog, made))
    unwritten = letters_to_write(catalog, SystemClock().now()) if catalog is not None else ()
    return sorted({*project.problems, *(found or ()), *unwritten}, key=Problem.sort_key)


def _refresh_schemas(root: Path) -> None:
    """Keep the schemas by which editors complete the files, where there is a project."""
    from contextlib import suppress

    from lifecycle.catalog.schema import write_schemas

    if (root / "settings.toml").is_file():
        with suppress(OSError):
            write_schemas(root)
