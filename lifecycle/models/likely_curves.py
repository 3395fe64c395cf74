"""Curves that the evidence leaves likely, so that each letter can believe one of them."""

from __future__ import annotations

from hashlib import shake_256

import numpy as np
from scipy.special import ndtri

from lifecycle.models.hour_evidence import Floats

CURVES = 128
NARROWED = 0.5
"""Curves are spread by half of the doubt: hours are still tried as often as they may be the best,
but hours that are hardly worse cost little and hours that are hardly likely are left alone. With
all of the doubt (Thompson sampling proper) more is tried than a year of letters pays back; see
`bench/experiments/send_time.py`, which measures it for effects over a factor of sixteen."""
DIGITS = 4


def likely(mean: Floats, covariance: Floats) -> Floats:
    """So many curves, a row each, spread around the mean, which is theirs as well."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    half = _normal(CURVES // 2, len(mean)) @ root.T * NARROWED
    told: Floats = mean + np.concatenate([half, -half])
    return told


def _normal(rows: int, columns: int) -> Floats:
    """Numbers as of a normal distribution, the same ones always: a hash takes the place of dice."""
    raw = np.frombuffer(shake_256(b"likely curves").digest(4 * rows * columns), "<u4")
    uniform = (raw.astype(np.float64) + 0.5) / 2**32
    normal = np.asarray(ndtri(uniform), np.float64).reshape(rows, columns)
    scaled: Floats = normal / np.sqrt((normal**2).mean(0))
    return scaled
