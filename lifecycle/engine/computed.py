"""Attributes that hooks give: asked for by name, unknown where the hook fails."""

from __future__ import annotations

from typing import Any

from lifecycle import log
from lifecycle.core.facts import Facts
from lifecycle.hooks import HookFailed, Registry, run_attribute


def computed(hooks: Registry, facts: Facts, name: str) -> Any:
    """What a hook gives for a customer; None without a hook of that name, or when it fails."""
    attribute = hooks.attributes.get(name)
    if attribute is None:
        return None
    value = run_attribute(attribute, facts)
    if isinstance(value, HookFailed):
        log.warned("hook_failed", hook=value.hook, customer=facts.customer_id)
        return None
    return value
