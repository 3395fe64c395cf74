"""`lifecycle report …`: what campaigns, tests, hours, letters and rewards came to."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked, group

report = group("report", "What campaigns, experiments, hours, letters and rewards came to.")
NAME = Annotated[str, typer.Argument(metavar="NAME", help="The campaign's file name.")]
BAR = 30


@report.command("campaign", epilog=EVERYWHERE)
def campaign(ctx: typer.Context, name: NAME) -> None:
    """Letters, clicks, goals and revenue by step and variant, and the lift over the holdout."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.campaign import campaign_report

    said = asked(ctx)
    with reading(said) as desk:
        settings = desk.catalog.settings
        found = campaign_report(desk.connection, desk.campaign(name), settings, desk.now)

    def human(out: Any) -> None:
        out.print(f"[bold]{found.campaign}[/]  {found.name} ({found.status})")
        if found.ordered:
            out.print(f"[bold]{found.ordered}[/]")
        for one in found.occasions:
            out.print(occasion_told(one))
        what = ", ".join(f"{count} {what}" for what, count in found.decisions.items())
        out.print(what or "Nothing was decided yet.")
        if found.dropped:
            why = ", ".join(f"{count} {reason}" for reason, count in found.dropped.items())
            out.print(f"dropped: {why}")
        heads = (
            *("step", "variant", "sent", "delivered", "clicked", "by machines", "goals"),
            *("by click", "by letter", "left"),
        )
        rows = [
            (
                one.step,
                one.variant,
                one.sent,
                one.delivered,
                rate(one.clicked),
                one.clicked_by_machines,
                rate(one.goals),
                f"{one.click.revenue} {found.currency}",
                f"{one.touch.revenue} {found.currency}",
                one.unsubscribed,
            )
            for one in found.letters
        ]
        if rows:
            out.print(table(heads, rows))
        for line in (*found.worth.told, *(found.measured.told if found.measured else ())):
            out.print(line)

    said.answer(found, human)


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


@report.command("experiment", epilog=EVERYWHERE)
def experiment(ctx: typer.Context, name: NAME) -> None:
    """How the variants of a campaign compare; it may be looked at at any time."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.experiment import experiment_report

    said = asked(ctx)
    with reading(said) as desk:
        shop = desk.catalog.settings.shop
        about = {"zone": shop.timezone, "currency": shop.currency}
        found = experiment_report(desk.connection, desk.campaign(name), desk.now, **about)

    def human(out: Any) -> None:
        if not found:
            out.print("No step of this campaign has variants.")
        for step in found:
            which = f"{step.step} {step.occasion}".strip()
            out.print(f"[bold]{which}[/]  by {step.by}, at {step.confidence:g} % confidence")
            rows = [
                (
                    one.variant,
                    one.share.of,
                    rate(one.share) if one.mean is None else f"{one.mean:.2f}",
                    "" if one.p is None else f"{one.p:.3f}",
                )
                for one in step.variants
            ]
            out.print(table(("variant", "letters", step.by, "always-valid p"), rows))
            out.print(step.sentence)
            for warning in step.warnings:
                out.print(f"[yellow]{warning}[/]")

    said.answer(found, human)


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


@report.command("deliverability", epilog=EVERYWHERE)
def deliverability(ctx: typer.Context) -> None:
    """Bounces, complaints, what was dropped, and letters of unknown fate: the last 30 days."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.deliverability import deliverability_report
    from lifecycle.insight.spoken import late_by

    said = asked(ctx)
    with reading(said) as desk:
        rule = desk.catalog.settings.sending.breaker
        settings = desk.catalog.settings
        found = deliverability_report(desk.connection, desk.now, rule, settings)

    def human(out: Any) -> None:
        heads = ("campaign", "sent", "delivered", "bounced", "complained", "unsubscribed")
        rows = [
            (
                one.campaign or "all",
                one.sent,
                one.delivered,
                rate(one.bounced),
                rate(one.complained),
                rate(one.unsubscribed),
            )
            for one in (*found.campaigns, found.overall)
        ]
        out.print(table(heads, rows))
        _with_providers(out, found)
        for told, counts in (("dropped", found.dropped), ("suppressed", found.suppressed)):
            if counts:
                out.print(f"{told}: " + ", ".join(f"{n} {why}" for why, n in counts.items()))
        for warning in found.warnings:
            out.print(f"[red]{warning}[/]")
        if found.uncertain:
            out.print(f"{len(found.uncertain)} letters of unknown fate:")
        for letter in found.uncertain:
            age = late_by(letter.age_seconds)
            out.print(f"  {letter.message_id}  {letter.campaign}/{letter.step}  for {age}")
            out.print(f"    attempt {letter.attempt} ({letter.attempts}): {letter.evidence}")
        if found.resent:
            out.print(f"{found.resent_count} letters went again though their fate was unknown:")
        for again in found.resent:
            twice = ", and both attempts were accepted" if again.accepted_twice else ""
            place = f"{again.campaign}/{again.step}"
            out.print(f"  {again.message_id}  {place}  at {again.at:%Y-%m-%d %H:%M} UTC{twice}")

    said.answer(found, human)


def _with_providers(out: Any, found: Any) -> None:
    """How letters fare with mailbox providers, and where warming up stands."""
    from lifecycle.cli.doctor_deliverability import warming_words

    rows = [
        (one.name, one.sent, one.delivered, rate(one.bounced), rate(one.complained))
        for one in (*found.providers, *found.domains)
    ]
    if rows:
        heads = ("provider or domain", "sent", "delivered", "bounced", "complained")
        out.print(table(heads, rows))
    if found.warming is not None:
        out.print(f"warming up {warming_words(found.warming)}")


@report.command("rewards", epilog=EVERYWHERE)
def rewards(ctx: typer.Context) -> None:
    """Points given and owed, incentives issued and redeemed, referrals."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.rewards import rewards_report

    said = asked(ctx)
    with reading(said) as desk:
        found = rewards_report(desk.connection, desk.catalog.settings, desk.now)

    def human(out: Any) -> None:
        out.print(
            f"{found.points_given} points given, {found.points_usable} usable by "
            f"{found.customers_with_points} customers (worth {found.worth} {found.currency}), "
            f"{found.points_pending} pending"
        )
        if found.incentives:
            rows = [(one.campaign, one.kind, one.issued, one.redeemed) for one in found.incentives]
            out.print(table(("campaign", "incentive", "issued", "redeemed"), rows))
        if found.referrals:
            told = ", ".join(f"{count} {state}" for state, count in found.referrals.items())
            out.print(f"referrals: {told}")

    said.answer(found, human)


def rate(share: Any) -> str:
    """A share as people read it: count, rate and its 95 % interval."""
    if share.rate is None:
        return "–"
    return f"{share.met} = {share.rate:.1%} ({share.low:.1%} to {share.high:.1%})"


def table(heads: tuple[str, ...], rows: Any) -> Any:
    """A table without frills; numbers stand to the right."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    listed = [tuple(row) for row in rows]
    for place, head in enumerate(heads):
        numbers = bool(listed) and all(isinstance(row[place], int) for row in listed)
        made.add_column(head, justify="right" if numbers else "left")
    for row in listed:
        made.add_row(*(escape(str(cell)) for cell in row))
    return made
