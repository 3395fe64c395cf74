"""What a shop's own Python adds: triggers, attributes, incentives and template filters."""

from lifecycle.core.event import Event
from lifecycle.hooks.aside import AskedAside
from lifecycle.hooks.declare import (
    ALL_TIME,
    Attribute,
    HookRefused,
    Incentive,
    IncentiveAsked,
    Place,
    TemplateFilter,
    Trigger,
    attribute,
    incentive,
    template_filter,
    trigger,
)
from lifecycle.hooks.facts import Facts, UndeclaredRead
from lifecycle.hooks.find import find
from lifecycle.hooks.hand_over import TriggerAsked, answering, handed_over
from lifecycle.hooks.here import CodeAsked
from lifecycle.hooks.registry import HookProblem, Registry
from lifecycle.hooks.run import (
    HookFailed,
    asked_again,
    run_attribute,
    run_incentive,
    run_trigger,
)
from lifecycle.hooks.sample import sample_check
from lifecycle.hooks.tried import find_tried, sample_tried

__all__ = [
    "ALL_TIME",
    "AskedAside",
    "Attribute",
    "CodeAsked",
    "Event",
    "Facts",
    "HookFailed",
    "HookProblem",
    "HookRefused",
    "Incentive",
    "IncentiveAsked",
    "Place",
    "Registry",
    "TemplateFilter",
    "Trigger",
    "TriggerAsked",
    "UndeclaredRead",
    "answering",
    "asked_again",
    "attribute",
    "find",
    "find_tried",
    "handed_over",
    "incentive",
    "run_attribute",
    "run_incentive",
    "run_trigger",
    "sample_check",
    "sample_tried",
    "template_filter",
    "trigger",
]
