"""The words for each way in which a line of TOML can be wrong."""

from __future__ import annotations

import re

from lifecycle.catalog.scan import Found

_KEY = re.compile(r"\s*(?:\{\s*)?(?P<key>[\w.\"'-]+)\s*=")
_VALUES: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), problem, hint)
    for pattern, problem, hint in (
        (r"^$", "`{key}` has no value", 'write {key} = "…"'),
        (r"^\d{1,2}:\d\d$", "a time of day stands in quotes", '{key} = "{value}"'),
        (
            r"^\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d$",
            "a span of time stands in quotes",
            '{key} = "{value}"',
        ),
        (r"^(?i:true|yes|on)$", "yes is said as true, in small letters", "{key} = true"),
        (r"^(?i:false|no|off)$", "no is said as false, in small letters", "{key} = false"),
        (r"^[\d.]+\s*%$", "a percentage is a plain number", "leave out the % sign"),
        (r"^\d+,\d+$", "a number has a point, not a comma", "write {point}"),
        (r"^[\d.,]+\s*[€$£]|^[€$£]", "an amount is a plain number", "leave out the currency"),
        (
            r"^\d+(\.\d+)?\s*(second|minute|hour|day|week|month|year)s?$",
            "a length stands in quotes",
            '{key} = "{value}"',
        ),
        (r"^\d+\s*(s|m|min|h|d|w)$", "a length is written out, in quotes", '{key} = "2 days"'),
        (r"^\S+\s.*=", "each key stands on a line of its own", "inside { … }, commas part them"),
        (r"^[+-]?\d{400,}$", "this number is too long", 'if it is a name: {key} = "…"'),
        (
            r"^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}",
            "this date or time is not written as 2026-03-02 or 2026-03-02T09:00:00",
            "months and days have two digits",
        ),
        (r"^0\d+$", "a number does not begin with 0", 'if it is a name: {key} = "{value}"'),
        (r"^[^\W\d]", "text stands in quotes", '{key} = "{value}"'),
    )
)


def say(lines: list[str], first: int, line: int, column: int, message: str) -> Found:
    """What is wrong at a line and column where the parser gave up with `message`.

    `first` is the first line of the statement in hand.
    """
    here = lines[line - 1]
    opening = lines[first - 1]
    found = _repeated(lines, first, message) or _heading(opening, message)
    if found is not None:
        return first, len(opening) - len(opening.lstrip()) + 1, *found
    found = _quoting(here, message)
    if found is not None:
        return line, column, *found
    if "=" not in "".join(lines[first - 1 : line]):
        return first, len(opening) - len(opening.lstrip()) + 1, *_no_value(opening)
    key, value, start = _value(here, column)
    for pattern, problem, hint in _VALUES:
        if pattern.search(value):
            if key == "" or (here[:start].rstrip()[-1:] in "[," and hint.startswith("{key} =")):
                hint = hint.removeprefix("{key} = ")
            words = {"{key}": key, "{value}": value, "{point}": value.replace(",", ".")}
            return line, start, _filled(problem, words), _filled(hint, words)
    return line, column, *_between(message)


def _repeated(lines: list[str], first: int, message: str) -> tuple[str, str] | None:
    heading = lines[first - 1].split("#")[0].strip()
    if heading.startswith("[") and ("twice" in message or "overwrite" in message):
        if any(_named(one) == _named(heading) for one in lines[: first - 1]):
            hint = "join the two; what may come several times has double brackets: [[step]]"
            return f"{heading} stands here a second time", hint
        inner = next((one for one in lines[: first - 1] if _stands_in(one, heading)), None)
        if inner is not None:
            hint = f"begin with {heading}; what belongs to it stands below"
            return f"{inner.split('#')[0].strip()} stands above the {heading} it belongs to", hint
        return f"what {heading} names has a value already, further up", "keep one of the two"
    if "mutate" in message or "immutable" in message or "not a table" in message:
        hint = "say it in one way: all in the { … }, or all below a heading; lists as [[…]]"
        return "this adds to something that is already complete", hint
    if "overwrite" not in message and "Duplicate" not in message:
        return None
    match = _KEY.match(lines[first - 1])
    if match is None or "Duplicate" in message:
        return "a key is said twice in one { … }", "keep one of the two"
    key = match["key"]
    for number in range(first - 1, 0, -1):
        above = lines[number - 1].strip()
        if above.startswith("["):
            break
        again = _KEY.match(above)
        if again is not None and again["key"] == key:
            return f"`{key}` is said twice, first in line {number}", "keep one of the two"
    return f"`{key}` is said twice", "keep one of the two"


def _named(heading: str) -> str:
    plain = heading.split("#")[0].strip()
    return plain.strip("[] ") if plain.startswith("[") else plain


def _stands_in(line: str, heading: str) -> bool:
    return line.lstrip().startswith("[") and _named(line).startswith(f"{_named(heading)}.")


def _filled(words: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        words = words.replace(name, value)
    return words


def _heading(opening: str, message: str) -> tuple[str, str] | None:
    if not opening.lstrip().startswith("["):
        return None
    hint = "write [enter], or [[step]] for what may come several times"
    return "this heading cannot be read: it stands alone on its line", hint


def _quoting(here: str, message: str) -> tuple[str, str] | None:
    if "\\" in message or "escape" in message or "hex" in message:
        return "a backslash has a meaning of its own in a text", "write \\\\, or use '…' as quotes"
    if "Illegal character" in message or "invalid character" in message:
        if here.count('"') % 2:
            return "a quote is never closed on this line", "for several lines write three quotes"
        return "here stands a character that no text may hold", "delete it"
    if "after a statement" in message and re.search(r"=\s*(\"[^\"]*\"|'[^']*')\s*[^\s#]", here):
        hint = "a quote inside a text is written \\\" or the text stands in '…'"
        return "after the text's closing quote stands something more", hint
    return None


def _no_value(opening: str) -> tuple[str, str]:
    if re.match(r"\s*[\w-]+\s*:", opening):
        return "a key and its value are joined by =, not by :", 'write name = "…"'
    return "this line is neither a key with its value nor a heading", 'write name = "…" or [enter]'


def _value(here: str, column: int) -> tuple[str, str, int]:
    """The key and value around a column, and the column at which the value begins."""
    at = min(max(column - 1, 0), len(here))
    equals = here.rfind("=", 0, at)
    if equals < 0:
        equals = here.find("=")
    if equals < 0:
        return "", here.strip(), at + 1
    words = re.findall(r"[\w.\"'-]+", here[:equals])
    rest = here[equals + 1 :]
    listed = rest.lstrip().startswith(("[", "{", '"', "'"))
    if listed:
        entry = re.search(r"[^\[\]{},]*$", here[:at])
        start = entry.start() if entry else at
        value = re.split(r"[,\]}#]", here[start:], maxsplit=1)[0].strip()
        return (words[-1] if words else ""), value or "?", start + 1
    value = re.split(r"\s#|[\]}]|,\s", rest, maxsplit=1)[0].strip()
    start = equals + 2 + len(rest) - len(rest.lstrip())
    return (words[-1] if words else ""), value, start


def _between(message: str) -> tuple[str, str]:
    if "array" in message:
        return "the entries of a list are parted by commas", 'write [ "a", "b" ]'
    if "inline table" in message:
        return "the entries of a { … } are parted by commas", 'write { did = "x", at_least = 2 }'
    if "key" in message:
        hint = 'write shipping_country = "…"'
        return "a key is made of letters, digits, _ and -, or stands in quotes", hint
    return "this cannot be read", 'a line reads name = "…"'
