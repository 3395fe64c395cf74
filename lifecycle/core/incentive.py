"""An incentive as written: a coupon, points or the like, made for one message."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from lifecycle.core.typed import Definition, Instant, Length, RuleField, refused

MOST_POINTS = 10**12
"""Points given at once; more is a fault of whoever wrote it."""
KINDS = ("percent_off", "amount_off", "free_shipping", "points", "pool", "shared_code")
"""The kinds of incentives that need no hook."""


class IncentiveOffer(Definition):
    """A coupon, points or the like, made for one message."""

    kind: str = Field(min_length=1)
    """One of KINDS, or a kind that a hook makes."""
    given_if: RuleField | None = None
    percent: Annotated[float, Field(gt=0, le=100)] | None = None
    amount: Annotated[float, Field(gt=0)] | None = None
    points: Annotated[int, Field(gt=0, le=MOST_POINTS)] | None = None
    code: str | None = None
    valid_for: Length | None = None
    valid_until: Instant | None = None
    pool: str | None = None
    """The pool of imported codes that the code is taken from."""

    @property
    def by_hook(self) -> bool:
        """Whether a hook of the shop's makes its codes."""
        return self.kind not in KINDS

    @model_validator(mode="after")
    def _has_its_figure(self) -> IncentiveOffer:
        needed = {
            "percent_off": "percent",
            "amount_off": "amount",
            "points": "points",
            "shared_code": "code",
            "pool": "pool",
        }
        key = needed.get(self.kind)
        if key and getattr(self, key) is None:
            raise refused(f"an incentive of kind {self.kind} says its `{key}`")
        if self.valid_for is not None and self.valid_until is not None:
            raise refused("`valid_for` and `valid_until` both say how long it holds", "keep one")
        return self
