"""`lifecycle report campaign`: letters by step and variant, and what they were worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.report_files import DayRows, Pictures, Rows, files_asked
from lifecycle.cli.reports import NAME, rate, report, say, table
from lifecycle.insight.money_told import amount_told, money_told

if TYPE_CHECKING:
    from rich.console import Console

    from lifecycle.insight.attribution import Credited
    from lifecycle.insight.campaign import CampaignReport, Letters, Worth


@report.command("campaign", epilog=EVERYWHERE)
def campaign(
    ctx: typer.Context,
    name: NAME,
    picture: Pictures = None,
    csv: Rows = None,
    csv_by_day: DayRows = None,
) -> None:
    """Letters, clicks, goals and revenue by step and variant, and the lift over the holdout."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.campaign import campaign_report

    said = asked(ctx)
    files = files_asked(said, picture, csv, csv_by_day)
    with reading(said) as desk:
        of = desk.campaign(name)
        found = campaign_report(desk.connection, of, desk.catalog.settings, desk.now)

    def drawn() -> Any:
        from lifecycle.insight.lift_spoken import did_words
        from lifecycle.insight.pictures.campaign import campaign_picture

        return campaign_picture(found, did_words(of))

    def rows() -> Any:
        from lifecycle.insight.sheets.campaign import campaign_sheet

        return campaign_sheet(found)

    def by_day() -> Any:
        from lifecycle.insight.sheets.campaign import campaign_day_sheet

        return campaign_day_sheet(found)

    files.write(said, drawn, rows, by_day)
    if not files.takes_the_screen:
        said.answer(found, lambda out: _told(out, found))


def occasion_told(one: Any) -> str:
    """How far an occasion has got, in a line."""
    from lifecycle.core.occasion import ONCE
    from lifecycle.core.words import rfc3339

    which = "" if one.occasion == ONCE else f"{one.occasion} "
    wave = f" wave {one.wave + 1}" if one.wave else ""
    state = f"{one.state} ({one.reason})" if one.reason else one.state
    next_at = f", next at {rfc3339(one.moment)}" if one.moment is not None else ""
    tested = f", {one.tested:.1f} % test" if one.tested is not None else ""
    return f"{which}{one.step}{wave}: {state}, {one.enrolled} let in{tested}{next_at}"


def _told(out: Console, found: CampaignReport) -> None:
    say(out, f"{found.campaign}  {found.name} ({found.status})", "bold")
    if found.ordered:
        say(out, found.ordered, "bold")
    measured = found.measured
    alarm = measured is not None and measured.ratio.alarm
    if measured is not None and alarm:
        say(out, measured.told[-1], "bold red")
    for one in found.occasions:
        say(out, occasion_told(one))
    what = ", ".join(f"{count:,} {what}" for what, count in found.decisions.items())
    say(out, what or _nothing(found))
    if found.dropped:
        why = ", ".join(f"{count:,} {reason}" for reason, count in found.dropped.items())
        say(out, f"dropped: {why}")
    if not found.letters:
        return
    out.print(_letters(found))
    for line in _unnamed(found):
        say(out, line)
    out.print(_earned(found))
    if found.worth is not None:
        for line in _worth(found.worth):
            say(out, line)
    if measured is not None:
        out.print()
        say(out, "Those let in beside those held out", "bold")
        for line in measured.told[: -1 if alarm else None]:
            say(out, f"  {line}")


def _nothing(found: CampaignReport) -> str:
    if found.status == "draft":
        return 'It is a draft: nobody comes in and nothing goes out until its status is "live".'
    return "Nothing was decided yet: nobody has come in."


def _letters(found: CampaignReport) -> Any:
    heads = ("step", "variant", "sent", "delivered", "clicked by people", "by machines", "left")
    rows = [
        (
            *(one.step, one.variant, f"{one.sent:,}", f"{one.delivered:,}", rate(one.clicked)),
            *(f"{one.clicked_by_machines:,}", f"{one.unsubscribed:,}"),
        )
        for one in found.letters
    ]
    return table(*_without_variants(heads, rows), right=("sent", "delivered", *heads[-2:]))


def _unnamed(found: CampaignReport) -> Iterator[str]:
    """What is known of letters whose opens and clicks are counted without a name."""
    hits = [one for one in found.letters if one.opened_unnamed or one.clicked_unnamed]
    if hits:
        yield "Counted without a name, each hit of a person, and not in the column above:"
    for one in hits:
        which = f"{one.step} {one.variant}".strip()
        yield f"  {which}: {one.clicked_unnamed:,} clicks, {one.opened_unnamed:,} opens"


def _earned(found: CampaignReport) -> Any:
    heads = ("step", "variant", "goals", "worth of goals", "after a click", "after a letter")
    rows = [
        (
            *(one.step, one.variant, rate(one.goals), _worth_of_goals(one, found.currency)),
            money_told(one.click.revenue, found.currency),
            money_told(one.touch.revenue, found.currency),
        )
        for one in found.letters
    ]
    made = table(*_without_variants(heads, rows), right=heads[3:])
    made.caption = "A goal counts for the last letter of the campaign before it."
    made.caption_justify = "left"
    made.caption_style = ""
    return made


def _worth_of_goals(one: Letters, currency: str) -> str:
    others = (money_told(of.revenue, name) for name, of in one.other_currencies.items())
    return ", and ".join((money_told(one.revenue, currency), *others))


def _without_variants(
    heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], Sequence[tuple[str, ...]]]:
    """Leave out the column of variants where there are none."""
    if any(row[1] for row in rows):
        return heads, rows
    return (heads[0], *heads[2:]), [(row[0], *row[2:]) for row in rows]


def _worth(worth: Worth) -> Iterator[str]:
    """The three figures, each with what it counts; none of them is told alone."""
    more = worth.incremental
    yield "What it was worth, by three ways of counting (refunds subtracted)"
    yield f"  After a click: {_credited(worth.click, worth.currency)}."
    yield (
        f"    Counts orders within {worth.click_within} of a person's click, each for the letter "
        "of the last click."
    )
    yield f"  After a letter: {_credited(worth.touch, worth.currency)}."
    yield (
        f"    Counts orders within {worth.touch_within} of a letter, clicked or not, each for the "
        "last letter: many would have come anyway."
    )
    if more.revenue is None or more.low is None or more.high is None:
        yield f"  Above those held out: – ({more.reason})."
    else:
        low, high = (amount_told(one, worth.currency) for one in (more.low, more.high))
        about = money_told(more.revenue, worth.currency)
        yield f"  Above those held out: about {about} ({low} to {high})."
    yield (
        "    Counts what those let in bought more than those held out: what would not have come "
        "without the campaign."
    )


def _credited(found: Credited, currency: str) -> str:
    orders = f"{found.orders:,} order{'' if found.orders == 1 else 's'}"
    others = "".join(
        f", and {money_told(one.revenue, name)} ({one.orders:,})"
        for name, one in found.other_currencies.items()
    )
    return f"{money_told(found.revenue, currency)} in {orders}{others}"
