"""The keys and values of the language that this version does not carry out yet."""

from __future__ import annotations

LATER_KEYS: dict[tuple[str, str], tuple[str, ...]] = {}
"""By kind of file and name of the table; `not_yet` says it."""
LATER_VALUES: dict[tuple[str, str, str], object] = {}
"""By kind of file, name of the table, and key."""


def not_yet(what: str) -> str:
    """The sentence that refuses a key or value of the language."""
    return f"{what} belongs to the language, but this version does not carry it out yet"
