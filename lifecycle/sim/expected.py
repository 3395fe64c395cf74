"""What a case expects, held against what was decided: pairs, what is missing, what is too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.core.action import WHATS
from lifecycle.core.words import WordProblem, length_words, moment

Row = Mapping[str, Any]
BESIDE = ("reason", "variant", "detail", "entry", "step")
STEP_WHATS = ("sent", "held", "dropped", "skipped")
EXPECT_HINT = 'write { at = 2026-03-02T15:00:00, sent = "reminder" }'


@dataclass(frozen=True)
class Expectation:
    """One line of `expect`."""

    at: datetime
    what: str
    value: Any
    beside: Mapping[str, Any]

    def met_by(self, row: Row) -> bool:
        """Whether a decision is what was expected, at its instant."""
        return instant(row) == self.at and self.is_about(row) and not self.otherwise(row)

    def is_about(self, row: Row) -> bool:
        """Whether a decision is of the kind, and of the step or reason, that was expected."""
        if row["what"] != self.what:
            return False
        if self.value is True:
            return True
        places = ("step", "reason") if self.what in STEP_WHATS else ("detail", "reason", "step")
        return any(row[place] == str(self.value) for place in places)

    def otherwise(self, row: Row) -> list[str]:
        """What stands beside it and differs, in words."""
        return [
            f"{key} {row[key] or 'is empty'}, not {value}"
            for key, value in self.beside.items()
            if row[key] != str(value)
        ]

    def words(self) -> str:
        """The expectation without its instant."""
        more = "".join(f", {key} {value}" for key, value in self.beside.items())
        return f"{self.what}{'' if self.value is True else f' {self.value}'}{more}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the comparison: what was expected and what came, at one instant."""

    at: datetime
    mark: str
    """met, missing, unexpected, or other for what nobody has to expect."""
    expected: str
    actual: str
    hint: str = ""


def read_expectation(entry: Mapping[str, Any], zone: ZoneInfo) -> Expectation:
    """One entry of `expect`. Raises WordProblem."""
    whats = [key for key in entry if key in WHATS]
    if len(whats) != 1 or "at" not in entry:
        raise WordProblem("an expectation says `at` and one thing that happens", EXPECT_HINT)
    for key in entry:
        if key not in (*BESIDE, *whats, "at"):
            raise WordProblem(
                f"`{key}` is nothing that can be expected", f"one of {', '.join(BESIDE)}"
            )
    beside = {key: entry[key] for key in BESIDE if key in entry}
    return Expectation(moment(entry["at"]).at(zone), whats[0], entry[whats[0]], beside)


def compare(expected: Sequence[Expectation], decided: Sequence[Row]) -> list[Line]:
    """Hold what was decided against what was expected, in the order of time.

    Nothing but what is expected may be sent; other decisions need not be expected. Those that say
    more find their decision first.
    """
    left = list(decided)
    lines: list[Line] = []
    missing: list[Expectation] = []
    for one in sorted(expected, key=lambda one: (-len(one.beside), one.value is True, one.at)):
        row = next((row for row in left if one.met_by(row)), None)
        if row is None:
            missing.append(one)
            continue
        left.remove(row)
        lines.append(Line(one.at, "met", one.words(), told(row)))
    for row in left:
        mark = "unexpected" if row["what"] == "sent" else "other"
        lines.append(Line(instant(row), mark, "", told(row)))
    near = list(left)
    for one in sorted(missing, key=lambda one: one.at):
        found = _nearest(one, near)
        if found is not None:
            near.remove(found)
        lines.append(Line(one.at, "missing", one.words(), "", _hint(one, found, decided)))
    order = ("met", "missing", "unexpected", "other")
    return sorted(lines, key=lambda line: (line.at, order.index(line.mark), line.expected))


def told(row: Row) -> str:
    """A decision without its instant, in the words of `expect`."""
    named = row["what"] in STEP_WHATS or row["step"]
    value = row["step"] if named else row["detail"] or row["reason"]
    text = f"{row['what']} {value}".strip()
    beside = [row["variant"], row["reason"]]
    beside += [row["detail"]] if row["what"] != "held" else []
    more = [part for part in dict.fromkeys(beside) if part and part != value]
    return f"{text} ({', '.join(more)})" if more else text


def instant(row: Row) -> datetime:
    """When a decision was made."""
    return datetime.fromisoformat(row["at"])


def _nearest(one: Expectation, rows: Sequence[Row]) -> Row | None:
    """The decision that was probably meant: as expected at another time, or nearly so."""
    about = [row for row in rows if one.is_about(row)]
    same_step = [row for row in rows if one.value in (row["step"], row["detail"])]
    at_once = [row for row in rows if instant(row) == one.at and row["what"] == one.what]
    for found in (about, same_step, at_once):
        if found:
            return min(found, key=lambda row: (abs(instant(row) - one.at), len(one.otherwise(row))))
    return None


def _hint(one: Expectation, row: Row | None, decided: Sequence[Row]) -> str:
    """What came instead, in words."""
    if row is None:
        return "nothing was decided at all" if not decided else "it never came"
    parts = []
    if not one.is_about(row):
        parts.append(f"came as: {told(row)}")
    else:
        parts += one.otherwise(row)
    late = instant(row) - one.at
    if late:
        after = "later" if late > -late else "earlier"
        parts.append(f"came {length_words(abs(late))} {after}")
    return "; ".join(parts)
