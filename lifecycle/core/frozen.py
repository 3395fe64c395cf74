"""A dict that nobody can change, so that definitions stay as they were checked."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class FrozenDict(dict[Key, Value]):
    """A dict whose every change raises TypeError; it copies and pickles as what it is."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a definition is frozen: make a changed copy instead")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by content."""
        return FrozenDict, (dict(self),)
