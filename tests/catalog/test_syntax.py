"""TOML's traps, told in words."""

from __future__ import annotations

import pytest

from lifecycle.catalog.document import read_document
from lifecycle.catalog.project import walk
from lifecycle.catalog.syntax import read_toml
from tests.catalog.shop import CART, FILES

JARGON = ("Expected", "Invalid", "Illegal", "Unclosed", "Cannot", "at line", "TOML", "Traceback")


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("at = 09:00", 1, 6, "a time of day stands in quotes"),
        ('x = 1\non = [ { at = 09:00, b = "c" } ]', 2, 15, "a time of day stands in quotes"),
        ("quiet_hours = 21:00-08:00", 1, 15, "a span of time stands in quotes"),
        ("name = “Cart”", 1, 8, "a curly quote, “, opens no text"),
        ("name = ‘Cart’", 1, 8, "a curly quote, ‘, opens no text"),
        ("x = { a = 1,\n b = 2 }", 1, 5, "a { … } stands on one line"),
        ('name = "Cart', 1, 8, "the quote that opens here is never closed"),
        ('name = """Cart\n\n', 1, 8, "the quote that opens here is never closed"),
        ("name = 'it's'", 1, 13, "the quote that opens here is never closed"),
        ("name = Abandoned cart", 1, 8, "text stands in quotes"),
        ("after = 1 hour", 1, 9, "a length stands in quotes"),
        ("after = 2d", 1, 9, "a length is written out, in quotes"),
        ("percent = 10 %", 1, 11, "a percentage is a plain number"),
        ("worth = 0,01", 1, 9, "a number has a point, not a comma"),
        ("caps = True", 1, 8, "yes is said as true, in small letters"),
        ("caps = no", 1, 8, "no is said as false, in small letters"),
        ("since = 2026-3-2", 1, 9, "this date or time is not written as"),
        ("sku = 007", 1, 7, "a number does not begin with 0"),
        ("name =", 1, 7, "`name` has no value"),
        ('name: "Cart"', 1, 1, "joined by =, not by :"),
        ("abandoned cart", 1, 1, "neither a key with its value nor a heading"),
        ('path = "C:\\dir"', 1, 13, "a backslash has a meaning of its own"),
        ('name = "a" b"', 1, 13, "the quote that opens here is never closed"),
        ('x = [ "a" "b" ]', 1, 11, "the entries of a list are parted by commas"),
        ("x = 1\ny = 2\nx = 3", 3, 1, "`x` is said twice, first in line 1"),
        ("[enter]\n[exit]\n[enter]", 3, 1, "[enter] stands here a second time"),
        ("[[step]]\n[step]", 2, 1, "[step] stands here a second time"),
        ("x = { a = 1, a = 2 }", 1, 1, "a key is said twice in one { … }"),
        ("x = { a = 1 }\nx.b = 1", 2, 1, "already complete"),
        ('when = [\n "a",\n "b"\nper = "x"\n', 1, 8, "the [ that opens here is never closed"),
        ("a\x00b = 1", 1, 2, "a character that no text may hold"),
        ('a = "b\x07"', 1, 7, "a character that no text may hold"),
        ("x = nan", 1, 1, "this is no number one can count with"),
        ("x = 9" + "9" * 5_000, 1, 5, "this number is too long"),
    ],
)
def test_a_trap_is_told_in_words_at_its_place(text: str, line: int, column: int, words: str):
    _, problems = read_document("campaigns/a.toml", text)
    assert problems
    first = problems[0]
    assert (first.line, first.column) == (line, column)
    assert words in first.problem
    assert first.text.strip() == first.text.strip()[:300]
    assert not any(one in f"{first.problem} {first.hint}" for one in JARGON)


def test_all_faulty_lines_of_a_file_are_told_at_once():
    text = 'name = Cart\nkind = “flow”\n[enter]\nat = 9:30\nwhen = ["a" "b"]\nx = 5%\n'
    _, found = read_toml(text)
    assert [one[0] for one in found] == [1, 2, 2, 4, 5, 6]


def test_a_list_inside_braces_may_break():
    data, found = read_toml('x = { any = [\n  "a",\n  "b",\n], b = 2 }\n')
    assert found == []
    assert data == {"x": {"any": ["a", "b"], "b": 2}}


def test_a_quote_or_bracket_inside_a_text_or_comment_is_no_trap():
    text = 'a = "{ “x” " # it\'s { “\nb = \'\'\'\n{ “ [\n\'\'\'\nc = """a "quoted" \\"{"""\n'
    data, found = read_toml(text)
    assert found == []
    assert set(data) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a" + ".a" * 20_000 + " = 1", "more than 32 parts"),
        ("[" + "a." * 20_000 + "a]", "more than 32 parts"),
        ('x = {"a" ' + '. "a"' * 20_000 + " = 1}", "more than 32 parts"),
        ("x = " + "[" * 50_000, "brackets stand open"),
        ("x = " + "{a = " * 5_000, "brackets stand open"),
        (
            "["
            + "a." * 31
            + "a]\n"
            + "b." * 31
            + "b = {"
            + "c." * 31
            + "c = [{"
            + "d." * 9
            + "d=1}]}",
            "nests deeper",
        ),
        ('"' * 250_001, "never closed"),
        ('"' + '\\"' * 125_000, "never closed"),
        ("'''" + "''" * 60_000, ""),
        ("[[a]]\n" * 40_000, ""),
        ("a = [" + "1," * 120_000 + "]", ""),
        ("\n".join(f"k{i} = x" for i in range(20_000)), "text stands in quotes"),
    ],
)
def test_a_hostile_file_is_read_or_refused_in_no_time(text: str, words: str):
    _, problems = read_document("campaigns/a.toml", text)
    assert words == "" or words in problems[0].problem


@pytest.mark.parametrize(
    ("place", "line", "column"),
    [
        (("name",), 2, 1),
        (("enter", "only_if", "all", 1, "not", "in_segment"), 13, 67),
        (("exit", "when", 1), 16, 25),
        (("step",), 32, 3),
        (("step", 0, "variant", 1, "subject", "de"), 43, 47),
        (("step", 0, "winner", "by"), 46, 3),
        (("step", 1, "incentive", "given_if", "at_least"), 60, 34),
        (("step", 1, "incentive", "missing"), 59, 4),
        (("nowhere",), 1, 1),
    ],
)
def test_a_key_path_leads_to_its_line_and_column(
    place: tuple[str | int, ...], line: int, column: int
):
    document, _ = read_document("campaigns/abandoned_cart.toml", CART)
    assert document.position(place) == (line, column)


def test_every_key_of_a_whole_shop_has_its_place():
    for path, text in FILES.items():
        if path.endswith(".toml"):
            document, problems = read_document(path, text)
            assert problems == []
            for place, _ in walk(document.data):
                assert place in document.places, place


def test_quoted_dotted_and_bare_keys_lead_to_the_same_places():
    text = '"a.b".c = { "d\\u0065" = [1, { x = 2 }] }\n[e]\n"f" . g = 1\n'
    document, _ = read_document("x.toml", text)
    assert document.position(("a.b", "c", "de", 1, "x")) == (1, 31)
    assert document.position(("e", "f", "g")) == (3, 1)
