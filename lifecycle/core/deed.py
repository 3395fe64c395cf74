"""The deeds of a step other than letters, as written: calls, notes, marketing silence, waits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.read_events import event_names
from lifecycle.core.rule.tree import Rule
from lifecycle.core.typed import Definition, EventNames, Path, SignedLength, Text, refused
from lifecycle.core.words import WordProblem

DEEDS = (
    *("wait_for", "branch", "split", "emit", "set", "award", "issue", "call", "notify"),
    *("suppress", "join", "leave"),
)
"""What a step may do beside writing a letter; at most one deed a step."""
MAX_NOTE = 10_000
_NAMED = re.compile(r"env:\s*[A-Za-z_][A-Za-z0-9_]*\s*")
_ADDRESS = r"^[^@\s]+@[^@\s]+$"


def _awaited(raw: object) -> tuple[str, ...] | Rule:
    if isinstance(raw, dict):
        try:
            return read_rule(raw)
        except RuleRefused as found:
            context = {"rule_problems": found.problems}
            raise PydanticCustomError("rule", "the rule cannot be read", context) from found
    try:
        return event_names(raw)
    except WordProblem as found:
        raise refused(found.problem, found.hint) from found


Awaited = Annotated[
    Any,
    PlainValidator(_awaited),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                {"$comment": "rule"},
            ]
        }
    ),
]
"""What a step waits for: names of events, or a rule."""


class Until(Definition):
    """An instant in the data: an attribute of the customer or a property of the entry event."""

    customer: Path | None = None
    event: Path | None = None
    offset: SignedLength = timedelta()

    @model_validator(mode="after")
    def _one_place(self) -> Until:
        if (self.customer is None) == (self.event is None):
            hint = 'until = { customer = "ends_at", offset = "-30 minutes" }'
            raise refused("`until` names one instant: of the customer or of the event", hint)
        return self


class Call(Definition):
    """A signed request to an address of the shop's own; the address is named, never written."""

    url: str = Field(min_length=1)

    @model_validator(mode="after")
    def _is_named(self) -> Call:
        if not _NAMED.fullmatch(self.url):
            raise refused(
                "the address of a call is named, never written", 'url = "env:HOOK"', "url"
            )
        return self


class Notify(Definition):
    """A note to somebody of the shop; `text` and `subject` are Jinja, as in letters.

    Said in several languages, the customer's is taken.
    """

    to: str = Field(pattern=_ADDRESS)
    text: Text
    subject: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Notify:
        texts = [self.text] if isinstance(self.text, str) else list(self.text.values())
        if not texts or not all(one.strip() for one in texts):
            raise refused("a note says something", 'text = "A good customer left"', "text")
        if max(len(one) for one in texts) > MAX_NOTE:
            raise refused(f"a note has at most {MAX_NOTE} characters", "", "text")
        return self


class Silence(Definition):
    """No marketing for the customer until one of these events happens; for good without any."""

    until: EventNames = ()
