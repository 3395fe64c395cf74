"""A segment as written: a named rule, and whether joining and leaving it are events."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecycle.core.typed import Definition, RuleField


class Segment(Definition):
    """A named rule, and the customers it holds for now."""

    id: str = ""
    """The file's name without ending: the segment's identity; set by the catalog."""
    version: str = ""
    """Fingerprint of the file; set by the catalog."""
    name: str = Field(min_length=1)
    match: RuleField
    notify: bool = True
    on_change: Literal["silent", "enroll"] = "silent"
