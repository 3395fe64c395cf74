"""Names and other texts that reports, pictures and letters tell on one line."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from lifecycle.core.typed import refused

_BREAK = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that write what follows from the other side: figures beside a name would too."""
_COPIED = "delete it; it may have come along when copying"


def _checked(said: str) -> str:
    if _BREAK.search(said):
        raise refused("a line break stands in this text", "write it on one line")
    if _CONTROL.search(said):
        raise refused("a control character stands in this text", _COPIED)
    if _TURNS.search(said):
        wrong = "a character that turns the direction of writing stands in this text"
        raise refused(wrong, _COPIED)
    return said


OneLine = Annotated[str, AfterValidator(_checked)]
"""A text without line breaks, control characters, and characters that turn the direction."""
Name = Annotated[str, Field(min_length=1), AfterValidator(_checked)]
StepName = Annotated[str, Field(min_length=1, pattern=r"^[^#/]+$"), AfterValidator(_checked)]
"""A name that may stand in a path."""
