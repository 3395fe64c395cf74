"""What sentences on holdouts and revenue need to know, whatever report it stands in."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from lifecycle.insight.attribution import Credited
from lifecycle.insight.interval import Share
from lifecycle.insight.lift import Compared
from lifecycle.insight.ratio import SampleRatio


class More(Protocol):
    """An amount of money, with its interval; None where it cannot be told."""

    @property
    def revenue(self) -> Decimal | None:
        """The amount."""
        ...

    @property
    def low(self) -> Decimal | None:
        """The lower end."""
        ...

    @property
    def high(self) -> Decimal | None:
        """The upper end."""
        ...


class MoreOrNot(More, Protocol):
    """The same, with the reason why it cannot be told."""

    @property
    def reason(self) -> str:
        """Empty where it can be told."""
        ...


class CampaignTells(Protocol):
    """What is told of a campaign that holds some out: the part of `Measured` that is spoken of."""

    @property
    def entered(self) -> Share:
        """Those let in who met the goal."""
        ...

    @property
    def held_out(self) -> Share:
        """Those held out who did."""
        ...

    @property
    def lift(self) -> Compared | None:
        """How far the shares are apart."""
        ...

    @property
    def revenue(self) -> Compared | None:
        """How far revenue a customer is apart."""
        ...

    @property
    def capped_at(self) -> Decimal | None:
        """What a customer counts with at most."""
        ...

    @property
    def within(self) -> str:
        """The time in which it counts."""
        ...

    @property
    def too_young_entered(self) -> int:
        """Let in, and not counted yet."""
        ...

    @property
    def too_young_held_out(self) -> int:
        """Held out, and not counted yet."""
        ...

    @property
    def ratio(self) -> SampleRatio:
        """Whether as many are held out as should be."""
        ...


class ShopTells(Protocol):
    """What is told of the holdout of the whole shop: the spoken part of `GlobalHoldout`."""

    @property
    def percent(self) -> float:
        """The share held out."""
        ...

    @property
    def currency(self) -> str:
        """The shop's."""
        ...

    @property
    def begins(self) -> datetime:
        """From when on it counts."""
        ...

    @property
    def ends(self) -> datetime:
        """Until when."""
        ...

    @property
    def ordered(self) -> Compared | None:
        """How far the shares who ordered are apart."""
        ...

    @property
    def revenue(self) -> Compared | None:
        """How far revenue a customer is apart."""
        ...

    @property
    def capped_at(self) -> Decimal | None:
        """What a customer counts with at most."""
        ...

    @property
    def not_earned_a_month(self) -> More | None:
        """What holding out leaves unearned."""
        ...

    @property
    def ratio(self) -> SampleRatio:
        """Whether as many are held out as should be."""
        ...


class WorthTells(Protocol):
    """What is told of the three figures of revenue: the part of `Worth` that is spoken of."""

    @property
    def currency(self) -> str:
        """The shop's."""
        ...

    @property
    def click(self) -> Credited:
        """By the last click."""
        ...

    @property
    def click_within(self) -> str:
        """The window of clicks."""
        ...

    @property
    def touch(self) -> Credited:
        """By the last letter."""
        ...

    @property
    def touch_within(self) -> str:
        """The window of letters."""
        ...

    @property
    def incremental(self) -> MoreOrNot:
        """By the holdout."""
        ...
