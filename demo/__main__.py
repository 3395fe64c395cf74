"""`make demo`: replays the real orders, prints what came of it, and checks one known answer."""

from __future__ import annotations

import gc
import re
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo import orders
from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import load
from lifecycle.cli.entry import GARBAGE_AFTER
from lifecycle.errors import EXIT_ENVIRONMENT_FAILED, LifecycleError
from lifecycle.hooks import Registry, find
from lifecycle.sim.replay import ReplayOptions, ReplayResult, replay
from lifecycle.sim.world import RANK

ROOT = Path(__file__).parent.parent
SHOP = ROOT / ".lifecycle" / "demo"
OUTBOX = ROOT / "outbox"
UNTIL = datetime(1998, 7, 1, tzinfo=UTC)
YEARS = (1997, 1998)
REPEATERS = "bought_twice"
COPIED = ("campaigns", "segments", "templates", "hooks")
CHANGED = (
    (r'^timezone = ".*?"', f'timezone = "{orders.ZONE.key}"'),
    (r'^currency = ".*?"', 'currency = "USD"'),
)
"""What differs in the copy of settings.toml: the shop of the data sold in dollars, in America."""


def main() -> int:
    """Run the demo; 1 when the engine's answer is not the known one."""
    console = Console()
    begun = time.monotonic()
    gc.set_threshold(*GARBAGE_AFTER)
    _take_away_earlier_letters()
    catalog, hooks = shop(SHOP)
    rows = orders.rows()
    options = ReplayOptions(
        events=_lines(SHOP / "orders.jsonl", orders.events(rows)),
        customers=_lines(SHOP / "customers.jsonl", orders.customers(rows)),
        until=UNTIL,
        decisions=SHOP / "decisions.jsonl",
        memberships=SHOP / "memberships.jsonl",
        outbox=OUTBOX,
    )
    console.print(
        f"{len(rows):,} real orders, January 1997 to June 1998, through this shop's campaigns"
    )
    columns = (TextColumn("replaying"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("replay", total=None)
        result = replay(
            catalog,
            hooks,
            options,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    console.print(f"done in {time.monotonic() - begun:.0f} seconds")
    console.print(campaigns(result), segments(result))
    letters = sum(result.of(one, "sent") for one in catalog.campaigns)
    console.print(f"{letters:,} letters lie in outbox/, each as .eml and as .html")
    console.print("each decision with its reason: .lifecycle/demo/decisions.jsonl")
    return judged(console, result.sizes[REPEATERS], orders.expected_repeaters())


def _take_away_earlier_letters() -> None:
    """Those of an earlier demo: no other letter in the outbox is of these years."""
    for year in YEARS:
        for letter in OUTBOX.glob(f"{year}[0-9][0-9][0-9][0-9]T*"):
            letter.unlink()


def shop(folder: Path) -> tuple[Catalog, Registry]:
    """A copy of this project's definitions in `folder`, with the demo's own segment beside them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
    shutil.copytree(ROOT / "demo" / "segments", folder / "segments", dirs_exist_ok=True)
    settings = (ROOT / "settings.toml").read_text("utf-8")
    for line, said in CHANGED:
        settings, times = re.subn(line, said, settings, count=1, flags=re.MULTILINE)
        assert times == 1, f"settings.toml has no line {line}"
    (folder / "settings.toml").write_text(settings, "utf-8")
    hooks, _ = find(folder)
    filters = {name: one.function for name, one in hooks.filters.items()}
    loaded = load(folder, filters=filters, events=tuple(hooks.triggers))
    if loaded.catalog is None:
        first = next(one for one in loaded.problems if one.severity == "error")
        raise LifecycleError(
            "the definitions have errors",
            cause=f"{first.file}:{first.line}: {first.problem}",
            remedy="lifecycle check tells them all",
        )
    return loaded.catalog, hooks


def campaigns(result: ReplayResult) -> Table:
    """What came of each campaign, and why."""
    table = Table(title="what was decided")
    for column in ("campaign", "what", "reason"):
        table.add_column(column)
    table.add_column("times", justify="right")
    ranked = sorted(result.counts.items(), key=lambda one: (one[0][0], RANK.index(one[0][1])))
    before = ""
    for (campaign, what, reason), times in ranked:
        table.add_row("" if campaign == before else campaign, what, reason, f"{times:,}")
        before = campaign
    return table


def segments(result: ReplayResult) -> Table:
    """How many customers each segment holds at the end."""
    table = Table(title=f"segments on {UNTIL:%d %B %Y}")
    table.add_column("segment")
    table.add_column("customers", justify="right")
    for name, size in sorted(result.sizes.items()):
        table.add_row(name, f"{size:,}")
    return table


def judged(console: Console, counted: int, known: int) -> int:
    """Compare the engine's answer with the known one."""
    console.print("bought on two or more distinct days up to 30 September 1997:")
    console.print(f"  by the engine's segment       {counted:,}")
    console.print(f"  by the data's own summary     {known:,}")
    if counted == known:
        console.print("  equal")
        return 0
    console.print("  NOT EQUAL")
    return 1


def _lines(path: Path, lines: Iterable[Mapping[str, object]]) -> Path:
    with path.open("wb") as file:
        for line in lines:
            file.write(msgspec.json.encode(line) + b"\n")
    return path


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LifecycleError as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(EXIT_ENVIRONMENT_FAILED)
