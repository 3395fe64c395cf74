"""A log-likelihood near its top as a parabola, and what a Gaussian prior makes of it."""

from __future__ import annotations

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


def average(found: list[Posterior], least_share: float) -> tuple[Posterior, Floats]:
    """The mixture of posteriors by their evidence, and the share of each.

    Those of less than `least_share` are left out.
    """
    logs = np.array([one.log_evidence for one in found])
    share: Floats = np.exp(logs - logs.max())
    share /= share.sum()
    share = np.where(share < least_share, 0.0, share)
    share /= share.sum()
    mean = np.sum([part * one.mean for part, one in zip(share, found, strict=True)], axis=0)
    covariance = np.zeros_like(found[0].covariance)
    for part, one in zip(share, found, strict=True):
        if part:
            off = one.mean - mean
            covariance += part * (one.covariance + np.outer(off, off))
    return Posterior(mean, covariance, float(logs.max())), share
