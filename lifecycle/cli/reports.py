"""`lifecycle report …`: the group of commands, and how all of them set their tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecycle.cli.app import group

if TYPE_CHECKING:
    from rich.console import Console

report = group("report", "What campaigns, experiments, hours, letters and rewards came to.")
NAME = Annotated[str, typer.Argument(metavar="NAME", help="The campaign's file name.")]
UNKNOWN = "–"


def say(out: Console, text: str, style: str | None = None) -> None:
    """Say a sentence as it is: broken between words on a screen, in one line elsewhere.

    What is set in goes on below itself.
    """
    if out.is_terminal:
        from textwrap import fill

        inset = " " * (len(text) - len(text.lstrip(" ")))
        text = fill(text, out.width - 1, subsequent_indent=inset, break_on_hyphens=False)
    out.print(text, style=style, markup=False, soft_wrap=True)


def rate(share: Any) -> str:
    """A share as people read it: count, rate and its 95 % interval."""
    if share.rate is None:
        return UNKNOWN
    if share.low is None:
        return f"{share.met:,} = {share.rate:.1%}"
    return f"{share.met:,} = {share.rate:.1%} ({share.low:.1%} to {share.high:.1%})"


def table(heads: tuple[str, ...], rows: Iterable[Any], right: Collection[str] = ()) -> Any:
    """A table without frills; numbers stand to the right, and so do the columns named in `right`.

    A word too long for its column goes on below.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    listed = [tuple(row) for row in rows]
    for place, head in enumerate(heads):
        numbers = bool(listed) and all(isinstance(row[place], int) for row in listed)
        to_the_right = numbers or head in right
        made.add_column(head, justify="right" if to_the_right else "left", overflow="fold")
    for row in listed:
        made.add_row(*(escape(str(cell)) for cell in row))
    return made
