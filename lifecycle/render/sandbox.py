"""The Jinja of letters: plain data only, a dot means a key, and everything is bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import local
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.loaders import DictLoader
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.runtime import Undefined as RuntimeUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace, missing
from markupsafe import Markup, escape

from lifecycle.render.generate import LetterCode, bounded
from lifecycle.render.missing import MissingKey, MissingName
from lifecycle.render.written import html_of, printable, text_of

MAX_TEXT = 1_000_000
"""Characters of any one text made while rendering, the finished part included."""
MAX_TURNS = 20_000
"""Turns of all loops, and calls of all macros, of one part of a letter."""
MAX_REPEAT = 10_000
"""Numbers that filters take as a width, a count or a length; also the longest range."""
MAX_DIGITS = 300
"""Digits of a number."""
_LOOP = frozenset(
    "index index0 first last length revindex revindex0 depth depth0 previtem nextitem "
    "cycle changed".split()
)
_WITHOUT_FILTERS = ("attr", "format", "random", "pprint")
"""`attr` reaches Python attributes, `format` prints any width, `random` cannot be replayed."""
_NUMBERED_FILTERS = (
    "batch",
    "center",
    "indent",
    "slice",
    "truncate",
    "wordwrap",
    "tojson",
    "urlize",
)


class _Budget(local):
    """What the render that runs in this thread may still use; macros of other files share it."""

    def __init__(self) -> None:
        self.turns = MAX_TURNS

    def take(self, turns: int) -> None:
        self.turns -= turns
        if self.turns < 0:
            raise SecurityError(f"more than {MAX_TURNS} turns of loops or calls of macros")


_budget = _Budget()


class Buffer:
    """What a macro or a block has written so far, no longer than `MAX_TEXT`."""

    __slots__ = ("left", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.left = MAX_TEXT

    def append(self, part: str) -> None:
        """Take one text. Raises SecurityError."""
        self.parts.append(part)
        self.left -= len(part)
        if self.left < 0:
            raise SecurityError(f"the text is longer than {MAX_TEXT} characters")

    def extend(self, parts: Iterable[str]) -> None:
        """Take several texts. Raises SecurityError."""
        for part in parts:
            self.append(part)

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)


class LetterEnvironment(ImmutableSandboxedEnvironment):
    """Jinja in which templates see keys and values, never Python."""

    intercepted_binops = frozenset(["*", "**", "+", "%"])
    code_generator_class = LetterCode
    html_of = staticmethod(html_of)
    text_of = staticmethod(text_of)
    new_buffer = Buffer

    def __init__(
        self,
        *,
        autoescape: bool,
        filters: Mapping[str, Callable[..., Any]],
        imports: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=MissingName,
            finalize=printable,
            loader=DictLoader(dict(imports or {})),
            auto_reload=False,
            cache_size=50,
        )
        for name in _WITHOUT_FILTERS:
            del self.filters[name]
        for name in _NUMBERED_FILTERS:
            self.filters[name] = _numbers_bounded(FILTERS[name])
        self.filters["replace"] = _replace_bounded(FILTERS["replace"])
        self.filters["join"] = _join_bounded(FILTERS["join"])
        self.filters |= filters
        self.filters["_turns"] = _turns
        self.filters["_joined"] = _joined
        self.filters["_weighed"] = _weighed
        self.globals.clear()
        self.globals |= {"range": _range, "dict": dict, "cycler": Cycler, "joiner": Joiner}
        self.globals["namespace"] = Namespace
        self.concat = bounded_join  # type: ignore[method-assign]
        self._callable = {id(self.globals[name]) for name in self.globals}

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        """Put the counting of turns and of joined text into the tree before it becomes code."""
        return super()._generate(bounded(source), *args, **kwargs)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A dot: the key of a mapping, and the few things that loops and macro files offer."""
        if type(obj) is dict:
            try:
                return obj[attribute]
            except KeyError:
                return MissingKey(name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Brackets: a key of a mapping or a place in a list; else a missing key."""
        if isinstance(obj, Mapping):
            try:
                return obj[argument]
            except (KeyError, TypeError):
                return MissingKey(name=str(argument))
        if isinstance(obj, (list, tuple, str)) and isinstance(argument, (int, slice)):
            try:
                return obj[argument]
            except IndexError:
                return MissingKey(name=str(argument))
        if isinstance(obj, MissingName):
            obj.fail()
        if isinstance(obj, MissingKey):
            return MissingKey(name=f"{obj._undefined_name}.{argument}")
        if isinstance(argument, str):
            found = _of_jinja(obj, argument)
            if found is not missing:
                return found
        return MissingKey(name=str(argument))

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether a template may call `obj`: macros, loops and the listed globals alone."""
        if isinstance(obj, (Macro, LoopContext, Cycler, Joiner)) or id(obj) in self._callable:
            return True
        owner = getattr(obj, "__self__", None)
        return isinstance(owner, (LoopContext, Cycler))

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called, counted against the budget."""
        _budget.take(1)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Work out an operator unless the result could be huge."""
        if operator == "*" and not (_is_number(left) and _is_number(right)):
            return _repeated(left, right)
        if operator == "%" and not _is_number(left):
            raise SecurityError("% works on numbers; join texts with ~")
        if operator == "**" and _is_number(left) and _is_number(right):
            if abs(right) * max(1, len(str(int(abs(left))))) > MAX_DIGITS:
                raise SecurityError("the power is too large a number")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and result.bit_length() > MAX_DIGITS * 4:
            raise SecurityError("the number is too large")
        if isinstance(result, (str, list, tuple)) and len(result) > MAX_TEXT:
            raise SecurityError(f"a text is longer than {MAX_TEXT} characters")
        return result


def bounded_join(parts: Iterable[str]) -> str:
    """Join the pieces of a text, refusing one longer than `MAX_TEXT`."""
    kept: list[str] = []
    length = 0
    for part in parts:
        kept.append(part)
        length += len(part)
        if length > MAX_TEXT:
            raise SecurityError(f"the text is longer than {MAX_TEXT} characters")
    return "".join(kept)


def new_budget() -> None:
    """Let the render that now begins in this thread use all that one may use."""
    _budget.turns = MAX_TURNS


def _of_jinja(obj: Any, name: str) -> Any:
    if isinstance(obj, LoopContext):
        return getattr(obj, name) if name in _LOOP else missing
    if isinstance(obj, TemplateModule):
        return missing if name.startswith("_") else obj.__dict__.get(name, missing)
    if isinstance(obj, Namespace):
        return missing if name.startswith("_") else getattr(obj, name, missing)
    if isinstance(obj, Cycler) and name in ("next", "current", "reset"):
        return getattr(obj, name)
    return missing


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or type(value).__name__ == "Decimal"


def _repeated(left: Any, right: Any) -> Any:
    thing, times = (right, left) if isinstance(left, int) else (left, right)
    if isinstance(thing, RuntimeUndefined) or isinstance(times, RuntimeUndefined):
        return left * right
    if not isinstance(thing, (str, list, tuple)) or not isinstance(times, int):
        raise SecurityError("* works on numbers, or repeats a text a number of times")
    if len(thing) * times > MAX_TEXT or times > MAX_REPEAT:
        raise SecurityError(f"a text is repeated over {MAX_REPEAT} times or grows too long")
    return thing * times


def _range(*arguments: int) -> range:
    found = range(*arguments)
    if len(found) > MAX_REPEAT:
        raise SecurityError(f"a range is longer than {MAX_REPEAT}")
    return found


def _weighed(value: Any) -> Any:
    """Refuse a value that holds itself so often that printing it would never end."""
    left = MAX_TURNS
    open_values = [value]
    while open_values:
        item = open_values.pop()
        left -= 1
        if left < 0:
            raise SecurityError(f"a list or mapping holds more than {MAX_TURNS} values")
        if isinstance(item, dict):
            open_values += item.values()
        elif isinstance(item, (list, tuple)):
            open_values += item
    return value


def _joined(parts: list[Any]) -> str:
    printed = [printable(part) for part in parts]
    if any(isinstance(part, Markup) for part in printed):
        return Markup(bounded_join(escape(part) for part in printed))
    return bounded_join(str(part) for part in printed)


def _turns(items: Any) -> Any:
    if isinstance(items, (list, tuple, range, dict)):
        _budget.take(len(items))
        return items
    if isinstance(items, (Undefined, LoopContext)):
        return iter(items)
    return _counted(items)


def _counted(items: Iterable[Any]) -> Iterable[Any]:
    for item in items:
        _budget.take(1)
        yield item


def _numbers_bounded(function: Any) -> Any:
    def bounded(*args: Any, **kwargs: Any) -> Any:
        for value in (*args[1:], *kwargs.values()):
            if isinstance(value, (int, float)) and abs(value) > MAX_REPEAT:
                raise SecurityError(f"a filter is given a number over {MAX_REPEAT}")
        return function(*args, **kwargs)

    return _like(bounded, function)


def _replace_bounded(function: Any) -> Any:
    def bounded(eval_ctx: Any, s: str, old: str, new: str, count: int | None = None) -> Any:
        if str(s).count(str(old)) * len(str(new)) > MAX_TEXT:
            raise SecurityError("a replacement grows too long")
        return function(eval_ctx, s, old, new, count)

    return _like(bounded, function)


def _join_bounded(function: Any) -> Any:
    def bounded(eval_ctx: Any, value: Any, d: str = "", attribute: Any = None) -> Any:
        items = list(value)
        if (len(str(d)) + 1) * len(items) > MAX_TEXT:
            raise SecurityError("a joined text grows too long")
        return function(eval_ctx, items, d, attribute)

    return _like(bounded, function)


def _like(bounded: Any, function: Any) -> Any:
    """Carry over what Jinja has noted on a filter: that it wants the context and the like."""
    for key, value in vars(function).items():
        if key != "__wrapped__":
            setattr(bounded, key, value)
    return bounded
