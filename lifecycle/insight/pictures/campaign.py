"""The picture of a campaign: what it was worth, what it brings over time, and its steps."""

from __future__ import annotations

from lifecycle.insight.campaign import CampaignReport
from lifecycle.insight.pictures.funnel import funnel_parts
from lifecycle.insight.pictures.lift_days import lift_parts
from lifecycle.insight.pictures.page import Panel, Picture, Words, answer, question
from lifecycle.insight.pictures.three_figures import three_figures

NOTHING = "No letter of it has gone yet."
SAID = 2
"""So many sentences of the holdout's are the answer: who did how much, and whether it is proven."""


def campaign_picture(found: CampaignReport, did: str) -> Picture:
    """The picture of a campaign's report; `did` says what the goal is, as in "ordered"."""
    asked = f"What does “{found.name}” bring?"
    gone = any(one.sent for one in found.letters)
    said = _answer(found) if gone else NOTHING
    worth = found.worth.told if found.worth is not None else ()
    parts: list[Words | Panel] = [question(asked), answer(said)]
    if found.worth is not None and gone:
        parts += three_figures(found.worth)
    if found.measured is not None:
        parts += lift_parts(found.measured.series, did, found.currency, "customers let in")
    parts += funnel_parts(found.letters)
    told = " ".join((said, *(one for one in worth if one not in said)))
    return Picture(asked, told, tuple(parts))


def _answer(found: CampaignReport) -> str:
    measured = found.measured
    if measured is not None and measured.ratio.alarm:
        return measured.told[-1]
    if measured is not None and measured.told:
        return " ".join(measured.told[: SAID if measured.lift is not None else 1])
    reason = "" if found.worth is None else found.worth.incremental.reason
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""
