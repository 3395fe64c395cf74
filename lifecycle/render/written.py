"""What a value looks like in a letter: nothing for none, 10 for 10.0, escaped in HTML."""

from __future__ import annotations

from typing import Any

from jinja2.exceptions import SecurityError
from markupsafe import Markup, escape

try:
    from markupsafe._speedups import _escape_inner as _escaped
except ImportError:  # built without its C part
    from markupsafe._native import _escape_inner as _escaped


def printable(value: Any) -> Any:
    """None prints as nothing and 10.0 as 10; a whole list or mapping is always a mistake."""
    if value is None:
        return ""
    if type(value) is float and value.is_integer():
        return int(value)
    if isinstance(value, (list, dict, tuple, set)):
        raise SecurityError("a list or a mapping cannot be printed: loop over it, or name a key")
    return value


def text_of(value: Any) -> str:
    """A value as plain text writes it. Raises SecurityError, UndefinedError."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    return str(printable(value))


def html_of(value: Any) -> str:
    """A value as HTML writes it, escaped unless it is markup. Raises SecurityError, UndefinedError.

    Most values are texts; escaping them without making markup of each is what this is for.
    """
    kind = type(value)
    if kind is str:
        return _escaped(value)
    if kind is int:
        return str(value)
    if kind is not Markup:
        value = escape(printable(value))
    return str.__str__(value)
