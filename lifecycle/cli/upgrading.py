"""`lifecycle upgrade`: the database's migrations, shown first."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked


@app.command(epilog=EVERYWHERE)
def upgrade(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Carry them out.")] = False,
) -> None:
    """Show the pending migrations, and carry them out with --yes or when told so."""
    import sys

    from lifecycle.cli import place
    from lifecycle.store import migrate
    from lifecycle.store.database import Database

    said = asked(ctx)
    settings = place.read_settings(said.project)
    url = place.database_url(said, settings)
    lock = _lock(url)
    database = Database(url)
    try:
        pending = place.answered(lambda: migrate.pending(database))
        for name in pending:
            said.tell(f"pending: {name}")
        if pending and not yes and sys.stdin.isatty() and not said.json:
            yes = typer.confirm("Carry them out? Make a copy of the database first.", err=True)
        done = place.answered(lambda: migrate.upgrade(database)) if pending and yes else []
    finally:
        database.close()
        if lock is not None:
            lock.release()

    def human(out: Any) -> None:
        if not pending:
            out.print("The database is up to date.")
        elif done:
            out.print(f"Carried out: {', '.join(done)}.")
        else:
            out.print("Nothing was changed: say --yes to carry them out.")

    said.answer({"pending": pending, "carried_out": done}, human)


def _lock(url: str) -> Any:
    """The writer's lock: no daemon may run meanwhile. Raises EnvironmentFailed."""
    from lifecycle.cli import place
    from lifecycle.cli.lock import WriterLock

    file = place.database_file(url)
    if file is None:
        return None
    lock = WriterLock(file)
    lock.take("lifecycle upgrade")
    return lock
