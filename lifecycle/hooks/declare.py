"""The four decorators by which a shop's code declares its hooks, and what each declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from lifecycle.core.words import WordProblem, length, path
from lifecycle.errors import LifecycleError

ALL_TIME = timedelta(days=36_500)
_FILTER_NAME = re.compile(r"[a-z_][a-z0-9_]*")

Function = TypeVar("Function", bound=Callable[..., Any])


class HookRefused(LifecycleError):
    """A hook that cannot be taken as declared."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hook is written: the file, and the line of its function."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Trigger:
    """Code that turns events into a new event of the trigger's own name."""

    name: str
    function: Callable[..., Any]
    place: Place
    listens_to: tuple[str, ...]
    looks_back: timedelta
    also_reads: tuple[str, ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        """Every event name that the trigger may look at."""
        return frozenset((*self.listens_to, *self.also_reads))


@dataclass(frozen=True, slots=True)
class Attribute:
    """Code that gives one attribute of a customer from the events it declares to read."""

    name: str
    function: Callable[..., Any]
    place: Place
    reads: frozenset[str]
    looks_back: timedelta = ALL_TIME


@dataclass(frozen=True, slots=True)
class Incentive:
    """Code that makes an incentive of one kind; the one hook that may do IO."""

    name: str
    function: Callable[..., Any]
    place: Place


@dataclass(frozen=True, slots=True)
class IncentiveAsked:
    """What an incentive hook is asked for; `key` is the same on every retry of one message.

    The rest is what the step says; `amount` is in major units of `currency`, and `expires_at` is
    when the code should end if it were sent at once.
    """

    key: str
    kind: str
    customer_id: str
    campaign: str
    expires_at: datetime | None = None
    step: str = ""
    percent: float | None = None
    amount: float | None = None
    currency: str | None = None
    points: int | None = None
    code: str | None = None
    valid_for: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """A filter for templates: a pure function of the value and its arguments."""

    name: str
    function: Callable[..., Any]
    place: Place


Hook = Trigger | Attribute | Incentive | TemplateFilter

_declared: dict[str, list[Hook]] = {}
"""By module, what its decorators declared, in order."""


def declared_in(module: str) -> list[Hook]:
    """The hooks that a module, and those below it, declared."""
    return [
        hook
        for name, hooks in _declared.items()
        if name == module or name.startswith(f"{module}.")
        for hook in hooks
    ]


def forget(module: str) -> None:
    """Forget what a module declared, since it is about to be read anew."""
    _declared.pop(module, None)


def trigger(
    name: str,
    *,
    listens_to: str | Iterable[str],
    looks_back: str = "24 hours",
    also_reads: str | Iterable[str] = (),
) -> Callable[[Function], Function]:
    """Declare a trigger: `function(event, facts)` gives `event.becomes(name, …)` or None.

    It is asked of every event named in `listens_to`, and sees those of `listens_to` and
    `also_reads` that lie within `looks_back` before the event. Raises HookRefused.
    """
    listens, also = _names("listens_to", listens_to), _names("also_reads", also_reads)
    if not listens:
        raise HookRefused(f"the trigger “{name}” listens to nothing", remedy="name an event")
    window = _length(looks_back)
    return _declares(lambda function, at: Trigger(_name(name), function, at, listens, window, also))


def attribute(
    name: str, *, reads: str | Iterable[str], looks_back: str | None = None
) -> Callable[[Function], Function]:
    """Declare an attribute: `function(facts)` gives its value from the events named in `reads`.

    Without `looks_back` all of them are seen. Raises HookRefused.
    """
    names = frozenset(_names("reads", reads))
    window = ALL_TIME if looks_back is None else _length(looks_back)
    try:
        path(name)
    except WordProblem as found:
        raise HookRefused(found.problem, remedy=found.hint) from found
    return _declares(lambda function, at: Attribute(name, function, at, names, window))


def incentive(kind: str) -> Callable[[Function], Function]:
    """Declare a kind of incentive: `function(asked)` gives the code of it, None if none is left.

    It may be asked for several letters at once, each in a thread of its own, and for one of them
    again with the same `asked.key` if it failed or nobody could note its answer. Raises
    HookRefused.
    """
    return _declares(lambda function, at: Incentive(_name(kind), function, at))


def template_filter(name: str) -> Callable[[Function], Function]:
    """Declare a filter of that name for templates. Raises HookRefused."""
    if not _FILTER_NAME.fullmatch(_name(name)):
        raise HookRefused(
            f"“{name}” is no name for a filter", remedy="small letters, digits and _ make one"
        )
    return _declares(lambda function, at: TemplateFilter(name, function, at))


def _declares(make: Callable[[Callable[..., Any], Place], Hook]) -> Callable[[Function], Function]:
    def declare(function: Function) -> Function:
        code = getattr(function, "__code__", None)
        if code is None:
            raise HookRefused("a hook is a function", remedy="put the decorator above a `def`")
        hook = make(function, Place(code.co_filename, code.co_firstlineno))
        _declared.setdefault(function.__module__, []).append(hook)
        return function

    return declare


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        raise HookRefused(f"a hook's name is text, not {name!r}", remedy='write @trigger("a_name")')
    return name


def _names(word: str, raw: object) -> tuple[str, ...]:
    names = (raw,) if isinstance(raw, str) else tuple(raw) if isinstance(raw, Iterable) else None
    if names is None or not all(isinstance(one, str) and one for one in names):
        raise HookRefused(f"`{word}` takes event names", remedy=f'write {word}=["order_placed"]')
    if any(one.endswith("*") for one in names):
        raise HookRefused(f"`{word}` takes whole event names", remedy="name each, without *")
    return tuple(dict.fromkeys(names))


def _length(raw: str) -> timedelta:
    try:
        return length(raw, zero=False)
    except WordProblem as found:
        raise HookRefused(found.problem, remedy=found.hint) from found
