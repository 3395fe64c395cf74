"""`lifecycle plan --history`: what went live, when, by whom, and what it changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lifecycle.cli.asked import Asked

MOST = 20
"""So many versions are listed, the live one first."""


def show_history(said: Asked) -> None:
    """List the last versions. Raises EnvironmentFailed where there is no database."""
    from lifecycle.catalog.plan import compare_files
    from lifecycle.cli import place
    from lifecycle.cli.reports import table
    from lifecycle.store.catalog_versions import every

    settings = place.read_settings(said.project)
    database = place.open_database(place.database_url(said, settings), make=False)
    try:
        with database.read() as connection:
            versions = every(connection, MOST + 1)
    finally:
        database.close()
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(versions[:MOST]):
        before = versions[at + 1].files if at + 1 < len(versions) else {}
        changes = [asdict(change) for change in compare_files(before, one.files)]
        told = {"number": one.number, "applied_at": one.applied_at, "applied_by": one.applied_by}
        rows.append({**told, "fingerprint": one.fingerprint, "files": changes})

    def human(out: Any) -> None:
        if not rows:
            out.print("Nothing was ever applied.")
            return
        lines = [
            (
                str(row["number"]),
                row["applied_at"].strftime("%Y-%m-%d %H:%M UTC"),
                row["applied_by"],
                _files(row["files"]),
            )
            for row in rows
        ]
        out.print(table(("version", "applied", "by", "what changed"), lines))

    said.answer(rows, human)


def _files(changes: list[dict[str, Any]]) -> str:
    signs = {"added": "+", "changed": "~", "removed": "-"}
    named = [f"{signs[one['what']]} {one['path']}" for one in changes]
    shown = ", ".join(named[:4])
    return f"{shown} and {len(named) - 4} more" if len(named) > 4 else shown
