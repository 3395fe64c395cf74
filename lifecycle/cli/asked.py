"""What every command is told beside its own arguments, and how it answers: plainly or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 200
"""Columns of a table that goes into a file or a pipe: there is no screen to fit."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The project, the manner of answering, and the database if one was named."""

    project: Path
    json: bool = False
    database: str | None = None

    def answer(self, data: Any, human: Callable[[Console], None]) -> None:
        """Put an answer on standard output: `data` as JSON where asked for, else as `human` does.

        Instants are RFC 3339 in UTC; dataclasses are objects.
        """
        if self.json:
            import msgspec

            said = msgspec.json.encode(data, enc_hook=str)
            print(msgspec.json.format(said, indent=2).decode())
        else:
            human(console())

    def tell(self, text: str) -> None:
        """Say something on standard error: progress, a warning, what was done meanwhile."""
        print(text, file=sys.stderr, flush=True)


def console(*, errors: bool = False) -> Console:
    """Where people read: with colours on a terminal, plain otherwise."""
    from rich.console import Console

    file = sys.stderr if errors else sys.stdout
    width = None if file.isatty() else PLAIN_WIDTH
    return Console(file=file, width=width, highlight=False, soft_wrap=True, emoji=False)
