"""`attach`: files below templates/ that go with a letter, checked before anything goes live."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files, load
from lifecycle.catalog.plan import compare
from lifecycle.cli.wiring import kept_catalog
from lifecycle.core.attaching import MAX_ATTACHED, MAX_ATTACHED_BYTES
from lifecycle.hooks import Registry
from tests.catalog.shop import CART, CART_FILE, FILES, SALE, write

TERMS = b"%PDF-1.7\r\n\x00\xff terms"
NAMED = 'template = "cart/reminder"'
TERMS_FILE = "templates/files/terms.pdf"


def project(root: Path, attach: str, files: dict[str, bytes] | None = None) -> Path:
    """The whole shop, with this after `attach =` in the step that reminds of a cart."""
    write(root, {**FILES, CART_FILE: CART.replace(NAMED, f"{NAMED}\nattach = {attach}")})
    for path, content in ({TERMS_FILE: TERMS} if files is None else files).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def loaded(root: Path) -> Catalog:
    found = load(root)
    assert found.catalog is not None, found.problems
    return found.catalog


def test_a_file_goes_live_with_the_definitions_byte_by_byte(tmp_path: Path) -> None:
    catalog = loaded(project(tmp_path, '["files/terms.pdf"]'))
    assert b64decode(catalog.files[f"{TERMS_FILE}.base64"]) == TERMS
    again = from_files(catalog.files).catalog
    assert again is not None
    assert again.fingerprint == catalog.fingerprint


def test_the_copy_of_what_is_live_holds_the_file_as_it_was(tmp_path: Path) -> None:
    root = project(tmp_path, '["files/terms.pdf"]')
    catalog = loaded(root)
    (root / TERMS_FILE).write_bytes(b"other")
    kept = kept_catalog(root, catalog, Registry())
    assert kept.files == catalog.files
    assert loaded(root).fingerprint != catalog.fingerprint


def test_another_content_is_a_change_of_the_file(tmp_path: Path) -> None:
    root = project(tmp_path, '["files/terms.pdf"]')
    before = loaded(root)
    (root / TERMS_FILE).write_bytes(b"%PDF-2.0")
    (change,) = compare(before, loaded(root))
    assert (change.kind, change.name, change.what) == ("template", "files/terms.pdf", "changed")


def test_a_broadcast_takes_files_along(tmp_path: Path) -> None:
    root = project(tmp_path, "[]")
    sale = SALE.replace('template = "cart/offer"', f'{NAMED}\nattach = ["files/terms.pdf"]')
    (root / "campaigns/spring_sale.toml").write_text(sale)
    assert f"{TERMS_FILE}.base64" in loaded(root).files


def test_files_that_nobody_names_are_not_read(tmp_path: Path) -> None:
    catalog = loaded(project(tmp_path, "[]"))
    assert not any(path.endswith(".base64") for path in catalog.files)


@pytest.mark.parametrize(
    ("attach", "problem"),
    [
        ('["files/gone.pdf"]', "there is no such file"),
        ('["files/run.exe"]', "no kind of file"),
        ('["files/page.html"]', "no kind of file"),
        ('["files/terms"]', "no kind of file"),
        ('["../settings.pdf"]', "no file below templates/"),
        ('["/etc/terms.pdf"]', "no file below templates/"),
        ('["files//terms.pdf"]', "no file below templates/"),
        ('["files\\\\terms.pdf"]', "no file below templates/"),
        ('["files/terms.pdf", "other/Terms.pdf"]', "two files"),
        ('["files/folder.pdf"]', "a folder"),
        ('["files/out.pdf"]', "leads out of the project"),
        ("[1]", "text"),
        (f"{['files/terms.pdf'] * (MAX_ATTACHED + 1)}", "10"),
    ],
)
def test_a_file_that_cannot_go_is_told_where_it_is_named(
    tmp_path: Path, attach: str, problem: str
) -> None:
    root = project(tmp_path / "shop", attach)
    (root / "templates/files/folder.pdf").mkdir()
    (root / "templates/other").mkdir()
    (root / "templates/other/Terms.pdf").write_bytes(TERMS)
    (tmp_path / "out.pdf").write_bytes(TERMS)
    (root / "templates/files/out.pdf").symlink_to(tmp_path / "out.pdf")
    found = load(root)
    assert found.catalog is None
    errors = [one for one in found.problems if one.severity == "error"]
    assert any(problem in one.problem for one in errors), errors
    assert {one.file for one in errors} == {CART_FILE}
    assert {one.text.split(" ")[0] for one in errors} == {"attach"}


def test_all_files_together_have_a_limit(tmp_path: Path) -> None:
    half = bytes(MAX_ATTACHED_BYTES // 2)
    files = {"templates/a.pdf": half, "templates/b.pdf": half}
    assert loaded(project(tmp_path, '["a.pdf", "b.pdf"]', files))
    (tmp_path / "templates/b.pdf").write_bytes(half + b"x")
    (problem,) = (one for one in load(tmp_path).problems if one.severity == "error")
    assert "more than 5 MB" in problem.problem


def test_a_file_larger_than_all_may_be_is_not_read_whole(tmp_path: Path) -> None:
    huge = {"templates/a.pdf": bytes(3 * MAX_ATTACHED_BYTES)}
    found = load(project(tmp_path, '["a.pdf"]', huge))
    assert found.catalog is None


def test_a_kept_content_that_is_damaged_is_told(tmp_path: Path) -> None:
    catalog = loaded(project(tmp_path, '["files/terms.pdf"]'))
    for damaged in ("%%%", b64encode(TERMS).decode()[:-1]):
        found = from_files({**catalog.files, f"{TERMS_FILE}.base64": damaged})
        assert any("damaged" in one.problem for one in found.problems)


def test_attach_belongs_to_letters(tmp_path: Path) -> None:
    root = project(tmp_path, "[]")
    step = '\n[[step]]\nname = "tell"\nemit = "told"\nattach = ["files/terms.pdf"]\n'
    (root / CART_FILE).write_text(CART + step)
    assert any("belongs to a letter" in one.problem for one in load(root).problems)
