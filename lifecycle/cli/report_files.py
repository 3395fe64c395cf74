"""What a report leaves beside the screen: pictures as PNG and SVG, and rows as CSV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifecycle.cli.asked import Asked
from lifecycle.errors import EnvironmentFailed, UsageError

if TYPE_CHECKING:
    from lifecycle.insight.pictures.page import Picture
    from lifecycle.insight.sheets.sheet import Sheet

ENDINGS = (".png", ".svg")
STANDARD_OUTPUT = "-"

Pictures = Annotated[
    list[Path] | None,
    typer.Option(
        "--picture",
        metavar="FILE",
        help="Draw it: a .png or .svg, by the name's ending; may be said several times.",
        show_default=False,
    ),
]
Rows = Annotated[
    str | None,
    typer.Option("--csv", metavar="FILE", help="Write the figures as CSV; - is standard output."),
]
DayRows = Annotated[
    str | None,
    typer.Option(
        "--csv-by-day", metavar="FILE", help="Write them day by day; - is standard output."
    ),
]


@dataclass(frozen=True, slots=True)
class Files:
    """The files that were asked for; sheets are told by their place: all, then day by day."""

    pictures: tuple[Path, ...]
    sheets: tuple[str | None, ...]

    @property
    def takes_the_screen(self) -> bool:
        """Whether rows go to standard output, so that nothing else may."""
        return STANDARD_OUTPUT in self.sheets

    def write(
        self, said: Asked, picture: Callable[[], Picture], *sheets: Callable[[], Sheet]
    ) -> None:
        """Write what was asked for, and say so on standard error. Raises EnvironmentFailed."""
        for name, sheet in zip(self.sheets, sheets, strict=False):
            if name is not None:
                self._write_rows(said, name, sheet())
        if not self.pictures:
            return
        from lifecycle.insight.pictures.saving import WRITERS

        drawn = picture()
        for path in self.pictures:
            _write(path, WRITERS[path.suffix.lower()](drawn))
            said.tell(f"drawn: {path}")

    def _write_rows(self, said: Asked, name: str, sheet: Sheet) -> None:
        from lifecycle.insight.sheets.sheet import as_csv

        content = as_csv(sheet).encode()
        if name == STANDARD_OUTPUT:
            # As bytes: a text stream would end lines as the system does, not as the RFC says.
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return
        _write(Path(name), content)
        said.tell(f"written: {name}")


def files_asked(said: Asked, pictures: Sequence[Path] | None, *sheets: str | None) -> Files:
    """Take in the options before any work is done. Raises UsageError."""
    for path in pictures or ():
        if path.suffix.lower() not in ENDINGS:
            raise UsageError(
                f"--picture {path}: a picture is a .png or a .svg", remedy="End its name so."
            )
    found = Files(tuple(pictures or ()), sheets)
    if sheets.count(STANDARD_OUTPUT) > 1 or (found.takes_the_screen and said.json):
        raise UsageError(
            "only one thing can go to standard output", remedy="Name a file in place of -."
        )
    return found


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise EnvironmentFailed(f"{path} cannot be written: {error.strerror}") from error
