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

    said = asked(ctx)
    project = read_project(said.project, sample=True)
    _refresh_schemas(said.project)
    data: list[dict[str, Any]] = [
        {key: getattr(one, key) for key in KEYS} for one in project.problems
    ]

    def human(out: Any) -> None:
        show_problems(project.problems, out)
        catalog = project.catalog
        if catalog is not None:
            out.print(
                f"{len(catalog.campaigns)} campaigns, {len(catalog.segments)} segments, "
                f"{len(catalog.templates)} templates: {counted(project.problems)}"
            )
        else:
            out.print(counted(project.problems))

    said.answer(data, human)
    if project.errors:
        raise typer.Exit(EXIT_ERRORS_FOUND)


def _refresh_schemas(root: Path) -> None:
    """Keep the schemas by which editors complete the files, where there is a project."""
    from contextlib import suppress
    from warnings import catch_warnings

    from lifecycle.catalog.schema import write_schemas

    if (root / "settings.toml").is_file():
        # Defaults that JSON cannot say are left out of the schemas; that is no news to anybody.
        with suppress(OSError), catch_warnings(action="ignore"):
            write_schemas(root)
