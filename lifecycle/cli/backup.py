"""`lifecycle backup` and `lifecycle restore`: a copy of the database, and its return to use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked

FILE = Annotated[Path, typer.Argument(metavar="FILE", help="The copy's file.")]


@app.command(epilog=EVERYWHERE)
def backup(ctx: typer.Context, file: FILE) -> None:
    """Copy the database to a new file, while the daemon runs or not; as of one instant."""
    from lifecycle.cli import dumping, place
    from lifecycle.cli.copying import copy
    from lifecycle.clock import SystemClock
    from lifecycle.core.words import rfc3339

    said = asked(ctx)
    url = place.database_url(said, place.read_settings(said.project))
    now = SystemClock().now()
    source = place.database_file(url)
    if source is not None:
        place.open_database(url, make=False).close()
    size = dumping.dump(url, file) if source is None else copy(source, file, now)
    told = {"file": str(file), "as_of": rfc3339(now), "bytes": size}

    def human(out: Any) -> None:
        out.print(f"{file}: the database as of {rfc3339(now)}, {size} bytes.")
        out.print("It names customers: keep it as you keep the database itself.")

    said.answer(told, human)


@app.command(epilog=EVERYWHERE)
def restore(ctx: typer.Context, file: FILE) -> None:
    """Put a backup in the database's place; what may have gone since it was made is in doubt."""
    from lifecycle.cli import dumping, place
    from lifecycle.cli.lock import WriterLock

    said = asked(ctx)
    settings = place.read_settings(said.project)
    url = place.database_url(said, settings)
    database = place.database_file(url)
    if database is None:
        raise dumping.how_to_restore(url, file)
    lock = WriterLock(database)
    lock.take("lifecycle restore")
    try:
        told = _restore(said, settings, file, database)
    finally:
        lock.release()

    def human(out: Any) -> None:
        for line in in_words(told):
            out.print(line)

    said.answer(told, human)


def _restore(said: Any, settings: Any, file: Path, database: Path) -> dict[str, Any]:
    from lifecycle.cli import copying, place
    from lifecycle.cli.keeping import put_in_use
    from lifecycle.clock import SystemClock
    from lifecycle.core.words import rfc3339
    from lifecycle.errors import EnvironmentFailed
    from lifecycle.store import migrate
    from lifecycle.store.database import Database

    if not file.is_file():
        raise EnvironmentFailed("there is no such backup", cause=str(file))
    copying.check(file)
    now = SystemClock().now()
    coming = database.with_name(database.name + ".restoring")
    coming.unlink(missing_ok=True)
    copying.copy(file, coming, None)
    opened = Database(f"sqlite:///{coming}")
    try:
        migrate.upgrade(opened)
        key = place.shop_key(said.project, settings)
        done = put_in_use(opened, said.project, key, now, asked=True)
    finally:
        opened.close()
    aside = copying.put_aside(database, now)
    copying.put_in_place(coming, database)
    return {
        "database": str(database),
        "put_aside": str(aside) if aside else None,
        "backed_up_at": rfc3339(done.backed_up_at) if done else None,
        "restored_at": rfc3339(now),
        "attempts_unknown": done.known_gone if done else 0,
        "messages_in_doubt": done.in_doubt if done else 0,
        "done_again": done.done_again if done else {},
    }


def in_words(told: dict[str, Any]) -> list[str]:
    """What a restoration came to, and what is left to do, in sentences."""
    lines = [f"{told['database']} is the backup of {told['backed_up_at']} now."]
    if told["put_aside"]:
        lines.append(f"What was there before lies in {told['put_aside']}: nothing was deleted.")
    lines.append(
        f"The journal tells of {told['attempts_unknown']} attempts that the backup does not know; "
        f"{told['messages_in_doubt']} letters that waited in it are uncertain."
    )
    again = ", ".join(f"{count} {kind}" for kind, count in told["done_again"].items() if count)
    if again:
        lines.append(f"Done again from the journal: {again}.")
    span = f"{told['backed_up_at']} and {told['restored_at']}"
    return [
        *lines,
        f"Events, customers and consents that came between {span} are not in it:",
        "import them again, with lifecycle import.",
        "If the journal in .lifecycle/journal is whole, say so: lifecycle doctor --restored.",
        "Until then no letter goes that fell due in that time, unless it is settled by hand.",
    ]
