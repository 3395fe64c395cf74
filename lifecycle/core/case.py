"""The marketer's own tests as written in tests/campaigns/."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lifecycle.core.typed import Definition, Instant


class CaseCustomer(Definition):
    """The customer of a case."""

    id: str = "case"
    email: str | None = "someone@shop.example"
    timezone: str | None = None
    locale: str | None = None
    agreed_to: tuple[str, ...] = Field(default=(), strict=False)
    attributes: dict[str, Any] = Field(default_factory=dict)
    at: Instant | None = None


class Case(Definition):
    """One test: what happens, and what is expected; nothing but that may be sent."""

    name: str = Field(min_length=1)
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
