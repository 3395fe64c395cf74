"""`lifecycle report holdout`: what all marketing brings, and what holding customers out costs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.reports import report

DAYS_OPTION = typer.Option(metavar="N", min=1, help="So many days, up to now.")
NONE = (
    "No customer is held out of all marketing. To know what marketing brings, write\n"
    "global_holdout_percent = 5 under [sending] in settings.toml."
)
NOBODY = "Nobody whom marketing may reach is known yet."


@report.command("holdout", epilog=EVERYWHERE)
def holdout(ctx: typer.Context, days: Annotated[int, DAYS_OPTION] = 90) -> None:
    """What all marketing brings, by the holdout of the whole shop, and what that costs."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.global_holdout import global_holdout

    said = asked(ctx)
    with reading(said) as desk:
        settings = desk.catalog.settings
        found = global_holdout(desk.connection, settings, desk.now, days)

    def human(out: Any) -> None:
        if found is None:
            out.print(NOBODY if settings.sending.global_holdout_percent else NONE)
            return
        since = found.in_force_since
        told = f", in force since {since:%Y-%m-%d}" if since is not None else ""
        out.print(
            f"{found.percent:g} % are held out of all marketing{told}: {found.held_out.of:,} of "
            f"{found.held_out.of + found.entered.of:,} whom it may reach"
        )
        for line in found.told:
            out.print(line)

    said.answer(found, human)
