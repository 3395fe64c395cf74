"""What Alembic runs migrations in: always the connection it was handed, in its transaction."""

from __future__ import annotations

from alembic import context

from lifecycle.store.tables import METADATA


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
