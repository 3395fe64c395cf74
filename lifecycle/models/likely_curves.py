"""Curves that the evidence leaves likely, so that each letter can believe one of them."""

from __future__ import annotations

from hashlib import shake_256

import numpy as np
from scipy.special import ndtri

from lifecycle.models.hour_evidence import Bools, Floats

CURVES = 128
"""So many shares of letters are told apart; more would make what is stored larger for nothing."""
NARROW = 0.7
"""Of the doubt, so much is tried while nothing is known: trying all of it brings hardly more in the
second half of a year, and costs more in the first."""
DIGITS = 4


def likely(mean: Floats, covariance: Floats, tried: Bools) -> Floats:
    """So many curves, a row each, spread around the mean, which is theirs as well.

    `tried` are the slots in which letters went. Curves are spread by the doubt times the part of
    the curve that is doubt: while nothing is known hours are tried as often as they may be the
    best (Thompson sampling); the more is known, the more of the letters go where it is best, as
    trying costs more than a year of letters pays back (`bench/experiments/send_time.py` measures
    it). Where letters crowd into one hour, doubt of the others stays, and they are tried again.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    half = _normal(CURVES // 2, len(mean)) @ root.T * _narrowed(mean, covariance, tried)
    told: Floats = mean + np.concatenate([half, -half])
    return told


def _narrowed(mean: Floats, covariance: Floats, tried: Bools) -> float:
    """How wide curves are spread, 1 being the doubt itself."""
    doubt = float(np.diag(covariance)[tried].mean())
    known = float(np.square(mean[tried] - mean[tried].mean()).mean())
    return NARROW * float(np.sqrt(doubt / (doubt + known))) if doubt else 0.0


def _normal(rows: int, columns: int) -> Floats:
    """Numbers as of a normal distribution, the same ones always: a hash takes the place of dice."""
    raw = np.frombuffer(shake_256(b"likely curves").digest(4 * rows * columns), "<u4")
    uniform = (raw.astype(np.float64) + 0.5) / 2**32
    normal = np.asarray(ndtri(uniform), np.float64).reshape(rows, columns)
    scaled: Floats = normal / np.sqrt((normal**2).mean(0))
    return scaled
