"""Whether it is the database that failed, and not what was asked of it."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import InterfaceError, OperationalError

_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""What SQLite answers where somebody else holds the file, or the disk does not do its part."""
_FAMILY = 0xFF
"""Of an extended code of SQLite, the plain one."""
_TOO_LARGE = "54"
"""The class of PostgreSQL's states for what is more than it takes, such as a row of an index."""


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database is locked, full, or not to be reached for now.

    Then everything else that is asked of it fails as well, and the same may go well later.
    """
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", None)
        return code is not None and code & _FAMILY in _AWAY
    return not str(getattr(error.orig, "sqlstate", None)).startswith(_TOO_LARGE)
