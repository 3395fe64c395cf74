"""`[members]`: customers named one by one or in a CSV beside the segment."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.folder import MAX_LIST
from lifecycle.catalog.load import from_files, load
from lifecycle.catalog.members import read_list
from lifecycle.catalog.plan import compare
from lifecycle.core.rule.tree import View
from tests.catalog.shop import FILES, STAFF, catalog_of, problems_of, said, write
from tests.core.rule.asking import view

FILE, LIST = "segments/staff.toml", "segments/vips.csv"


def holds(catalog: Catalog, customer: str, staff: bool = False) -> bool:
    seen: View = view(customer_id=customer, attributes={"staff": staff})
    return catalog.rules["staff"].matches(seen)


@pytest.mark.parametrize(
    ("members", "inside"),
    [
        ("", "bd"),
        ('include = ["a"]', "abd"),
        ('exclude = ["b"]', "d"),
        ('include = ["a", "b", "c"]\nexclude = ["b", "c"]', "ad"),
        ("include = []\nexclude = []", "bd"),
        ('include = "vips.csv"', "abcd"),
        ('include = ["vips.csv", "e"]', "abcde"),
        ('exclude = ["./vips.csv", "b"]', "d"),
    ],
)
def test_the_included_are_in_and_the_excluded_are_out(members: str, inside: str):
    files = {FILE: f"{STAFF}[members]\n{members}\n", LIST: "a\nc\n"}
    catalog = catalog_of(files)
    assert "".join(one for one in "abcdef" if holds(catalog, one, one in "bd")) == inside


def test_without_a_rule_only_the_included_are_in():
    catalog = catalog_of({FILE: 'name = "Staff"\n[members]\ninclude = ["a"]\nexclude = ["b"]\n'})
    assert [one for one in "abc" if holds(catalog, one, staff=True)] == ["a"]


def test_a_rule_tells_who_is_named():
    catalog = catalog_of({FILE: f'{STAFF}[members]\ninclude = ["a", "b"]\nexclude = ["c"]\n'})
    told = catalog.rules["staff"].why(view(customer_id="a"))
    named = told.parts[0].parts[1]
    assert (told.holds, named.asks, named.saw, named.until) == (
        True,
        "named in [members] include",
        "named among 2",
        None,
    )
    assert told.parts[1].parts[0].asks == "named in [members] exclude"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a\nb\n", ["a", "b"]),
        ("\ufeffa\r\n\r\n  b  \r\n", ["a", "b"]),
        ("customer\na\nb", ["a", "b"]),
        ("Email,Customer_ID\nx@y.example,a\nz@y.example,b\n", ["a", "b"]),
        ("id;name\na;Zoë\n;\nb;\n", ["a", "b"]),
        ("\n\ncustomer_id\tid\na\t1\n", ["a"]),
        ('"a, b","x"\n"c"\n', ["a, b", "c"]),
        ("a\na\n", ["a"]),
        ("", []),
        ("id\n", []),
    ],
)
def test_a_csv_is_read_with_and_without_a_heading(text: str, ids: list[str]):
    assert read_list(LIST, text.removeprefix("\ufeff")) == (tuple(ids), [])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("id,name\na,b\n,c\n", 3, "a customer's id is not empty"),
        ("name,id\na\n", 2, "a customer's id is not empty"),
        ('a\n"b\nc"\n', 3, "no line break"),
        ('a\n"b\n', 2, "cannot be read as CSV"),
        ("x" * 513, 1, "no longer than 512 bytes"),
    ],
)
def test_a_wrong_line_of_a_csv_is_told_with_its_line(text: str, line: int, words: str):
    _, problems = read_list(LIST, text)
    assert [(one.file, one.line) for one in problems] == [(LIST, line)]
    assert words in problems[0].problem


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ('include = "none.csv"', "4:1 error: segments/none.csv: there is no such file | put it"),
        ('include = ["a", "no.csv"]', "4:17 error: segments/no.csv: there is no such file"),
        ('include = "../x.csv"', "4:1 error: “../x.csv” leads out of segments/ | name a file in"),
        ('include = "/etc/x.csv"', "4:1 error: “/etc/x.csv” leads out of segments/"),
        ('include = "a\\\\x.csv"', "4:1 error: “a\\x.csv” is no name of a file"),
        ('include = "vips"', "4:1 error: “vips” is no CSV beside the file | write ["),
        ("exclude = [7]", "4:12 error: an entry of this list takes text, not 7 | write it in"),
        ('exclude = [" "]', "4:12 error: a customer's id is not empty"),
        ('includ = ["a"]', "4:1 error: `includ` is not known in [members] | did you mean"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_place(members: str, expected: str):
    problems = problems_of({FILE: f"{STAFF}[members]\n{members}\n"})
    errors = [said(one) for one in problems if one.severity == "error"]
    assert errors[0].startswith(f"{FILE}:{expected}")


@pytest.mark.parametrize("members", ['\n[members]\nexclude = ["a"]\n', "\n[members]\n", ""])
def test_nobody_to_let_in_is_refused(members: str):
    errors = problems_of({FILE: f'name = "Staff"{members}'})
    assert "[match] is missing" in said(errors[0])
    assert "[members] include" in errors[0].hint


def broken(folder: Path, kind: str) -> None:
    file = folder / LIST
    if kind == "large":
        file.write_text("a\n" * (MAX_LIST // 2 + 1))
    elif kind == "link":
        (folder.parent / "secret.csv").write_text("a\n")
        file.symlink_to(folder.parent / "secret.csv")
    elif kind == "bytes":
        file.write_bytes(b"a\n\xff\n")
    elif kind == "folder":
        file.mkdir()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("large", f"{FILE}:4:1 error: {LIST}: this file is larger than 4096 KB"),
        ("link", f"{FILE}:4:1 error: {LIST}: this link leads out of the project"),
        ("folder", f"{FILE}:4:1 error: {LIST}: this is a folder, not a file"),
        ("bytes", f"{LIST}:2:1 error: this file is not UTF-8 text"),
        ("none", f"{FILE}:4:1 error: {LIST}: there is no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, kind: str, expected: str):
    files = {**FILES, FILE: f'{STAFF}[members]\ninclude = "vips.csv"\n'}
    root = write(tmp_path / "shop", files)
    broken(root, kind)
    problems = [said(one) for one in load(root).problems]
    assert len(problems) == 1
    assert problems[0].startswith(expected)


def test_the_lists_are_put_live_with_the_segments_that_name_them(tmp_path: Path):
    files = {**FILES, FILE: f'{STAFF}[members]\ninclude = "vips.csv"\n', LIST: "a\n"}
    root = write(tmp_path, {**files, "segments/unnamed.csv": "x\n", "segments/readme.md": "x"})
    catalog = load(root).catalog
    assert catalog is not None
    assert LIST in catalog.files
    assert "segments/unnamed.csv" not in catalog.files
    again = from_files(catalog.files).catalog
    assert again is not None
    assert (again.fingerprint, again.rules) == (catalog.fingerprint, catalog.rules)


def test_a_changed_list_is_a_changed_segment_and_its_order_is_none():
    files = {FILE: f'{STAFF}[members]\ninclude = "vips.csv"\n', LIST: "a\nb\n"}
    before = catalog_of(files)
    turned = catalog_of({**files, LIST: "b\n\na\n"})
    longer = catalog_of({**files, LIST: "a\nb\nc\n"})
    assert before.fingerprint != turned.fingerprint
    assert compare(before, turned) == []
    assert [(one.kind, one.name, one.parts) for one in compare(before, longer)] == [
        ("segment", "staff", ("members",))
    ]
    assert before.segments["staff"].version != longer.segments["staff"].version
    assert before.campaigns["spring_sale"].version == longer.campaigns["spring_sale"].version
