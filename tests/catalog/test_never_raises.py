"""Whatever files hold, loading answers with problems and never with an exception."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifecycle.catalog.catalog import Loaded
from lifecycle.catalog.document import read_document
from lifecycle.catalog.load import from_files, load
from tests.catalog.shop import FILES, LETTER, write

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
