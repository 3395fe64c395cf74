"""Writes the first migration anew from the tables.

Run `python -m lifecycle.store.migrations.regenerate`, then `make format`.
Only until the first release: from then on a change is a migration of its own, the next number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import create_engine

from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import Instant, Json

FIRST = Path(__file__).parent / "versions" / "0001_first.py"
_HEAD = '''"""The first migration: every table. Written by lifecycle.store.migrations.regenerate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    for make in EVERY:
        make()
'''


def first_migration() -> str:
    """The text of the first migration, one function a table and one for its indexes."""
    with create_engine("sqlite://").connect() as connection:
        found = produce_migrations(MigrationContext.configure(connection), METADATA).upgrade_ops
    assert found is not None
    parts: dict[str, list[ops.MigrateOperation]] = {}
    for one in found.ops:
        below = one.ops if isinstance(one, ops.ModifyTableOps) else [one]
        for step in below:
            about = "" if isinstance(step, ops.CreateTableOp) else "_indexes"
            parts.setdefault(f"{getattr(step, 'table_name', '')}{about}", []).append(step)
    every = "".join(f"    _{part},\n" for part in parts)
    bodies = [f"\n\ndef _{part}() -> None:\n{_body(steps)}" for part, steps in parts.items()]
    return _HEAD + "".join(bodies) + f"\n\nEVERY = (\n{every})\n"


def _body(steps: list[ops.MigrateOperation]) -> str:
    rendered = render_python_code(ops.UpgradeOps(steps), render_item=_plain_type, imports=[])
    lines = (line.removeprefix("    ") for line in rendered.splitlines())
    said = (line for line in lines if line.strip() and not line.lstrip().startswith(("#", "info=")))
    return "".join(f"    {line}\n" for line in said)


def _plain_type(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Types of ours by what the database sees, so that a migration outlives our code."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, Json):
        return "sa.Text()"
    if kind == "type" and type(item).__name__ == "AutoString":
        return "sa.String()"
    return False


if __name__ == "__main__":
    FIRST.write_text(first_migration())
