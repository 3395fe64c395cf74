"""A code for incentives, as a file of them names it."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.sources.fields import Fields, Line

KNOWN = ("code",)
MAX_CODE_BYTES = 200


@dataclass(frozen=True, slots=True)
class CodeIn:
    """One code of a pool, just as the shop's checkout knows it."""

    code: str


def read_code_line(raw: Line) -> CodeIn:
    """Read one line: its `code`, without blanks around it. Raises Refused."""
    fields = Fields(raw, KNOWN)
    return CodeIn(fields.identity("code", limit=MAX_CODE_BYTES).strip())
