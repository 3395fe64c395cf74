"""Where the command line begins: options in any place, one exit code, never a traceback."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from lifecycle.errors import EXIT_ENVIRONMENT_FAILED, EXIT_WRONG_USAGE, LifecycleError

DEBUG = "LIFECYCLE_DEBUG"
"""The environment variable that has a failure shown with its traceback, as --debug does."""
EXIT_INTERRUPTED = 130
GARBAGE_AFTER = (100_000, 50, 100)
"""When Python looks for garbage in rings: seldom, for batches make many objects and few rings."""
FLAGS = ("--json", "--debug")
WITH_VALUE = ("--project", "--database")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and say what to exit with: 0 done, 1 errors, 2 wrong usage, 3 environment."""
    gc.set_threshold(*GARBAGE_AFTER)
    said = options_first(sys.argv[1:] if arguments is None else arguments)
    if "--debug" in said or os.environ.get(DEBUG):
        os.environ[DEBUG] = "1"
    try:
        return _run(said)
    except LifecycleError as error:
        return _ended(error, str(error), error.exit_code)
    except KeyboardInterrupt as error:
        return _ended(error, "interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ENVIRONMENT_FAILED
    except Exception as error:
        return _ended(error, *_unexpected(error))


def options_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the options that may stand anywhere put before the command's name."""
    first: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        one = waiting.pop(0)
        if one == "--":
            rest += [one, *waiting]
            break
        if one in FLAGS or (one.partition("=")[0] in WITH_VALUE and "=" in one):
            first.append(one)
        elif one in WITH_VALUE and waiting:
            first += [one, waiting.pop(0)]
        else:
            rest.append(one)
    return first + rest


def _run(arguments: list[str]) -> int:
    from typer.exceptions import Abort, Exit, TyperException
    from typer.main import get_command

    from lifecycle.cli.commands import app

    try:
        ended = get_command(app)(args=arguments, prog_name="lifecycle", standalone_mode=False)
    except Exit as asked:
        return asked.exit_code
    except Abort as error:
        return _ended(error, "interrupted", EXIT_INTERRUPTED)
    except TyperException as error:
        told = error.format_message().rstrip(".").replace("?.", "?")
        told += "" if told.endswith("?") else "."
        return _ended(error, f"{told} See lifecycle --help", EXIT_WRONG_USAGE)
    return ended if isinstance(ended, int) else 0


def _unexpected(error: Exception) -> tuple[str, int]:
    """What a failure nobody foresaw comes to: one line, and how to see more."""
    from lifecycle.log import redacted

    lines = str(error).splitlines() or [""]
    told = redacted(f"{type(error).__name__}: {lines[0]}")
    return f"{told}. Say --debug, or {DEBUG}=1, to see where", EXIT_ENVIRONMENT_FAILED


def _ended(error: BaseException, told: str, code: int) -> int:
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    print(f"lifecycle: {told}", file=sys.stderr)
    return code
