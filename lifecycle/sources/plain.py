"""Plain data from outside: JSON within stated bounds, so that all that follows may trust it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from lifecycle.sources.refused import Refused

MAX_DEPTH = 32
MAX_KEY_CHARACTERS = 512
MAX_TEXT_BYTES = 64 * 1024
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1
PATH_SHOWN = 200

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BARE_KEY = re.compile(r"\w{1,64}")


def read_json(raw: bytes | str, *, max_bytes: int) -> Any:
    """Read one JSON value and check it. Of a key said twice the last counts. Raises Refused."""
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    if len(data) > max_bytes:
        raise Refused("", f"longer than {kilobytes(max_bytes)}", "send less at once")
    try:
        value = msgspec.json.decode(data)
    except RecursionError:
        raise _too_deep("") from None
    except (msgspec.MsgspecError, ValueError) as error:
        value = tolerant(data, error)
    check(value)
    return value


def tolerant(data: bytes, error: Exception) -> Any:
    """Read what a strict reader refused, so that the field at fault can be named by `check`.

    Raises Refused when it is no JSON at all.
    """
    try:
        return json.loads(data.decode("utf-8"))
    except RecursionError:
        raise _too_deep("") from None
    except UnicodeDecodeError:
        raise Refused("", "not UTF-8", "save the text as UTF-8") from None
    except ValueError:
        said = str(error).removeprefix("JSON is malformed: ")
        raise Refused("", f"not JSON: {said}"[:PATH_SHOWN]) from None


def check(value: Any) -> None:
    """Check a value and all within it: finite, storable, not too deep or long. Raises Refused."""
    if not _is_sound(value, 1):
        _find_fault(value, "", 1)


def _is_sound(value: Any, depth: int) -> bool:
    """Whether a value is surely all right; nearly all are, so no path is kept on the way."""
    kind = type(value)
    if kind is str:
        return len(value) * 4 <= MAX_TEXT_BYTES and _UNSTORABLE.search(value) is None
    if kind is dict:
        return depth <= MAX_DEPTH and all(
            type(key) is str
            and len(key) <= MAX_KEY_CHARACTERS
            and _UNSTORABLE.search(key) is None
            and _is_sound(inner, depth + 1)
            for key, inner in value.items()
        )
    if kind is list:
        return depth <= MAX_DEPTH and all(_is_sound(inner, depth + 1) for inner in value)
    if kind is float:
        return math.isfinite(value)
    if kind is int:
        return bool(SMALLEST_INTEGER <= value <= LARGEST_INTEGER)
    return value is None or kind is bool


def _find_fault(value: Any, path: str, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value, path)
    elif value is None or isinstance(value, bool):
        return
    elif isinstance(value, int):
        if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            raise Refused(path, "a whole number beyond 64 bits", "write it as text, in quotes")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Refused(path, "not a finite number", "leave the value out, or write null")
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise _too_deep(path)
        if isinstance(value, list):
            for place, inner in enumerate(value):
                _find_fault(inner, f"{path}[{place}]", depth + 1)
            return
        for key, inner in value.items():
            _find_fault(inner, _below(path, key), depth + 1)
    else:
        raise Refused(path, f"not plain data: {type(value).__name__}")


def _below(path: str, key: object) -> str:
    if not isinstance(key, str):
        raise Refused(path, "a key that is not text")
    if len(key) > MAX_KEY_CHARACTERS:
        raise Refused(path, f"a key longer than {MAX_KEY_CHARACTERS} characters")
    if _UNSTORABLE.search(key):
        raise Refused(path, "a key with a character that cannot be stored")
    shown = key if _BARE_KEY.fullmatch(key) else json.dumps(key[:PATH_SHOWN])
    return f"{path}.{shown}" if path else shown


def _check_text(value: str, path: str) -> None:
    found = _UNSTORABLE.search(value)
    if found:
        what = "a NUL character" if found[0] == "\0" else "half a character (a lone surrogate)"
        raise Refused(path, f"{what} cannot be stored", "take it out")
    if len(value) * 4 > MAX_TEXT_BYTES and len(value.encode()) > MAX_TEXT_BYTES:
        raise Refused(path, f"a text longer than {kilobytes(MAX_TEXT_BYTES)}")


def kilobytes(count: int) -> str:
    """A size in bytes in words."""
    return f"{count // 1024} KB"


def _too_deep(path: str) -> Refused:
    shown = path if len(path) <= PATH_SHOWN else f"{path[:PATH_SHOWN]}…"
    return Refused(shown, f"nested deeper than {MAX_DEPTH} levels")
