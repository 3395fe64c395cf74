"""`lifecycle report rewards`: points, incentives and referrals."""

from __future__ import annotations

from typing import Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.reports import report, table


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
