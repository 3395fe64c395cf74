"""Takes out of a comparison what was known of everybody before it began (CUPED).

Deng, Xu, Kohavi and Walker, Improving the Sensitivity of Online Controlled Experiments by Utilizing
Pre-Experiment Data (WSDM 2013). One theta is pooled over all cells, each cell around its own mean:
the difference so adjusted is that of an analysis of covariance with one slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """Customers of one side: the sums of what is measured (`y`), of what was before (`x`).

    `some` of them have a `y` above 0. Both are 0 or more.
    """

    customers: float
    some: float = 0.0
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    @property
    def mean(self) -> float:
        """What is measured, a customer."""
        return self.y / self.customers if self.customers else 0.0

    @property
    def mean_before(self) -> float:
        """What was before, a customer."""
        return self.x / self.customers if self.customers else 0.0

    def scatter(self, theta: float = 0.0) -> float:
        """The sum of squares of y - theta x around its mean."""
        if self.customers < 1:
            return 0.0
        of_y = self.yy - self.y * self.y / self.customers
        of_x = self.xx - self.x * self.x / self.customers
        of_both = self.xy - self.x * self.y / self.customers
        return max(0.0, of_y - 2 * theta * of_both + theta * theta * of_x)


def theta(cells: Sequence[Cell]) -> float:
    """By how much what is measured goes along with what was before: the slope within cells.

    Equation 4 of the paper, the covariances pooled over cells; 0 where nobody had anything before.
    """
    of_x = of_both = 0.0
    for cell in cells:
        if cell.customers >= 1:
            of_x += cell.xx - cell.x * cell.x / cell.customers
            of_both += cell.xy - cell.x * cell.y / cell.customers
    return of_both / of_x if of_x > 0 else 0.0


def variance_of_mean(cell: Cell, theta: float = 0.0) -> float:
    """How far the mean of y - theta x of a cell scatters: the sample's variance by its size."""
    if cell.customers < 2:
        return 0.0
    return cell.scatter(theta) / (cell.customers - 1) / cell.customers
