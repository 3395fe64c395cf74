"""A promise that a simulation found broken: which, when, for whom, and what led to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lifecycle.core.words import rfc3339
from lifecycle.errors import LifecycleError


class PromiseBroken(LifecycleError):
    """A promise that a simulation found broken, with the seed and what led to it."""

    def __init__(
        self, promise: int, what: str, at: datetime, customer: str, story: Sequence[str]
    ) -> None:
        self.promise, self.at, self.customer, self.story = promise, at, customer, story
        whom = f" for {customer}" if customer else ""
        lines = "".join(f"\n  {line}" for line in story)
        cause = f"{what}, at {rfc3339(at)}{whom}{lines}"
        super().__init__(f"promise {promise} is broken", cause)
