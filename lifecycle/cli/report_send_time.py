"""`lifecycle report send-time`: when readers answer, and what choosing their hours brings."""

from __future__ import annotations

from typing import Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.report_files import Pictures, Rows, files_asked
from lifecycle.cli.reports import rate, report, say, table

BAR = 24
HEADS = ("hour", "letters", "clicked", "at once", "traces", "")
BY_DECISION = {
    "chosen": "chosen",
    "shop": "control, the shop's hour",
    "list": "control, the list's best hour",
    "default": "the shop's hour, before anything was known",
}


@report.command("send-time", epilog=EVERYWHERE)
def send_time(ctx: typer.Context, picture: Pictures = None, csv: Rows = None) -> None:
    """By the hour on the readers' clocks: letters, clicks, what is learned, and what it brings."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.best_hours import best_hours_report
    from lifecycle.insight.send_time import send_time_report

    said = asked(ctx)
    files = files_asked(said, picture, csv)
    with reading(said) as desk:
        settings = desk.catalog.settings
        hours = send_time_report(desk.connection, settings.shop.timezone, desk.now)
        best = best_hours_report(desk.connection, settings.sending)

    def drawn() -> Any:
        from lifecycle.insight.pictures.heat_map import send_time_picture

        return send_time_picture(best)

    def rows() -> Any:
        from lifecycle.insight.sheets.send_time import send_time_sheet

        return send_time_sheet(best)

    def human(out: Any) -> None:
        _by_hour(out, hours)
        _learned(out, best)

    files.write(said, drawn, rows)
    if not files.takes_the_screen:
        said.answer({"hours": hours, "best_hours": best}, human)


def _by_hour(out: Any, hours: Any) -> None:
    most = max((one.traces for one in hours), default=0) or 1
    rows = [
        (
            f"{one.hour:02}:00",
            one.at_hours.of,
            rate(one.at_hours),
            one.clicked.of - one.at_hours.of,
            one.traces,
            "█" * round(BAR * one.traces / most),
        )
        for one in hours
    ]
    out.print(table(HEADS, rows))
    say(out, "Letters without an `at` went at once, when people were there anyway: counted apart.")


def _learned(out: Any, best: Any) -> None:
    if best.fitted_at is not None:
        say(
            out,
            f"Learned of {best.letters:,} letters and {best.answered:,} answers, since "
            f"{best.since:%Y-%m-%d}, last on {best.fitted_at:%Y-%m-%d}.",
        )
    for line in best.told:
        say(out, line)
    if best.persons_differ:
        say(out, f"Persons differ from the list by {best.persons_differ:.0%} at an hour.")
    for one in best.groups:
        say(out, f"{one.group}: {one.worth:+.0%} at {one.hour:02}:00 against the list.")
    if best.sent:
        rows = [(said, best.sent[name]) for name, said in BY_DECISION.items() if name in best.sent]
        out.print(table(("hour decided by", "letters"), rows))
