"""Seeds by which a promise was found broken once: kept in a file, and tried first from then on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lifecycle.errors import LifecycleError

SEEDS = Path("tests/simulation/seeds.txt")
"""Where a project keeps them."""
HEAD = "# Simulations that found a promise broken: lifecycle simulate, as the line goes on.\n"
_LINE = re.compile(r"(?:(\S+) )?--people (\d+) --days (\d+) --seed (\S+)( --faults)?")


@dataclass(frozen=True, slots=True)
class Seed:
    """One simulation, as `lifecycle simulate` is asked for it."""

    people: int
    days: int
    seed: str
    faults: bool = False
    campaign: str | None = None

    def words(self) -> str:
        """The arguments of the command."""
        whom = f"{self.campaign} " if self.campaign else ""
        faults = " --faults" if self.faults else ""
        return f"{whom}--people {self.people} --days {self.days} --seed {self.seed}{faults}"


def read_seeds(path: Path) -> list[Seed]:
    """The seeds of a file; none where there is no file. Raises LifecycleError."""
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            said = f"{path}:{number}: {text}"
            raise LifecycleError("a line of the seeds cannot be read", said)
        campaign, people, days, seed, faults = match.groups()
        found.append(Seed(int(people), int(days), seed, bool(faults), campaign))
    return found


def keep_seed(path: Path, seed: Seed) -> None:
    """Add a seed to a file, once."""
    if seed in read_seeds(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text("utf-8") if path.is_file() else HEAD
    path.write_text(f"{before.rstrip()}\n{seed.words()}\n", "utf-8")
