"""docs/reliability.md from faults/results.json: the figures, between two marks in the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from faults.experiment import Experiment
from faults.experiments import EXPERIMENTS
from faults.results import load

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
BEGINS, ENDS = "<!-- figures: python -m faults --report -->", "<!-- end of figures -->"
PLAIN: tuple[tuple[str, str], ...] = (
    ("letters owed", "letters_owed"),
    ("duplicates", "duplicates"),
    ("lost", "lost"),
    ("events missing", "events_missing"),
)
"""In every table, whatever they say; those below only where a row has something to say."""
TELLING: tuple[tuple[str, str], ...] = (
    ("resent by leave", "resent"),
    ("of unknown fate", "uncertain_ever"),
    ("settled by", "resolved"),
    ("left, listed", "uncertain_left"),
    ("put aside", "quarantined"),
    ("restarts", "restarts"),
    ("first letter after a start, s", "recovery_seconds"),
    ("peak MB", "peak_mb"),
)
NOTHING: tuple[Any, ...] = (None, 0, 0.0, "", {}, [])


def write(page: Path = PAGE) -> None:
    """Write the figures anew; the text around them stays."""
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    figures = "\n".join(_figures(load()))
    page.write_text(f"{before}{BEGINS}\n\n{figures}\n{ENDS}{after}", "utf-8")


def _figures(found: Mapping[str, Any]) -> Iterator[str]:
    yield from _summary(found)
    for one in EXPERIMENTS:
        yield f"### {one.question}"
        yield ""
        told = found.get(one.name)
        if told is None:
            yield f"`{one.name}`: not measured yet."
            yield ""
            continue
        yield from _told(one, told)


def _summary(found: Mapping[str, Any]) -> Iterator[str]:
    """All rows together."""
    rows = [row for told in found.values() for row in told["rows"]]

    def total(key: str) -> int:
        return sum(int(row["figures"].get(key, 0)) for row in rows)

    yield f"| over all {len(found)} experiments, {len(rows)} runs | |"
    yield "| --- | ---: |"
    for heading, key in (
        ("letters owed", "letters_owed"),
        ("accepted twice, though nobody allowed it", "duplicates"),
        ("lost", "lost"),
        ("events answered", "events_answered"),
        ("of them missing", "events_missing"),
        ("of unknown fate at some time", "uncertain_ever"),
        ("of them still unknown and listed at the end", "uncertain_left"),
        ("kills and restarts", "restarts"),
    ):
        yield f"| {heading} | {total(key):,} |"
    peak = max((row["figures"].get("peak_mb", 0.0) for row in rows), default=0.0)
    yield f"| most memory of a daemon with its workers | {peak:.0f} MB |"
    broken = [row for row in rows if row["wrong"]]
    yield f"| runs in which something was not as promised | {len(broken)} |"
    yield ""


def _told(one: Experiment, told: Mapping[str, Any]) -> Iterator[str]:
    rows = told["rows"]
    yield one.method[0].upper() + one.method[1:]
    yield ""
    columns = [(heading, key) for heading, key in PLAIN]
    columns += [
        (heading, key)
        for heading, key in (*one.columns, *TELLING)
        if any(row["figures"].get(key) not in NOTHING for row in rows)
    ]
    yield f"| | {' | '.join(heading for heading, _ in columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for row in rows:
        cells = (_cell(row["figures"].get(key)) for _, key in columns)
        yield f"| {row['title']} | {' | '.join(cells)} |"
    yield ""
    for row in rows:
        if "not_done" in row["figures"]:
            yield f"* {row['title']}: not done, {row['figures']['not_done']}."
        for wrong in row["wrong"]:
            yield f"* **{row['title']}: {wrong}**"
    scale = "" if told["scale"] == 1 else f", at {told['scale']:g} of the full size"
    machine = told["machine"]
    yield (
        f"`{one.name}`, seed {told['seed']}{scale}, {told['seconds']:.0f} seconds on "
        f"{told['measured_at'][:10]}: {machine['cpu']}, {machine['cores']} cores, "
        f"Python {machine['python']}, SQLite {machine['sqlite']}, "
        f"PostgreSQL {machine['postgresql']}."
    )
    yield ""


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if "median" in value:
            return f"{value['median']:g}, worst {value['worst']:g}"
        return ", ".join(f"{name} {count:,}" for name, count in value.items())
    if isinstance(value, list):
        return ", ".join(_cell(one) for one in value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
