"""Who is named in `[members]`: ids as written, and those of the CSV files beside the segment."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import SEGMENTS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, of_file, shortened
from lifecycle.core.segment import MAX_LISTED, Members, Segment, names_csv, wrong_id

COLUMNS = ("customer_id", "customer", "id")
"""What the column with the customers may be called; the first column else."""
DELIMITERS = ",;\t"
MOST_PROBLEMS = 20
"""Wrong lines of one list that are told."""
Lists = Callable[[str], "str | Problem"]
"""The text of a list by its path in the project, or why it cannot be read."""


class Listing:
    """Reads the lists that segments name, each once; `files` are the texts that were read."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self.files: dict[str, str] = {}
        self.problems: list[Problem] = []
        self._read: dict[str, tuple[str, ...] | Problem] = {}

    def settled(self, document: Document, segment: Segment) -> tuple[Segment, dict[str, str]]:
        """The segment with every customer it names by id, and the lists that it took them from."""
        if segment.members is None:
            return segment, {}
        named: dict[str, str] = {}
        members = Members(
            include=self._ids(document, "include", segment.members.include, named),
            exclude=self._ids(document, "exclude", segment.members.exclude, named),
        )
        # not validated again: a list that could not be read leaves nobody, and was told already
        return segment.model_copy(update={"members": members}), named

    def _ids(
        self, document: Document, key: str, said: Sequence[str], named: dict[str, str]
    ) -> tuple[str, ...]:
        found = {one for one in said if not names_csv(one)}
        written = document.data["members"].get(key)
        for index, one in enumerate(said):
            if not names_csv(one):
                continue
            place: Place = ("members", key)
            place = place if isinstance(written, str) else (*place, index)
            path, wrong = _path(one)
            ids = () if wrong else self._list(document, place, path)
            if wrong:
                hint = f"name a file in {SEGMENTS}/, such as “vips.csv”"
                self.problems.append(document.problem(place, wrong, hint))
            elif path in self.files:
                named[path] = self.files[path]
            found.update(ids)
        if len(found) > MAX_LISTED:
            problem = f"`{key}` names more than {MAX_LISTED} customers"
            hint = "say what they have in common as a rule, or send it as an attribute"
            self.problems.append(document.problem(("members", key), problem, hint))
        return tuple(sorted(found))

    def _list(self, document: Document, place: Place, path: str) -> tuple[str, ...]:
        if path not in self._read:
            text = self.lists(path)
            if isinstance(text, str):
                self.files[path] = text
                ids, problems = read_list(path, text)
                self.problems += problems
                self._read[path] = ids
            else:
                self._read[path] = text
        found = self._read[path]
        if isinstance(found, tuple):
            return found
        if found.line:
            self.problems.append(found)
        else:
            problem = shortened(f"{path}: {found.problem}")
            self.problems.append(document.problem(place, problem, found.hint))
        return ()


def read_list(path: str, text: str) -> tuple[tuple[str, ...], list[Problem]]:
    """The customers that a CSV names, each once and in the file's order, and what is wrong in it.

    With a heading or without; blank lines and blanks around an id count for nothing.
    """
    found: dict[str, None] = {}
    problems: list[Problem] = []
    column: int | None = None
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if column is None:
                column, heading = _column(cells)
                if heading:
                    continue
            said = cells[column] if column < len(cells) else ""
            if wrong := wrong_id(said):
                problems.append(of_file(path, wrong, "one customer a line", line=rows.line_num))
            else:
                found[said] = None
    except csv.Error as error:
        problem = f"this line cannot be read as CSV: {error}"
        hint = "save it as CSV with one customer a line"
        problems.append(of_file(path, problem, hint, line=max(rows.line_num, 1)))
    if len(found) > MAX_LISTED:
        problem = f"this list names more than {MAX_LISTED} customers"
        problems.append(of_file(path, problem, "say what they have in common as a rule"))
    return tuple(found), problems[:MOST_PROBLEMS]


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=first.count)


def _column(cells: Sequence[str]) -> tuple[int, bool]:
    """Where the customers stand, and whether this row is a heading."""
    names = [cell.casefold() for cell in cells]
    for name in COLUMNS:
        if name in names:
            return names.index(name), True
    return 0, False


def _path(said: str) -> tuple[str, str]:
    """The path of a list in the project, and what is wrong with its name."""
    inside = PurePosixPath(said)
    if "\\" in said or not said.isprintable():
        return "", f"“{shortened(said)}” is no name of a file"
    if inside.is_absolute() or ".." in inside.parts:
        return "", f"“{shortened(said)}” leads out of {SEGMENTS}/"
    return str(SEGMENTS / inside), ""
