"""The marketer's own tests as written in tests/campaigns/."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from lifecycle.core.one_line import Name
from lifecycle.core.typed import Definition, Instant, refused

ALIKE = 0.8
"""How much a key must resemble one of our own to be taken for a slip of the pen."""


class CaseCustomer(Definition):
    """The customer of a case; keys that are none of ours are attributes."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})
    id: str = "case"
    email: str | None = "someone@shop.example"
    timezone: str | None = None
    locale: str | None = None
    agreed_to: tuple[str, ...] = Field(default=(), strict=False)
    attributes: dict[str, Any] = Field(default_factory=dict)
    at: Instant | None = None

    @model_validator(mode="before")
    @classmethod
    def _others_are_attributes(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        own, others = own_and_attributes(data, tuple(cls.model_fields))
        if not others:
            return data
        nested = data.get("attributes", {})
        if not isinstance(nested, dict):
            return data
        return {**own, "attributes": {**others, **nested}}


def own_and_attributes(
    said: dict[str, Any], keys: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is said of a customer: our own keys, and the attributes that stand beside them.

    Raises PydanticCustomError for a key that looks like a misspelt one of ours.
    """
    others = {key: value for key, value in said.items() if key not in keys}
    for key in others:
        near = get_close_matches(key, keys, 1, ALIKE)
        if near:
            hint = f"write `{near[0]}`; an attribute of that name stands in attributes = {{ … }}"
            raise refused(f"`{key}` is no key of a customer", hint, key)
    return {key: value for key, value in said.items() if key in keys}, others


class Case(Definition):
    """One test: what happens, and what is expected; nothing but that may be sent."""

    name: Name
    customer: CaseCustomer = CaseCustomer()
    happens: tuple[dict[str, Any], ...] = Field(default=(), strict=False)
    expect: tuple[dict[str, Any], ...] = Field(default=(), strict=False)
    holdout: bool = False
    variant: str | None = None
    until: Instant | None = None


class CaseFile(Definition):
    """All cases of one campaign."""

    campaign: str
    case: tuple[Case, ...] = Field(strict=False, min_length=1)
