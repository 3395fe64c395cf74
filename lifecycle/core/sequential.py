"""Sequential statistics: p-values and intervals that hold at all looks together, however many.

A difference of two means (a rate is the mean of noughts and ones) is judged by normal mixtures of
the sequential probability ratio: Johari, Pekelis and Walsh, "Always Valid Inference: Continuous
Monitoring of A/B Tests", Operations Research 70(3), 2022. What it does not reject is the asymptotic
confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit
theory and asymptotic confidence sequences", Annals of Statistics 52(6), 2024, theorem 2.2: p-value
and interval are one thing, and the p-value is at most alpha where the interval at alpha spares 0.

One rate has an exact sequence, for every number of letters: the beta-binomial mixture (Robbins,
"Statistical Methods Related to the Law of the Iterated Logarithm", 1970; Howard, Ramdas, McAuliffe
and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", 2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

EFFECTS = ((0.04, 0.85), (0.2, 0.15))
"""The mixture's spreads, in standard deviations of one letter's answer, and their weights. Where 5
letters of 100 are clicked the first is a difference of 0.9 points, about what shops see; the second
is of 4.4, so that what is plain with some hundred letters need not wait for thousands."""
LOG_MOST = 700.0
"""Of larger numbers e has no power that a float holds."""
PRIOR = 0.5
"""Both parameters of the beta mixture of one rate: Jeffreys' prior, good for rare answers."""
NEWTON = 50
HALVINGS = 60
MOST_LETTERS = 10**9
"""A difference that takes more letters a variant than this is not told of."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return self.low <= value <= self.high


def together(one: float, other: float) -> float:
    """The size that counts for a difference of two: the product of both sizes by their sum."""
    return one * other / (one + other) if one and other else 0.0


def mixture_p(difference: float, variance: float, size: float) -> float:
    """The always-valid p-value of "the true difference is 0", between 0 and 1.

    `variance` is that of the difference as measured; `size` is `together` of both sizes.
    """
    if variance <= 0 or size <= 0:
        return 1.0
    log_ratio, _ = _mixed(difference**2 / variance, size)
    return min(1.0, math.exp(-min(log_ratio, LOG_MOST)))


def half_width(variance: float, size: float, alpha: float) -> float:
    """Half the width of the confidence sequence at 1 - `alpha`: what `mixture_p` does not reject.

    For one mean `variance` is that of the mean, and `size` the number of letters.
    """
    if variance <= 0 or size <= 0:
        return math.inf
    return math.sqrt(variance * rejected_from(size, alpha))


def rejected_from(size: float, alpha: float) -> float:
    """The squared difference, in variances of it, from which on the mixture rejects at `alpha`.

    The logarithm of the ratio is convex in it: Newton's steps from above never pass the root.
    """
    squared, allowed = math.inf, math.log(1 / alpha)
    for effect, weight in EFFECTS:
        known = effect**2 * size
        alone = 2 * (1 + 1 / known) * (allowed - math.log(weight) + math.log1p(known) / 2)
        squared = min(squared, alone)
    for _ in range(NEWTON):
        log_ratio, slope = _mixed(squared, size)
        step = (log_ratio - allowed) / slope
        squared -= step
        if step <= squared * 1e-12:
            break
    return squared


def _mixed(squared: float, size: float) -> tuple[float, float]:
    """The logarithm of the mixture's likelihood ratio at a squared difference, and its slope."""
    logs, slopes = [], []
    for effect, weight in EFFECTS:
        known = effect**2 * size
        slopes.append(known / (1 + known) / 2)
        logs.append(math.log(weight) - math.log1p(known) / 2 + slopes[-1] * squared)
    most = max(logs)
    parts = [math.exp(one - most) for one in logs]
    slope = sum(part * own for part, own in zip(parts, slopes, strict=True)) / sum(parts)
    return most + math.log(sum(parts)), slope


def mean_interval(
    mean: float, variance: float, sent: float, answered: float, alpha: float
) -> Interval:
    """The confidence sequence of a mean that is never negative, at 1 - `alpha`.

    `variance` is that of one letter, `answered` counts those that brought something. Where few do,
    mean and variance are small together by chance and a symmetric interval lies too low: the upper
    end is that of the mean's logarithm, with one answer more of average worth. Asymptotically that
    is the same; bench/experiments measures what it covers.
    """
    half = half_width(variance / sent, sent, alpha) if sent > 0 else math.inf
    if mean <= 0 or answered <= 0 or math.isinf(half):
        return Interval(0.0, math.inf)
    above = mean * (1 + 1 / answered) * math.exp(min(half / mean, LOG_MOST))
    return Interval(max(0.0, mean - half), above)


def rate_interval(met: float, sent: float, alpha: float) -> Interval:
    """The exact confidence sequence of one rate at 1 - `alpha`, from the very first letter on.

    It holds the rates whose mixture likelihood ratio is below 1 / alpha; the ratio's logarithm is
    convex in the rate, so that its two ends are found by halving.
    """
    if sent <= 0:
        return Interval(0.0, 1.0)
    missed, log_allowed = sent - met, math.log(1 / alpha)
    mixed = _log_beta(PRIOR + met, PRIOR + missed) - _log_beta(PRIOR, PRIOR)

    def rejects(rate: float) -> bool:
        likelihood = met * math.log(rate) if met else 0.0
        likelihood += missed * math.log1p(-rate) if missed else 0.0
        return mixed - likelihood >= log_allowed

    seen = met / sent
    low = _end(rejects, 0.0, seen) if met else 0.0
    high = _end(rejects, 1.0, seen) if missed else 1.0
    return Interval(low, high)


def _end(rejects: Callable[[float], bool], outside: float, inside: float) -> float:
    """The end of an interval between a rate outside it and one inside, told as just outside."""
    for _ in range(HALVINGS):
        middle = (outside + inside) / 2
        if middle in (outside, inside):
            break
        if rejects(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _log_beta(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)


def letters_needed(difference: float, variances: float, alpha: float) -> int | None:
    """About how many letters a variant prove a difference of this size, if it stays as it is.

    `variances` is the sum of both variances of one letter's answer. At this number the interval's
    half width is the difference, so that chances are even; None where no number is enough.
    """
    if not difference or variances <= 0:
        return None
    few, many = 1, 2
    while half_width(variances / many, many / 2, alpha) > abs(difference):
        few, many = many, 2 * many
        if many > MOST_LETTERS:
            return None
    while many - few > 1:
        middle = (few + many) // 2
        if half_width(variances / middle, middle / 2, alpha) > abs(difference):
            few = middle
        else:
            many = middle
    return many
