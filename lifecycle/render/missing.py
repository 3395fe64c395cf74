"""What stands for a name or a key that the data of a letter lacks."""

from __future__ import annotations

from typing import Any, NoReturn

from jinja2 import Undefined
from jinja2.exceptions import UndefinedError


class _Missing(Undefined):
    """What the two kinds of missing things share: the error says the bare name."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return str(self._undefined_name)

    def fail(self, *_: Any, **__: Any) -> NoReturn:
        """Raise UndefinedError with the name."""
        raise UndefinedError(self._undefined_message)

    __str__ = __iter__ = __len__ = fail
    __hash__ = Undefined.__hash__


class MissingName(_Missing):
    """A name nothing is known of: any use of it is an error, except `is defined` and `default`."""

    __slots__ = ()
    __bool__ = __eq__ = __ne__ = __contains__ = _Missing.fail
    __hash__ = Undefined.__hash__


class MissingKey(_Missing):
    """A key that the data lacks: false in a condition and equal to nothing, an error when printed.

    Keys of it are missing too, so that `default` can catch a whole path.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = Undefined.__hash__
