"""Numbers beside axes and lines: shares in percent, differences in points, money with its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = 5
MINUS = "−"


@dataclass(frozen=True, slots=True)
class Unit:
    """How numbers are written: so many times as large, with a sign behind."""

    behind: str
    times: float = 1.0

    def words(self, value: float, *, signed: bool = False) -> str:
        """One value, with as many digits as tell something."""
        size = value * self.times
        places = 2 if abs(size) < 1 or (self.times == 1 and abs(size) < 100) else 1
        return _written(size, f".{places}f", signed) + self.behind


PLAIN = Unit("")
SHARE = Unit(" %", 100)
POINTS = Unit(" pts", 100)


def money_unit(currency: str) -> Unit:
    """Amounts in a currency."""
    return Unit(f" {currency}".rstrip())


def number_ticks(axes: Axes, unit: Unit, *, signed: bool = False, across: bool = False) -> None:
    """Write the numbers of the left side, or `across` of the lower one, with one precision."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    low, high = axes.get_xlim() if across else axes.get_ylim()
    found = MaxNLocator(TICKS, steps=[1, 2, 2.5, 5, 10]).tick_values(
        low * unit.times, high * unit.times
    )
    ticks = [float(one) for one in found if low * unit.times <= one <= high * unit.times]
    write = _alike(ticks, signed)
    axis = axes.xaxis if across else axes.yaxis
    axis.set_major_locator(FixedLocator([one / unit.times for one in ticks]))
    axis.set_ticklabels([write(one) + unit.behind for one in ticks])


def _alike(ticks: list[float], signed: bool) -> Callable[[float], str]:
    places = next(
        (few for few in range(6) if len({f"{one:.{few}f}" for one in ticks}) == len(ticks)), 6
    )
    exact = next((few for few in range(places, 6) if all(_near(one, few) for one in ticks)), places)
    return lambda value: _written(value, f",.{exact}f", signed)


def _near(value: float, places: int) -> bool:
    return abs(round(value, places) - value) < 1e-9 * max(1.0, abs(value))


def _written(value: float, how: str, signed: bool) -> str:
    text = format(abs(value), how)
    if not float(text.replace(",", "")):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text
