"""How much a test must have seen before it is decided: letters of each variant, and a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from lifecycle.core import words
from lifecycle.core.typed import LENGTH_PATTERN, refused

LETTERS = 100
"""Of each variant, where nothing is said."""
WEEK = timedelta(days=7)
"""Readers differ by weekday: letters of a whole week are compared, where nothing is said."""
_HINT = 'write at_least = 200, at_least = "14 days", or both: at_least = [200, "14 days"]'


@dataclass(frozen=True, slots=True)
class Least:
    """What a test needs at least: letters of each variant, and time since its first letter.

    `time` is None where nothing is said: a whole week of letters that have had their time to be
    answered.
    """

    letters: int = LETTERS
    time: timedelta | None = None

    def wait(self, to_answer: timedelta) -> timedelta:
        """How long after the first letter nothing is decided; `to_answer` is a letter's time."""
        return WEEK + to_answer if self.time is None else self.time


def read_least(raw: object) -> Least:
    """Read what `at_least` says: a number of letters, a length, or a list of both."""
    said = raw if isinstance(raw, list) else [raw]
    letters = [one for one in said if isinstance(one, int) and not isinstance(one, bool)]
    lengths = [one for one in said if isinstance(one, str)]
    if len(letters) + len(lengths) != len(said) or len(letters) > 1 or len(lengths) > 1 or not said:
        raise refused(f"`at_least` is a number of letters, a length, or both, not {raw!r}", _HINT)
    if letters and letters[0] < 1:
        raise refused(f"{letters[0]} letters a variant decide nothing", _HINT)
    try:
        time = words.length(lengths[0]) if lengths else None
    except words.WordProblem as found:
        raise refused(found.problem, _HINT) from found
    return Least(letters[0] if letters else LETTERS, time)


_LETTERS = {"type": "integer", "minimum": 1}
_TIME = {"type": "string", "pattern": LENGTH_PATTERN}
AtLeast = Annotated[
    Least,
    PlainValidator(read_least),
    WithJsonSchema(
        {
            "anyOf": [
                _LETTERS,
                _TIME,
                {
                    "type": "array",
                    "items": {"anyOf": [_LETTERS, _TIME]},
                    "minItems": 1,
                    "maxItems": 2,
                },
            ]
        }
    ),
]
"""`at_least` as written."""
