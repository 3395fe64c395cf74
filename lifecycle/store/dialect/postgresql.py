"""PostgreSQL 15 or newer through psycopg: the same statements, claims with SKIP LOCKED."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url

from lifecycle.errors import EnvironmentFailed

CONNECTIONS = 10
SET_MEMORY_MB = 256
SCHEMA_LOCK = 7_274_105_118
"""The number of the advisory lock under which migrations run."""


def engines(url: str, *, durable: bool) -> tuple[Engine, Engine]:
    """The writer's and the readers' engine, which are one. Raises EnvironmentFailed."""
    try:
        import psycopg
    except ImportError as missing:
        raise EnvironmentFailed(
            "PostgreSQL needs a driver",
            cause="psycopg is not installed",
            remedy="install lifecycle with its extra: pip install 'lifecycle[postgres]'",
        ) from missing
    assert psycopg
    address = make_url(url).set(drivername="postgresql+psycopg")
    options = "" if durable else "-c synchronous_commit=off"
    engine = create_engine(
        address,
        pool_size=CONNECTIONS,
        pool_pre_ping=True,
        connect_args={"options": f"-c timezone=UTC {options}".strip()},
    )
    return engine, engine


def lock_schema(connection: Connection) -> None:
    """Wait until no other process migrates; held to the end of the transaction."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")


def allow_large_sets(connection: Connection) -> None:
    """Let this transaction hash sets of customers instead of searching them row by row."""
    connection.exec_driver_sql(f"SET LOCAL work_mem = '{SET_MEMORY_MB}MB'")
