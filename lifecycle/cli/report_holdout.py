"""`lifecycle report holdout`: what all marketing brings, and what holding customers out costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.report_files import DayRows, Pictures, Rows, files_asked
from lifecycle.cli.reports import report, say

if TYPE_CHECKING:
    from rich.console import Console

    from lifecycle.insight.global_holdout import GlobalHoldout

DAYS_OPTION = typer.Option(metavar="N", min=1, help="So many days, up to now.")
NONE = (
    "No customer is held out of all marketing. To know what marketing brings, write\n"
    "global_holdout_percent = 5 under [sending] in settings.toml."
)
NOBODY = "Nobody whom marketing may reach is known yet."


@report.command("holdout", epilog=EVERYWHERE)
def holdout(
    ctx: typer.Context,
    days: Annotated[int, DAYS_OPTION] = 90,
    picture: Pictures = None,
    csv: Rows = None,
    csv_by_day: DayRows = None,
) -> None:
    """What all marketing brings, by the holdout of the whole shop, and what that costs."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.global_holdout import global_holdout

    said = asked(ctx)
    files = files_asked(said, picture, csv, csv_by_day)
    with reading(said) as desk:
        settings = desk.catalog.settings
        found = global_holdout(desk.connection, settings, desk.now, days)
    nothing = NOBODY if settings.sending.global_holdout_percent else NONE

    def drawn() -> Any:
        from lifecycle.insight.pictures.holdout import holdout_picture

        return holdout_picture(found, nothing.replace("\n", " "))

    def rows() -> Any:
        from lifecycle.insight.sheets.holdout import holdout_sheet

        return holdout_sheet(found)

    def by_day() -> Any:
        from lifecycle.insight.sheets.holdout import holdout_day_sheet

        return holdout_day_sheet(found)

    files.write(said, drawn, rows, by_day)
    if not files.takes_the_screen:
        said.answer(found, lambda out: _told(out, found, nothing))


def _told(out: Console, found: GlobalHoldout | None, nothing: str) -> None:
    if found is None:
        say(out, nothing)
        return
    if found.ratio.alarm:
        say(out, found.told[-1], "bold red")
    since = found.in_force_since
    told = f", in force since {since:%Y-%m-%d}" if since is not None else ""
    say(
        out,
        f"{found.percent:g} % are held out of all marketing{told}: {found.held_out.of:,} of "
        f"{found.held_out.of + found.entered.of:,} whom it may reach",
    )
    for line in found.told[: -1 if found.ratio.alarm else None]:
        say(out, line)
