"""Whatever files hold, loading answers with problems and never with an exception."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lifecycle.catalog.catalog import Loaded
from lifecycle.catalog.document import read_document
from lifecycle.catalog.load import from_files, load
from lifecycle.catalog.tables import keys_of
from lifecycle.core.step import Branch, Split, Step
from tests.catalog.nested import BIG, MONTHLY, SERIES
from tests.catalog.shop import FILES as SHOP
from tests.catalog.shop import LETTER, write

FILES = {
    **SHOP,
    "campaigns/big.toml": BIG,
    "campaigns/friday.toml": SERIES,
    "campaigns/monthly.toml": MONTHLY,
}
DEFINITIONS = sorted(path for path in FILES if path.endswith(".toml"))
PLACES = st.sampled_from(DEFINITIONS)
WORDS = st.sampled_from(
    [
        *("[", "]", "{", "}", '"', "'", '"""', "'''", "=", ",", ".", "#", "\n", "\\", " ", "[["),
        *("x", "-1", "0", "1e400", "nan", "true", "9" * 40, "09:00", "2026-02-30", "“", "\0", "é"),
        *("all", "not", "did", "within", "where", "step", "variant", "match", "name", "kind"),
        *('"1 day"', '"99999999 weeks"', "[]", "{}", '""', '"*"', "2026-01-01", "id", "\ud800"),
    ]
)  # fmt: skip
SCALARS = st.one_of(
    st.sampled_from(["true", "0", "-5", "1.5", '""', '"x"', '"1 day"', "2026-01-01", "[]", "{}"]),
    st.sampled_from(['["a", 1]', "[[]]", "{ a = 1 }", '{ did = "x" }', "10:00:00", "1e308"]),
)

STEP_KEYS = st.sampled_from([*keys_of(Step), *keys_of(Branch), *keys_of(Split), "x"])
PLAIN = st.one_of(
    st.sampled_from([0, -1, 5, 1.5, True, False, "", "x", "a/b", "1 day", "T-1 days 09:00"]),
    st.sampled_from(["10:00", "23:00", "best hour", "holidays", "order_placed", "env:HOOK"]),
    st.sampled_from(["staff", "cart/offer", "1.5 x orders.usual_gap", "order_*", "{{", "mon"]),
    st.sampled_from([{"everyone": True}, {"did": "order_placed"}, {"in_segment": "staff"}, {}]),
    st.sampled_from([{"customer": "ends_at"}, {"kind": "points", "points": 5}, {"url": "env:X"}]),
    st.sampled_from([{"name": "v", "subject": "s"}, {"until": []}, ["x", 5], [[]], [{}]]),
)
TABLES = st.recursive(
    st.dictionaries(STEP_KEYS, PLAIN, max_size=5),
    lambda inner: st.dictionaries(STEP_KEYS, st.one_of(PLAIN, st.lists(inner, max_size=2))),
    max_leaves=8,
)


def inline(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


def sound(loaded: Loaded) -> None:
    """A catalog or at least one error, and each problem fit to be shown."""
    errors = [one for one in loaded.problems if one.severity == "error"]
    assert (loaded.catalog is None) == bool(errors)
    for one in loaded.problems:
        for text in (one.file, one.problem, one.hint, one.text, one.key):
            assert text.isprintable() or text == ""
            assert len(text) <= 301
        assert one.problem
        assert "pydantic" not in one.problem.lower()
        assert "Input should" not in one.problem


@given(place=PLACES, junk=st.binary(max_size=200))
@settings(max_examples=60)
@example(place="settings.toml", junk=b"\x00\xff\xfe")
@example(place="settings.toml", junk=b"")
def test_any_bytes_in_any_file(place: str, junk: bytes):
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), {path: FILES[path] for path in DEFINITIONS})
        (root / place).write_bytes(junk)
        sound(load(root))


@given(text=st.text(max_size=200))
@settings(max_examples=100)
def test_any_text_is_a_document_or_a_problem(text: str):
    document, problems = read_document("campaigns/a.toml", text)
    assert problems == [] or document.data == {} or all(one.line for one in problems)


@given(
    place=PLACES,
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.lists(WORDS, max_size=3)),
        min_size=1,
        max_size=4,
    ),
)
@settings(max_examples=100)
def test_any_edits_of_a_right_file(place: str, edits: list[tuple[float, int, list[str]]]):
    text = FILES[place]
    for share, cut, words in edits:
        at = int(share * len(text))
        text = text[:at] + "".join(words) + text[at + cut :]
    files = {path: FILES[path] for path in DEFINITIONS} | {place: text}
    sound(from_files({**files, "templates/cart/offer.mjml": LETTER}))


@given(place=PLACES, line=st.floats(0, 1), value=SCALARS)
@settings(max_examples=100)
def test_any_value_in_any_place(place: str, line: float, value: str):
    lines = FILES[place].splitlines()
    said = [index for index, one in enumerate(lines) if " = " in one]
    index = said[int(line * (len(said) - 1))]
    lines[index] = f"{lines[index].partition('=')[0]}= {value}"
    files = {path: FILES[path] for path in DEFINITIONS} | {place: "\n".join(lines)}
    sound(from_files(files))


@given(keys=st.lists(st.tuples(WORDS, SCALARS), max_size=8), place=PLACES)
@settings(max_examples=80)
def test_any_keys_with_any_values(keys: list[tuple[str, str]], place: str):
    text = "\n".join(f"{key if key.isalpha() else 'x'} = {value}" for key, value in keys)
    sound(from_files({**{path: FILES[path] for path in DEFINITIONS}, place: text}))


@given(
    kind=st.sampled_from(["flow", "series", "broadcast"]),
    steps=st.lists(TABLES, max_size=3),
    enter=st.sampled_from(['when = "x"', 'on_date = "05-14"', "joins = 5", 'each = "items"']),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_steps_in_one_another(kind: str, steps: list[dict[str, Any]], enter: str):
    head = f'name = "F"\nkind = "{kind}"\ntopic = "offers"\nanchor = 2026-11-27\n'
    text = f"{head}step = {inline(steps)}\n[enter]\n{enter}\n"
    sound(from_files({**SHOP, "campaigns/any.toml": text}, incentives=()))


@pytest.mark.parametrize("depth", [5, 15, 31, 33, 200])
@pytest.mark.parametrize("kind", ["headings", "lists"])
def test_steps_that_nest_without_end_are_refused_in_words(depth: int, kind: str):
    head = 'name = "F"\nkind = "flow"\ntopic = "offers"\n[enter]\nwhen = "order_placed"\n'
    if kind == "headings":
        keys = ["step"]
        text = head
        for level in range(depth):
            text += f'[[{".".join(keys)}]]\nname = "s{level}"\n'
            text += f"[[{'.'.join([*keys, 'branch'])}]]\nelse = true\n"
            keys += ["branch", "step"]
    else:
        inner = "leave = true"
        for level in range(depth):
            inner = f'name = "s{level}", branch = [{{ else = true, step = [{{ {inner} }}] }}]'
        text = head.replace("[enter]", f"step = [{{ {inner} }}]\n[enter]")
    loaded = from_files({**SHOP, "campaigns/deep.toml": text})
    sound(loaded)
    assert loaded.catalog is None


@pytest.mark.parametrize("count", [101, 1_000])
def test_more_steps_than_one_can_read_are_refused(count: int):
    step = '[[step]]\nname = "s{0}"\naward = 5\n'
    text = BIG + "".join(step.format(number) for number in range(count))
    loaded = from_files({**SHOP, "campaigns/long.toml": text})
    assert [one.problem for one in loaded.problems if one.severity == "error"] == [
        "`step` holds more than 100 entries"
    ]
