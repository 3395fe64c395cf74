"""What a simulation came to, campaign by campaign, as plain figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from lifecycle.core.campaign import Campaign
from lifecycle.insight.campaign import campaign_report
from lifecycle.sim.simulate import Simulated

Reasons = dict[str, int]
SENT, UNCERTAIN = "sent", "uncertain"


@dataclass(frozen=True, slots=True)
class CampaignCameTo:
    """One campaign's figures; what has reasons is counted by them, exits by what they say."""

    campaign: str
    name: str
    entered: int
    held_out: int
    sent: int
    uncertain: int
    finished: int
    not_entered: Reasons
    held: Reasons
    dropped: Reasons
    skipped: Reasons
    left: Reasons
    done: Reasons
    """What else steps did, by what."""
    goals: int
    revenue: str


OTHER_DEEDS = ("emitted", "awarded", "issued", "called", "notified", "suppressed")


def came_to(run: Simulated, only: str | None) -> list[CampaignCameTo]:
    """The figures of one campaign, or of all that took part."""
    catalog = run.world.catalog
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for row in run.world.decisions():
        said = row["detail"] if row["what"] == "left" and row["reason"] == "left" else ""
        why = said or row["reason"]
        counts.setdefault(row["campaign"], Counter())[row["what"], why] += 1
    return [
        _of(run, campaign, counts.get(name, Counter()))
        for name, campaign in sorted(catalog.campaigns.items())
        if (only is None and campaign.status == "live") or name == only
    ]


def _of(run: Simulated, campaign: Campaign, counts: Counter[tuple[str, str]]) -> CampaignCameTo:
    def number(what: str) -> int:
        return sum(count for (found, _), count in counts.items() if found == what)

    def reasons(what: str) -> Reasons:
        found = {why: count for (one, why), count in counts.items() if one == what}
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    currency = run.world.catalog.settings.shop.currency
    with run.world.database.read() as connection:
        report = campaign_report(connection, campaign, run.world.catalog.settings, run.ends)
    gone = sum(one.sent for one in report.letters)
    revenue = sum((one.revenue for one in report.letters), Decimal())
    return CampaignCameTo(
        campaign=campaign.id,
        name=campaign.name,
        entered=number("entered"),
        held_out=number("held_out"),
        sent=number(SENT),
        uncertain=max(gone - number(SENT), 0),
        finished=number("finished"),
        not_entered=reasons("not_entered"),
        held=reasons("held"),
        dropped=reasons("dropped"),
        skipped=reasons("skipped"),
        left=reasons("left"),
        done={what: number(what) for what in OTHER_DEEDS if number(what)},
        goals=sum(one.goals.met for one in report.letters),
        revenue=f"{revenue} {currency}",
    )
