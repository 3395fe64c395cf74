"""`lifecycle run`: the daemon."""

from __future__ import annotations

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked


@app.command(epilog=EVERYWHERE)
def run(ctx: typer.Context) -> None:
    """Take in events, walk flows and send letters, until it is told to stop."""
    import scheduler

    scheduler.run(asked(ctx))
