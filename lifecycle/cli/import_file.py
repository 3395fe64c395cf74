"""`lifecycle import`: a file line by line, resumable, with a bar and the bad rows set aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.clock import SystemClock
from lifecycle.errors import EXIT_ERRORS_FOUND, EnvironmentFailed, UsageError

BATCH_LINES = 2_000
BATCH_BYTES = 4 * 1024 * 1024
"""A batch ends at whichever comes first."""
HEAD_BYTES = 64 * 1024
"""So much of a file's beginning tells it apart from another of the same name."""


@dataclass
class Batch:
    """Lines read and not yet taken in, with their numbers in the file."""

    lines: list[Any]
    numbers: list[int]
    size: int = 0


@app.command("import", epilog=EVERYWHERE)
def import_(
    ctx: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="events, customers, consents, suppressions, codes")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .jsonl or .csv file.")],
    enroll: Annotated[
        bool, typer.Option("--enroll", help="Let what is imported enter campaigns.")
    ] = False,
    pool: Annotated[
        str | None, typer.Option("--pool", metavar="NAME", help='Where codes go: kind = "pool".')
    ] = None,
) -> None:
    """Take in a file; goes on where it was if broken off. Bad rows go to FILE.rejected."""
    from lifecycle.cli.importing import kind_named, pool_named
    from lifecycle.cli.writing import writer

    said = asked(ctx)
    if kind_named(kind).pooled:
        pool = pool_named(pool)
    elif pool is not None:
        raise UsageError(f"--pool goes with codes, not with {kind}")
    if not file.is_file():
        raise EnvironmentFailed(f"{file} is not there")
    with writer(said, "an import") as through, _bar(file, said.json) as advance:
        _settle(through, enroll=True)
        run = Run(kind, file, enroll, pool)
        run.go(through, advance)
        _settle(through, enroll=enroll)
    data: dict[str, Any] = {"taken": run.taken, "rejected": run.rejected, "skipped": run.skipped}
    if run.rejected:
        data["rejected_file"] = str(run.rejected_file)

    def human(out: Any) -> None:
        before = f" ({run.skipped} lines were taken in before)" if run.skipped else ""
        out.print(f"{run.taken} {kind} taken in{before}, {run.rejected} rejected")
        if run.rejected:
            out.print(f"why: {run.rejected_file}")

    said.answer(data, human)
    if run.rejected:
        raise typer.Exit(EXIT_ERRORS_FOUND)


class Run:
    """One import of one file, from where an earlier one was broken off."""

    def __init__(self, kind: str, file: Path, enroll: bool, pool: str | None = None) -> None:
        self.kind, self.file, self.enroll, self.pool = kind, file, enroll, pool
        self.progress_file = file.with_name(file.name + ".progress")
        self.rejected_file = file.with_name(file.name + ".rejected")
        self.taken = self.rejected = self.skipped = 0
        self.identity = _identity(kind if pool is None else f"{kind} of {pool}", file)
        self.begun = SystemClock().now()

    def go(self, through: Any, advance: Any) -> None:
        """Take in all lines not taken in before, and forget the progress at the end."""
        self._resume()
        for batch in self._batches():
            self._take(through, batch)
            advance(batch.size)
        self.progress_file.unlink(missing_ok=True)

    def _resume(self) -> None:
        try:
            before = json.loads(self.progress_file.read_text("utf-8"))
        except (OSError, ValueError):
            before = {}
        if before.get("file") == self.identity:
            self.skipped = int(before["lines"])
            self.rejected = int(before["rejected"])
        else:
            self.rejected_file.unlink(missing_ok=True)

    def _batches(self) -> Iterator[Batch]:
        from lifecycle.cli.importing import kind_named
        from lifecycle.sources.files import read_lines
        from lifecycle.sources.refused import Refused

        known = kind_named(self.kind)
        batch = Batch([], [])
        lines = read_lines(self.file, lambda line: line, known=known.columns, extra=known.extra)
        for number, line in lines:
            if number <= self.skipped:
                continue
            if isinstance(line, Refused):
                self._reject(number, line.field, line.problem, line.hint, "")
                continue
            plain = line.decode("utf-8", "surrogateescape") if isinstance(line, bytes) else line
            batch.lines.append(plain)
            batch.numbers.append(number)
            batch.size += len(line) if isinstance(line, bytes) else len(json.dumps(plain))
            if len(batch.lines) >= BATCH_LINES or batch.size >= BATCH_BYTES:
                yield batch
                batch = Batch([], [])
        if batch.lines:
            yield batch

    def _take(self, through: Any, batch: Batch) -> None:
        lines = [_sendable(line) for line in batch.lines]
        said = {"kind": self.kind, "lines": lines, "enroll": self.enroll, "pool": self.pool}
        begun, place = self.begun.isoformat(), batch.numbers[0]
        told = through.do("import", {**said, "begun": begun, "place": place})
        self.taken += told["taken"]
        for place, name, problem, hint in told["refused"]:
            self._reject(batch.numbers[place], name, problem, hint, batch.lines[place])
        done = {"file": self.identity, "lines": batch.numbers[-1], "rejected": self.rejected}
        unfinished = self.progress_file.with_name(self.progress_file.name + ".new")
        unfinished.write_text(json.dumps(done), "utf-8")
        unfinished.replace(self.progress_file)

    def _reject(self, number: int, name: str, problem: str, hint: str, line: Any) -> None:
        self.rejected += 1
        row = {"line": number, "field": name, "problem": problem, "hint": hint, "row": line}
        with self.rejected_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=True) + "\n")


def _sendable(line: Any) -> Any:
    """A line that JSON can carry; what is no UTF-8 stays recognizably broken."""
    if isinstance(line, str):
        return line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return json.loads(json.dumps(line).encode().decode("utf-8", "replace"))


def _settle(through: Any, *, enroll: bool) -> None:
    """Work out what has come in, where no daemon does; nothing while no definitions are live."""
    if through.in_daemon:
        return
    from lifecycle.cli.importing import take_in

    parts = through.desk.parts()
    if parts is not None:
        take_in(parts, through.desk.clock.now(), enroll=enroll)
        parts.transport.close()


def _identity(kind: str, file: Path) -> list[Any]:
    from hashlib import blake2b

    with file.open("rb") as reading:
        head = reading.read(HEAD_BYTES)
    return [kind, file.stat().st_size, blake2b(head, digest_size=16).hexdigest()]


@contextmanager
def _bar(file: Path, quiet: bool) -> Iterator[Any]:
    """A progress bar on standard error, where somebody looks."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield lambda size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(file.name), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(file.name, total=file.stat().st_size)
        yield lambda size: progress.advance(task, size)
