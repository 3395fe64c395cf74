"""The errors that people meet: each says what happened, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

EXIT_ERRORS_FOUND = 1
EXIT_WRONG_USAGE = 2
EXIT_ENVIRONMENT_FAILED = 3


class LifecycleError(Exception):
    """Something that can go wrong went wrong, and a person is told so without a traceback.

    `what` is the happening, `cause` why, `remedy` what to do, each in plain English and without a
    full stop at its end; the latter two may be empty. `state` holds the values at hand, by name;
    ids are welcome there, addresses are not. `exit_code` is what a command ends with.
    """

    exit_code: ClassVar[int] = EXIT_ERRORS_FOUND

    def __init__(
        self,
        what: str,
        cause: str = "",
        remedy: str = "",
        *,
        state: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(what, cause, remedy)
        self.what = what
        self.cause = cause
        self.remedy = remedy
        self.state: dict[str, object] = dict(state or {})

    def __str__(self) -> str:
        text = f"{self.what}: {self.cause}" if self.cause else self.what
        if self.state:
            text += " (" + ", ".join(f"{name}={value}" for name, value in self.state.items()) + ")"
        return f"{text}. {self.remedy}" if self.remedy else text


class UsageError(LifecycleError):
    """The command was called wrongly: an unknown name, a flag that does not fit, a bad instant."""

    exit_code: ClassVar[int] = EXIT_WRONG_USAGE


class EnvironmentFailed(LifecycleError):
    """What the command stands on failed: the database, a file, a port, the network."""

    exit_code: ClassVar[int] = EXIT_ENVIRONMENT_FAILED
