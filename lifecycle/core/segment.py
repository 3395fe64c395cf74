"""A segment as written: a named rule, who is in or out whatever it says, and what turning means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from lifecycle.core.one_line import Name
from lifecycle.core.rule.listed import Listed
from lifecycle.core.rule.tree import Branch, Rule
from lifecycle.core.typed import Definition, RuleField, refused

MAX_LISTED = 100_000
"""Customers that one list of a segment names."""
MAX_ID_BYTES = 512
"""The longest id of a customer, as wherever customers come in."""
CSV = ".csv"


def names_csv(entry: str) -> bool:
    """Whether an entry of a list is the name of a file with more of them."""
    return entry.lower().endswith(CSV)


def wrong_id(said: str) -> str:
    """What is wrong with a customer's id; empty when nothing is."""
    if not said.strip():
        return "a customer's id is not empty"
    if len(said.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        return f"a customer's id is no longer than {MAX_ID_BYTES} bytes"
    if any(one < " " or one == "\x7f" for one in said):
        return "a customer's id holds no line break or control character"
    return ""


def _checked(said: str) -> str:
    if wrong := wrong_id(said):
        raise refused(wrong)
    return said


def _listed(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    if not names_csv(raw):
        raise refused(f"“{raw}” is no CSV beside the file", f'write ["{raw}"] for one customer')
    return [raw]


Ids = Annotated[
    tuple[Annotated[str, AfterValidator(_checked)], ...],
    BeforeValidator(_listed),
    Field(strict=False, max_length=MAX_LISTED),
    WithJsonSchema(
        {
            "description": "Ids of customers, and names of CSV files beside this one.",
            "anyOf": [
                {"type": "string", "pattern": r"\.[cC][sS][vV]$"},
                {"type": "array", "items": {"type": "string", "minLength": 1}},
            ],
        }
    ),
]


class Members(Definition):
    """Customers who are in a segment, or never in it, whatever its rule says.

    As written the lists hold ids and names of CSV files; in a catalog ids alone, in order.
    """

    include: Ids = ()
    exclude: Ids = ()


class Segment(Definition):
    """A named rule, and the customers it holds for now."""

    id: str = ""
    """The file's name without ending: the segment's identity; set by the catalog."""
    version: str = ""
    """Fingerprint of the file and of the lists it names; set by the catalog."""
    name: Name
    match: RuleField | None = None
    members: Members | None = None
    notify: bool = True
    on_change: Literal["silent", "enroll"] = "silent"

    @model_validator(mode="after")
    def _says_who(self) -> Segment:
        if self.match is None and not (self.members and self.members.include):
            hint = "add [match] with its keys, or [members] include = [ … ]"
            raise refused("[match] is missing", hint)
        return self

    @property
    def rule(self) -> Rule:
        """Who is in it: the rule holds, or they are included; and they are not excluded."""
        listed = self.members or Members()
        rule: Rule | None = self.match
        if rule is None or listed.include:
            named = Listed(frozenset(listed.include))
            rule = named if rule is None else Branch("any", (rule, named))
        if listed.exclude:
            out = Listed(frozenset(listed.exclude), "exclude")
            rule = Branch("all", (rule, Branch("none", (out,))))
        return rule
