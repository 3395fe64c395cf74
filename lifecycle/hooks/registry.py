"""The registry: every hook of a shop by its name, frozen, and what is wrong with those refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from lifecycle.hooks.declare import Attribute, Incentive, TemplateFilter, Trigger
from lifecycle.hooks.here import AskedHere, AsksHooks


@dataclass(frozen=True, slots=True)
class Registry:
    """The hooks that were found and are in order, by name."""

    triggers: Mapping[str, Trigger] = field(default_factory=lambda: MappingProxyType({}))
    attributes: Mapping[str, Attribute] = field(default_factory=lambda: MappingProxyType({}))
    incentives: Mapping[str, Incentive] = field(default_factory=lambda: MappingProxyType({}))
    filters: Mapping[str, TemplateFilter] = field(default_factory=lambda: MappingProxyType({}))
    asking: AsksHooks = field(default_factory=AskedHere, compare=False)
    """Who asks triggers and incentive hooks."""


@dataclass(frozen=True, slots=True)
class HookProblem:
    """What is wrong with a hook, and where; line 0 means the file as a whole."""

    file: str
    line: int
    problem: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"
