"""A log-likelihood near its top as a parabola, and what a Gaussian prior makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle.models.hour_evidence import Floats


@dataclass(frozen=True, slots=True)
class Posterior:
    """Mean and covariance under one prior, and how well that prior foretold the evidence."""

    mean: Floats
    covariance: Floats
    log_evidence: float


@dataclass(frozen=True, slots=True)
class Parabola:
    """`linear @ f - f @ information @ f / 2`, up to a constant."""

    linear: Floats
    information: Floats

    def under(self, prior: Floats, mean: Floats | None = None) -> Posterior:
        """With a prior of that covariance, and that mean if not 0."""
        shift = self.linear if mean is None else self.linear - self.information @ mean
        inner = np.eye(len(prior)) + prior @ self.information
        covariance = np.linalg.solve(inner, prior)
        covariance = (covariance + covariance.T) / 2
        step = covariance @ shift
        evidence = 0.5 * float(shift @ step) - 0.5 * float(np.linalg.slogdet(inner)[1])
        if mean is not None:
            evidence += float(mean @ self.linear - mean @ self.information @ mean / 2)
            step = step + mean
        return Posterior(step, covariance, evidence)


def weighed(
    near: Parabola,
    roots: Sequence[Floats],
    scales: Sequence[float],
    before: Sequence[float],
    least_share: float,
) -> tuple[Posterior, Floats]:
    """The mixture over priors `scale**2 * root @ root.T`, by their evidence and how likely each
    scale was before; and the share of each, a row for each root and a column for each scale.

    Those of less than `least_share` are left out.
    """
    ways = [_along(near, root) for root in roots]
    variances = np.square(scales)
    logs = np.array([_evidence(slopes, bends, variances) for _, slopes, bends in ways])
    logs += np.log(before)
    share = _shares(logs, least_share)
    size = len(near.linear)
    mean, second = np.zeros(size), np.zeros((size, size))
    for (way, slopes, bends), row in zip(ways, share, strict=True):
        for part, variance in zip(row, variances, strict=True):
            if part:
                spread = variance / (1 + variance * bends)
                one = way @ (spread * slopes)
                mean += part * one
                second += part * ((way * spread) @ way.T + np.outer(one, one))
    return Posterior(mean, second - np.outer(mean, mean), float(logs.max())), share


def _along(near: Parabola, root: Floats) -> tuple[Floats, Floats, Floats]:
    """Directions along which prior and information are both diagonal, with slope and bend."""
    bends, turned = np.linalg.eigh(root.T @ near.information @ root)
    way = root @ turned
    return way, way.T @ near.linear, np.maximum(bends, 0.0)


def _evidence(slopes: Floats, bends: Floats, variances: Floats) -> Floats:
    inner = 1 + variances[:, None] * bends
    told: Floats = 0.5 * (variances[:, None] * slopes**2 / inner - np.log(inner)).sum(1)
    return told


def average(found: Sequence[Posterior], least_share: float) -> Posterior:
    """The mixture of posteriors by their evidence, without those of less than `least_share`."""
    share = _shares(np.array([one.log_evidence for one in found]), least_share)
    mean = np.sum([part * one.mean for part, one in zip(share, found, strict=True)], axis=0)
    covariance = np.zeros_like(found[0].covariance)
    for part, one in zip(share, found, strict=True):
        if part:
            off = one.mean - mean
            covariance += part * (one.covariance + np.outer(off, off))
    return Posterior(mean, covariance, max(one.log_evidence for one in found))


def _shares(logs: Floats, least_share: float) -> Floats:
    share = np.exp(logs - logs.max())
    share = np.where(share < least_share * share.sum(), 0.0, share)
    told: Floats = share / share.sum()
    return told
