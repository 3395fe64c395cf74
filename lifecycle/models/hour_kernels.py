"""How alike hours are: correlations on the circle of the day, and between weekdays."""

from __future__ import annotations

import numpy as np

from lifecycle.core.learned_hours import HOURS
from lifecycle.models.hour_evidence import Floats

SHAPES: tuple[tuple[float, float], ...] = (
    (0.0, 1.0),
    (0.5, 1.5),
    (0.5, 4.0),
    (0.95, 1.5),
    (0.95, 4.0),
)
"""Kinds of likeness that are weighed by the evidence: the share that is smooth, and over how many
hours; the rest is each hour's own."""
DAYS = 7
SATURDAY = 5


def smooth(hours: float) -> Floats:
    """By distance in hours, 0 to 23: the periodic kernel (MacKay, 1998) over so many hours."""
    angle = 2 * np.pi / HOURS
    told: Floats = np.exp((np.cos(angle * np.arange(HOURS)) - 1) / (angle * hours) ** 2)
    return told


def row(shape: int) -> Floats:
    """By distance in hours, 0 to 23, the correlation of a shape."""
    share, hours = SHAPES[shape]
    told = share * smooth(hours)
    told[0] += 1 - share
    return told


def circle(by_distance: Floats) -> Floats:
    """The matrix of hour against hour of what is told by distance."""
    hours = np.arange(HOURS)
    told: Floats = by_distance[np.abs(hours[:, None] - hours[None, :])]
    return told


def root(shape: int) -> Floats:
    """A square root of the matrix of a shape: `root @ root.T` is the matrix."""
    values, vectors = np.linalg.eigh(circle(row(shape)))
    told: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return told


def weekdays_alike() -> Floats:
    """The correlation of weekdays: days of one kind (working days, weekend) are half alike."""
    late = np.arange(DAYS) >= SATURDAY
    told: Floats = 0.5 * np.eye(DAYS) + 0.5 * (late[:, None] == late[None, :])
    return told
