"""Python's collector of circles, told to look seldom, and not at what lives as long as the daemon.

A tick makes tens of thousands of small objects without circles and lets them go. Looking through
them, and each time through all that was imported, took a tenth of a tick.
"""

from __future__ import annotations

import gc

ALLOCATIONS = 50_000
"""So many more objects made than let go bring about a look at the young ones."""
GENERATIONS = 20
"""So many looks at the younger bring about one at the older."""


def collect_seldom() -> None:
    """To be called once, when everything that stays is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, GENERATIONS, GENERATIONS)
