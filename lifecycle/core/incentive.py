"""An incentive as written: a coupon, points or the like, made for one message."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lifecycle.core.typed import Definition, Length, RuleField, refused


class IncentiveOffer(Definition):
    """A coupon, points or the like, made for one message."""

    kind: Literal["percent_off", "amount_off", "free_shipping", "points", "shared_code"]
    given_if: RuleField | None = None
    percent: Annotated[float, Field(gt=0, le=100)] | None = None
    amount: Annotated[float, Field(gt=0)] | None = None
    points: Annotated[int, Field(gt=0)] | None = None
    code: str | None = None
    valid_for: Length | None = None

    @model_validator(mode="after")
    def _has_its_figure(self) -> IncentiveOffer:
        needed = {
            "percent_off": "percent",
            "amount_off": "amount",
            "points": "points",
            "shared_code": "code",
        }
        key = needed.get(self.kind)
        if key and getattr(self, key) is None:
            raise refused(f"an incentive of kind {self.kind} says its `{key}`")
        return self
