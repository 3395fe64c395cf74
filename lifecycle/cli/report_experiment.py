"""`lifecycle report experiment`: how the variants of a campaign compare, in words first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.report_files import DayRows, Pictures, Rows, files_asked
from lifecycle.cli.reports import NAME, UNKNOWN, report, say, table
from lifecycle.errors import UsageError
from lifecycle.insight.money_told import amount_told, money_told

if TYPE_CHECKING:
    from rich.console import Console

    from lifecycle.cli.reading import Desk
    from lifecycle.core.campaign import Campaign
    from lifecycle.insight.tested import StepReport, VariantScore

STEP = typer.Option(metavar="STEP", help="This step alone.", show_default="all")
MEASURES = {
    "click_rate": "clicked by people",
    "goal_rate": "led to the goal",
    "open_rate": "opened by people",
}


@report.command("experiment", epilog=EVERYWHERE)
def experiment(
    ctx: typer.Context,
    name: NAME,
    step: Annotated[str | None, STEP] = None,
    picture: Pictures = None,
    csv: Rows = None,
    csv_by_day: DayRows = None,
) -> None:
    """How the variants of a campaign compare; it may be looked at at any time."""
    from lifecycle.cli.reading import reading

    said = asked(ctx)
    files = files_asked(said, picture, csv, csv_by_day)
    with reading(said) as desk:
        campaign, shop = desk.campaign(name), desk.catalog.settings.shop
        found = _found(desk, campaign, step)
    zone, currency = shop.timezone, shop.currency

    def drawn() -> Any:
        from lifecycle.insight.experiment_words import nothing_words
        from lifecycle.insight.pictures.experiment import experiment_picture

        nothing = nothing_words(campaign)
        return experiment_picture(found, campaign.name, zone, currency, nothing=nothing)

    def rows() -> Any:
        from lifecycle.insight.sheets.experiment import experiment_sheet

        return experiment_sheet(found, currency)

    def by_day() -> Any:
        from lifecycle.insight.sheets.experiment import experiment_day_sheet

        return experiment_day_sheet(found, zone)

    files.write(said, drawn, rows, by_day)
    if not files.takes_the_screen:
        said.answer(found, lambda out: _told(out, campaign, found, currency))


def _found(desk: Desk, campaign: Campaign, wanted: str | None) -> tuple[StepReport, ...]:
    """The report of a campaign's tests; of a bandit with what it favours. Raises UsageError."""
    from lifecycle.catalog.problem import did_you_mean
    from lifecycle.core.campaign import Flow, letters_of
    from lifecycle.insight.bandit import bandit_report
    from lifecycle.insight.experiment import experiment_report

    shop = desk.catalog.settings.shop
    about = {"zone": shop.timezone, "currency": shop.currency}
    steps = {step.name: step for _, step in letters_of(campaign) if step.variant}
    if wanted is not None and wanted not in steps:
        hint = did_you_mean(wanted, steps)
        raise UsageError(f"no step “{wanted}” of “{campaign.id}” has variants", remedy=hint)
    found = []
    for one in experiment_report(desk.connection, campaign, desk.now, **about):
        if wanted in (None, one.step):
            bandit = None
            if isinstance(campaign, Flow):
                bandit = bandit_report(desk.connection, campaign, steps[one.step], desk.now)
            if bandit is not None:
                one = replace(one, bandit=bandit, sentence=bandit.sentence)
            found.append(one)
    return tuple(found)


def _told(out: Console, campaign: Campaign, found: Sequence[StepReport], currency: str) -> None:
    from lifecycle.core.campaign import letters_of
    from lifecycle.insight.experiment_words import nothing_words

    if not found:
        say(out, nothing_words(campaign))
        if not any(step.variant for _, step in letters_of(campaign)):
            say(out, "To test something, give a step several [[step.variant]], each with a name.")
        return
    if campaign.status == "draft":
        say(out, f"“{campaign.id}” is a draft: none of its letters goes out.")
    for step in found:
        which = " ".join(part for part in (campaign.id, step.step, step.occasion) if part)
        how = "shares follow the answers" if step.bandit else f"{step.confidence:g} % confidence"
        out.print()
        say(out, f"{which}: by {step.by}, {how}", "bold")
        for line in _alarm(step):
            say(out, line, "bold red")
        for line in _sentences(step):
            say(out, line)
        out.print(_compared(step, currency))
        out.print(_totals(step, currency))
        for warning in step.warnings:
            say(out, warning, "yellow")


def _alarm(step: StepReport) -> Iterator[str]:
    """That letters were not shared out as the shares say, before anything else is told."""
    from lifecycle.core.verdict_words import RATIO_WRONG

    if step.ratio is None or not step.ratio.wrong:
        return
    yield RATIO_WRONG
    many = sum(step.ratio.counted) or 1
    names = [one.variant for one in step.variants]
    yield "Given out: " + ", ".join(
        f"“{name}” {count:,} = {count / many:.1%} instead of {share:.1%}"
        for name, count, share in zip(names, step.ratio.counted, step.ratio.expected, strict=False)
    )


def _sentences(step: StepReport) -> Iterator[str]:
    from lifecycle.core.verdict_words import RATIO_WRONG
    from lifecycle.core.words import about

    if step.sentence != RATIO_WRONG:
        yield step.sentence
    if step.bandit is not None or step.verdict or step.proven:
        return
    least = min((one.share.of for one in step.variants), default=0)
    if step.needs is not None and step.needs > least:
        more = about(step.needs - least)
        yield f"Not enough people to tell: it needs about {more} more letters of each variant."


def _compared(step: StepReport, currency: str) -> Any:
    """What is compared: the letters that have had their time, and how sure their figures are."""
    measure = f"{currency} a letter" if step.by == "revenue" else MEASURES.get(step.by, step.by)
    heads = ["variant", "letters counted", f"{measure} (interval)"]
    if not step.verdict:
        # Once it is decided, how sure that was stands in the sentence, by what was known then.
        heads.append("probably best")
    if step.bandit is not None:
        heads.append("share now")
    rows = [_compared_row(step, one) for one in step.variants]
    return table(tuple(heads), rows, right=("letters counted", "probably best", "share now"))


def _compared_row(step: StepReport, one: VariantScore) -> tuple[str, ...]:
    rate, low, high, best = one.rate, one.low, one.high, one.best
    more: tuple[str, ...] = ()
    if step.bandit is not None:
        mine = next(two for two in step.bandit.variants if two.variant == one.variant)
        best, more = mine.chance, (f"{mine.share:.0%}",)
        if mine.weighed is not None:
            rate, low, high = mine.weighed.rate, mine.weighed.low, mine.weighed.high

    def written(value: float) -> str:
        return amount_told(value, "") if step.by == "revenue" else f"{value:.1%}"

    told = UNKNOWN
    if rate is not None:
        told = written(rate)
        if low is not None and high is not None:
            told += f" ({written(low)} to {written(high)})"
    chance = UNKNOWN if best is None else _chance(best)
    before = () if step.verdict else (chance,)
    return (one.variant, f"{one.share.of:,}", told, *before, *more)


def _chance(value: float) -> str:
    """A probability; never as much as certain."""
    if value > 0.99:
        return ">99%"
    return "<1%" if value < 0.01 else f"{value:.0%}"


def _totals(step: StepReport, currency: str) -> Any:
    """All letters so far, and what came of them."""
    heads = ("variant", "sent", "delivered", "clicked", "opened", "goals", "revenue")
    rows = [
        (
            one.variant,
            *(f"{count:,}" for count in (one.sent, one.delivered, one.clicked, one.opened)),
            f"{one.goals:,}",
            ", and ".join(
                money_told(amount, of)
                for of, amount in ((currency, one.revenue), *one.other_currencies.items())
            ),
        )
        for one in step.variants
    ]
    made = table(heads, rows, right=heads[1:])
    made.title = "All letters so far; clicks and opens by people, goals within their time of it"
    made.title_justify = "left"
    made.title_style = ""
    return made
