"""A product as a file names it: its sku, and whatever else is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.sources.fields import Fields, Line

KNOWN = (
    *("sku", "name", "category", "brand", "price", "currency", "image", "url", "in_stock"),
    *("attributes", "at"),
)


@dataclass(frozen=True, slots=True)
class ProductIn:
    """A product: `said` holds what the line says beside the sku."""

    sku: str
    said: Mapping[str, Any]


def read_product(raw: Line) -> ProductIn:
    """Read one line; only `sku` is required. Raises Refused."""
    fields = Fields(raw, KNOWN)
    fields.mapping("attributes")
    fields.instant("at")
    said = {name: value for name, value in fields.values.items() if name != "sku"}
    return ProductIn(fields.identity("sku"), said)
