"""`lifecycle report send-time`: when readers answer."""

from __future__ import annotations

from typing import Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.reports import rate, report, table

BAR = 30


@report.command("send-time", epilog=EVERYWHERE)
def send_time(ctx: typer.Context) -> None:
    """By the hour on the readers' clocks: letters, clicks, and when customers are there."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.send_time import send_time_report

    said = asked(ctx)
    with reading(said) as desk:
        zone = desk.catalog.settings.shop.timezone
        found = send_time_report(desk.connection, zone, desk.now)

    def human(out: Any) -> None:
        most = max((one.traces for one in found), default=0) or 1
        rows = [
            (
                f"{one.hour:02}:00",
                one.clicked.of,
                rate(one.clicked),
                one.traces,
                "█" * round(BAR * one.traces / most),
            )
            for one in found
        ]
        out.print(table(("hour", "letters", "clicked", "traces", ""), rows))

    said.answer(found, human)
