"""Time and chance: one reader of the wall clock, no dice, and no clock inside SQL."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from tests.house.sources import PACKAGE, Finding, Source, dotted_name, mentions

CLOCK_HOME = f"{PACKAGE}/clock.py"
WALL_CLOCK = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.ctime",
    "time.asctime",
    "time.clock_gettime",
    "time.clock_gettime_ns",
    "email.utils.localtime",
    "email.utils.formatdate",
    "email.utils.make_msgid",
    "uuid.uuid1",
    "uuid.uuid6",
    "uuid.uuid7",
}

CHANCE_HOME = f"{PACKAGE}/core/chance.py"
DICE = ("random", "numpy.random", "uuid.uuid4", "os.urandom", "os.getrandom")
SEEDED: dict[str, str] = {
    "bench/experiments/": "made-up tests of statistics, the same for the same seed",
    "fuzz/__main__.py": "dice by which inputs are made, the same for the same seed",
    "bench/segments/dice.py": "made-up shops of a benchmark, the same in every run",
}
"""Where dice may be thrown from a fixed seed, each with what it is for."""
PROCESSOR_CLOCKS: dict[str, str] = {
    "bench/segments/child.py": "the processor time of each thread of a measured process",
}
"""Where `time.clock_gettime` may be asked, each with the clock that it asks."""
KEY_MAKERS: dict[str, str] = {
    f"{PACKAGE}/cli/place.py": "the shop's own key, made once in .lifecycle/key",
    f"{PACKAGE}/store/keys.py": "keys of the HTTP API",
    f"{PACKAGE}/cli/keeping.py": "the id that tells a database from others, whatever its file",
}
"""Where `secrets` may be used, each with the key that is made there."""

CLAIMS = f"{PACKAGE}/store/claims.py"
SQL_CLOCK = re.compile(
    r"\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|unixepoch)\s*\(\s*\)"
    r"|\bcurrent_(?:timestamp|time|date)\b|\blocaltime(?:stamp)?\b"
    r"|\b(?:datetime|date|time|julianday|unixepoch)\s*\(\s*'now'|strftime\s*\([^)]*'now'",
    re.IGNORECASE,
)
SQL_WORD = re.compile(
    r"\b(?:SELECT|INSERT|UPDATE|DELETE|SET|VALUES|WHERE|DEFAULT|CREATE|ALTER|RETURNING)\b"
)
SQL_CLOCK_ALONE = re.compile(rf"\s*(?:{SQL_CLOCK.pattern})\s*\)?\s*", re.IGNORECASE)
FUNC_CLOCKS = {
    "now",
    "current_timestamp",
    "current_time",
    "current_date",
    "localtime",
    "localtimestamp",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "sysdate",
}


def readings_of_the_wall_clock(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find who reads the wall clock beside its one reader."""
    for source in sources:
        if not _judged(source) or source.path == CLOCK_HOME:
            continue
        for place, name in mentions(source):
            processor = name == "time.clock_gettime" and source.path in PROCESSOR_CLOCKS
            if name in WALL_CLOCK and not processor:
                yield source.finding(
                    place,
                    f"`{name}` reads the wall clock",
                    f"Take the instant as a parameter called `now`; only {CLOCK_HOME} reads it",
                )


def throws_of_dice(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find chance that does not come from the keyed hash, and secrets where no key is made."""
    for source in sources:
        if (
            not _judged(source)
            or source.path == CHANCE_HOME
            or source.path.startswith(tuple(SEEDED))
        ):
            continue
        for place, name in mentions(source):
            if any(name == dice or name.startswith(f"{dice}.") for dice in DICE):
                yield source.finding(
                    place,
                    f"`{name}` gives another answer each time",
                    f"Use the keyed hash of {CHANCE_HOME}, or derive the id from the fact",
                )
            if name.split(".")[0] == "secrets" and not source.path.startswith(tuple(KEY_MAKERS)):
                yield source.finding(
                    place,
                    f"`{name}` outside the places that make keys",
                    "List the file in KEY_MAKERS of tests/house/time_and_chance.py with its key",
                )


def defaults_for_now(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find functions whose parameter `now` has a default: an instant is always handed in."""
    for source in sources:
        if not _judged(source):
            continue
        for function in ast.walk(source.tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            given = function.args
            positional = [*given.posonlyargs, *given.args]
            with_default = positional[len(positional) - len(given.defaults) :] + [
                name
                for name, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
                if default is not None
            ]
            if any(name.arg == "now" for name in with_default):
                yield source.finding(
                    function, "`now` has a default", "Let every caller hand the instant in"
                )


def clocks_inside_sql(sources: Sequence[Source]) -> Iterator[Finding]:
    """Find SQL that asks the database's clock; lease times in the claims may."""
    remedy = f"Bind the instant `now` as a parameter; only {CLAIMS} may ask the database's clock"
    for source in sources:
        if not _judged(source) or source.path == CLAIMS:
            continue
        docstrings = _docstrings(source.tree)
        for place in ast.walk(source.tree):
            if isinstance(place, ast.Attribute) and place.attr in FUNC_CLOCKS:
                if dotted_name(place.value).rpartition(".")[2] == "func":
                    yield source.finding(place, f"`func.{place.attr}` in SQL", remedy)
            if isinstance(place, ast.Constant) and isinstance(place.value, str):
                found = SQL_CLOCK.search(place.value)
                is_sql = SQL_WORD.search(place.value) or SQL_CLOCK_ALONE.fullmatch(place.value)
                if found and is_sql and id(place) not in docstrings:
                    yield source.finding(place, f"`{found.group()}` in SQL", remedy)


def _judged(source: Source) -> bool:
    return source.path.endswith(".py") and not source.in_tests


def _docstrings(tree: ast.Module) -> set[int]:
    """Give the identity of every string that stands as a statement of its own."""
    return {id(place.value) for place in ast.walk(tree) if isinstance(place, ast.Expr)}
