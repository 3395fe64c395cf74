"""`lifecycle report deliverability`: how letters fared, and what was never sent."""

from __future__ import annotations

from typing import Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.reports import rate, report, table

HEADS = ("sent", "delivered", "bounced", "of these hard", "complained")


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
        heads = ("campaign", *HEADS, "unsubscribed")
        rows = [
            (
                one.campaign or "all",
                one.sent,
                one.delivered,
                *map(rate, (*_harms(one), one.unsubscribed)),
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
        (one.name, one.sent, one.delivered, *map(rate, _harms(one)))
        for one in (*found.providers, *found.domains)
    ]
    if rows:
        out.print(table(("provider or domain", *HEADS), rows))
    if found.warming is not None:
        out.print(f"warming up {warming_words(found.warming)}")


def _harms(one: Any) -> tuple[Any, Any, Any]:
    return one.bounced, one.bounced_hard, one.complained
