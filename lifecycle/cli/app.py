"""The command tree that every command hangs itself on, and the options that all of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifecycle.cli.asked import Asked
from lifecycle.errors import EXIT_WRONG_USAGE

EVERYWHERE = "--project DIR, --json and --database URL may stand here too."
app = typer.Typer(
    name="lifecycle",
    help="A lifecycle-email engine for online shops.",
    epilog="--project, --json and --database may stand before or after a command's name.",
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"lifecycle {version('lifecycle')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    ctx: typer.Context,
    project: Annotated[
        Path, typer.Option(metavar="DIR", help="The project's folder.", show_default="here")
    ] = Path(),
    json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="A database in place of the settings'.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show where a failure came up.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Take in what all commands share; without a command show what there is."""
    ctx.obj = Asked(project, json, database)
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit(EXIT_WRONG_USAGE)


def asked(ctx: typer.Context) -> Asked:
    """What the caller said beside the command itself."""
    found = ctx.find_root().obj
    assert isinstance(found, Asked)
    return found


def group(name: str, about: str) -> typer.Typer:
    """A group of commands under one name, such as `report campaign`."""
    made = typer.Typer(name=name, help=about, rich_markup_mode=None, add_completion=False)
    app.add_typer(made, name=name)
    return made
