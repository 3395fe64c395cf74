"""What a holdout tells, and what letters are credited with, in sentences that one can repeat."""

from __future__ import annotations

from lifecycle.core.campaign import Campaign
from lifecycle.core.kept import ORDER
from lifecycle.core.words import about
from lifecycle.insight.attribution import Credited
from lifecycle.insight.lift import Compared
from lifecycle.insight.money_told import amount_told, money_told
from lifecycle.insight.ratio import SampleRatio
from lifecycle.insight.span import goal_of
from lifecycle.insight.tells import CampaignTells, ShopTells, WorthTells

DAY_SECONDS = 24 * 3600
NO_HOLDOUT = "no holdout: it cannot be told what the campaign brings"
NOBODY_YET = "nobody has been counted on both sides yet"


def campaign_told(campaign: Campaign, found: CampaignTells, currency: str) -> tuple[str, ...]:
    """What a campaign's holdout tells."""
    did = did_words(campaign)
    told = [
        *_shares_told(found.lift, did, found.within),
        *_revenue_told(found.revenue, currency, "The campaign brings"),
        *_narrower_told(found.lift, found.revenue),
    ]
    if not told:
        told.append(f"It cannot be told yet what the campaign brings: {_nothing(found)}.")
    if found.capped_at is not None and found.revenue is not None:
        told.append(f"No customer counts with more than {found.capped_at} {currency}.")
    if found.too_young_entered or found.too_young_held_out:
        young, out = found.too_young_entered, found.too_young_held_out
        told.append(
            f"{young:,} let in and {out:,} held out entered less than {found.within} ago, and are "
            "not counted yet."
        )
    return (*told, *ratio_told(found.ratio))


def shop_told(found: ShopTells) -> tuple[str, ...]:
    """What the holdout of the whole shop tells, and what it costs."""
    days = max(1, round((found.ends - found.begins).total_seconds() / DAY_SECONDS))
    within = f"{days} day{'' if days == 1 else 's'}"
    told = []
    if found.ordered is not None:
        of_in, of_out = 100 * found.ordered.let_in, 100 * found.ordered.held_out
        told.append(
            f"In {within}, of 100 customers whom marketing may reach {of_in:.1f} ordered; of those "
            f"held out {of_out:.1f}."
        )
        told.append(_verdict(found.ordered, _points(found.ordered, 1), "Marketing brings"))
    told += _revenue_told(found.revenue, found.currency, "Marketing brings")
    told += _narrower_told(found.ordered, found.revenue)
    cost = found.not_earned_a_month
    if cost and cost.revenue is not None and cost.low is not None and cost.high is not None:
        low, high = (amount_told(one, found.currency) for one in (cost.low, cost.high))
        money = money_told(cost.revenue, found.currency)
        told.append(
            f"Holding out {found.percent:g} % costs about {money} a month not earned, between "
            f"{low} and {high}."
        )
    if not told:
        told.append(f"It cannot be told yet what marketing brings: {NOBODY_YET}.")
    if found.capped_at is not None and found.revenue is not None:
        told.append(f"No customer counts with more than {found.capped_at} {found.currency}.")
    return (*told, *ratio_told(found.ratio))


def _nothing(found: CampaignTells) -> str:
    if found.entered.of and found.held_out.of:
        return "nobody on either side has bought or met the goal"
    return NOBODY_YET


def did_words(campaign: Campaign) -> str:
    """What customers did who met the goal."""
    names = goal_of(campaign).when
    return "ordered" if names == (ORDER,) else f"met the goal ({', '.join(names)})"


def _shares_told(lift: Compared | None, did: str, within: str) -> list[str]:
    if lift is None:
        return []
    of_in, of_out = 100 * lift.let_in, 100 * lift.held_out
    places = 1 if max(of_in, of_out) >= 1 else 2
    told = (
        f"Of 100 customers let in {of_in:.{places}f} {did} within {within} of entering; of those "
        f"held out {of_out:.{places}f}."
    )
    return [told, _verdict(lift, _points(lift, places), "The campaign brings")]


def _points(lift: Compared, places: int) -> str:
    difference = f"{abs(100 * lift.difference):.{places}f}"
    ends = f"({100 * lift.low:.{places}f} to {100 * lift.high:.{places}f})"
    return f"{difference} {{}} {ends}"


def _revenue_told(revenue: Compared | None, currency: str, who: str) -> list[str]:
    if revenue is None:
        return []
    told = (
        f"A customer let in brought {revenue.let_in:.2f} {currency}, one held out "
        f"{revenue.held_out:.2f}."
    )
    difference = f"{abs(revenue.difference):.2f} {currency}"
    ends = f"({revenue.low:.2f} to {revenue.high:.2f})"
    return [told, _verdict(revenue, f"{difference} {{}} a customer {ends}", who)]


def _verdict(found: Compared, difference: str, who: str) -> str:
    way = "more" if found.difference >= 0 else "less"
    said = difference.format(way)
    if found.proven:
        return f"{who} {said}."
    needs = needed_told(found)
    return f"That is {said}, which chance alone may make{needs}."


def needed_told(found: Compared) -> str:
    """How many more held out it needs, as the end of a sentence; empty where nothing is needed."""
    if found.needed is None:
        return ""
    people = about(found.needed)
    return f": not enough people to tell, it needs about {people} more held out at this difference"


def _narrower_told(lift: Compared | None, revenue: Compared | None) -> list[str]:
    found = [
        (name, one.narrower)
        for name, one in (("goals", lift), ("revenue", revenue))
        if one is not None and one.narrower is not None
    ]
    if not found:
        return []
    said = " and ".join(f"of {name} {narrower:.0%}" for name, narrower in found)
    return [f"By what they bought before, the interval is narrower: {said}."]


def ratio_told(ratio: SampleRatio) -> tuple[str, ...]:
    """That a ratio is off; nothing where it is not."""
    if not ratio.alarm:
        return ()
    everybody = ratio.held_out + ratio.let_in
    told = (
        f"Beware: {ratio.held_out:,} are held out where about {ratio.expected:,.0f} of "
        f"{everybody:,} should be: the two sides cannot be compared."
    )
    return (told,)


def worth_told(worth: WorthTells) -> tuple[str, ...]:
    """The three figures of revenue, side by side."""
    click, touch = worth.click, worth.touch
    told = [
        _way_told(click, f"{worth.click_within} of a click", worth.currency),
        _way_told(touch, f"{worth.touch_within} of a letter, clicked or not", worth.currency),
    ]
    more = worth.incremental
    if more.revenue is None or more.low is None or more.high is None:
        told.append(f"What would not have come without the campaign: {more.reason}.")
    else:
        low, high = (amount_told(one, worth.currency) for one in (more.low, more.high))
        money = money_told(more.revenue, worth.currency)
        told.append(
            f"What would not have come without the campaign: about {money} ({low} to {high})."
        )
    return tuple(told)


def _way_told(found: Credited, after: str, currency: str) -> str:
    others = "".join(
        f", and {_orders(one.orders)} of {money_told(one.revenue, name)}"
        for name, one in found.other_currencies.items()
    )
    money = money_told(found.revenue, currency)
    return f"{_orders(found.orders)} within {after}: {money}{others}."


def _orders(count: int) -> str:
    return f"{count:,} order{'' if count == 1 else 's'}"
