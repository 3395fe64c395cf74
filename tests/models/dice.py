"""Numbers that fall as if by chance and are the same in every run."""

from __future__ import annotations

from hashlib import shake_128

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv

Floats = NDArray[np.float64]


def uniform(name: str, size: int) -> Floats:
    """So many numbers between 0 and 1, neither of them included."""
    raw = np.frombuffer(shake_128(name.encode()).digest(4 * size), np.uint32)
    return (raw.astype(np.float64) + 0.5) / 2**32


def gamma(name: str, shape: Floats | float, size: int) -> Floats:
    """Gamma distributed, of rate 1."""
    found: Floats = gammaincinv(shape, uniform(name, size))
    return found


def beta(name: str, a: float, b: float, size: int) -> Floats:
    """Beta distributed."""
    found: Floats = betaincinv(a, b, uniform(name, size))
    return found


def exponential(name: str, size: int) -> Floats:
    """Exponentially distributed, of mean 1."""
    return -np.log(uniform(name, size))
