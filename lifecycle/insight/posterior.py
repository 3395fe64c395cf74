"""How probable it is that a variant is better than others: a posterior, and no proof.

Rates have a flat prior each, means are taken for normal. Unlike what is always valid, this answers
what one may bet on now; who stops as soon as it is high is fooled often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lifecycle.core.experiment import Earned, Measured, Score

POINTS = 2_000
"""Points of the quadrature, at the middles of equal parts of a variant's posterior."""


def probability_best(variants: Sequence[Measured]) -> list[float] | None:
    """The probability of each variant that it is the best of all; None while one has no letter."""
    if len(variants) < 2 or not all(_known(one) for one in variants):
        return None
    import numpy as np

    places = (np.arange(POINTS) + 0.5) / POINTS
    below = [_distribution(one) for one in variants]
    chances = []
    for index, one in enumerate(variants):
        values = _quantiles(one, places)
        others = [share(values) for other, share in enumerate(below) if other != index]
        chances.append(float(np.prod(others, axis=0).mean()))
    whole = sum(chances)
    return [one / whole for one in chances] if whole > 0 else None


def probability_better(one: Measured, other: Measured) -> float | None:
    """The probability that `one` is better than `other`."""
    found = probability_best([one, other])
    return None if found is None else found[0]


def _known(one: Measured) -> bool:
    return one.sent > 0 and (isinstance(one, Score) or one.variance > 0)


def _quantiles(one: Measured, places: Any) -> Any:
    from scipy import special

    if isinstance(one, Earned):
        return one.rate + special.ndtri(places) * (one.variance / one.sent) ** 0.5
    return special.betaincinv(*_beta(one), places)


def _distribution(one: Measured) -> Callable[[Any], Any]:
    from scipy import special

    if isinstance(one, Earned):
        scale = (one.variance / one.sent) ** 0.5
        return lambda values: special.ndtr((values - one.rate) / scale)
    return lambda values: special.betainc(*_beta(one), values)


def _beta(one: Score) -> tuple[float, float]:
    """A flat prior and the letters, as many as so many independent ones are worth."""
    return 1 + one.met / one.design, 1 + (one.sent - one.met) / one.design
