"""Inline templates as SES fills them in: simple substitution, nothing escaped, nothing nested."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from lifecycle.sim.fake_ses_faults import Refusal

TEMPLATES_KEPT = 64
_decode: Callable[[str], Any] = msgspec.json.Decoder().decode
_SLOT = re.compile(r"\{\{\{?\s*([^{}]*?)\s*\}?\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """Subject, text and HTML, each as text, name, text, name, … text."""

    subject: tuple[str, ...]
    text: tuple[str, ...]
    html: tuple[str, ...]
    names: tuple[str, ...]
    """All that must be in the data, in the order of their first place."""

    def missing(self, data: Mapping[str, Any]) -> str:
        """The first name that has no plain value in the data; "" if all have one."""
        for name in self.names:
            value = data.get(name)
            if value is None or isinstance(value, dict | list):
                return name
        return ""

    def filled(self, parts: tuple[str, ...], data: Mapping[str, Any]) -> str:
        """One of the three texts with its values; each value goes in once, as it is."""
        return "".join(
            one if place % 2 == 0 else _said(data.get(one)) for place, one in enumerate(parts)
        )


@lru_cache(TEMPLATES_KEPT)
def template_of(subject: str, text: str, html: str) -> Template:
    """Take a template apart, once. Braces that open and never close can have no value."""
    parts = [tuple(_SLOT.split(one)) for one in (subject, text, html)]
    names = dict.fromkeys(name for one in parts for name in one[1::2])
    if any("{{" in text for one in parts for text in one[0::2]):
        names["{{"] = None
    return Template(parts[0], parts[1], parts[2], tuple(names))


def data_of(text: str | None) -> dict[str, Any]:
    """Template data as an object. Raises `Refusal` for what is none."""
    if not text:
        return {}
    try:
        found = _decode(text)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, "BadRequestException", "Template data is not a JSON object")
    return found


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
