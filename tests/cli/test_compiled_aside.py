"""Projects whose templates are compiled aside: the same problems, and none ends the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.catalog import compiling as kept_module
from lifecycle.cli.project import read_project
from lifecycle.render import compile as compile_module
from lifecycle.render import compiling_aside
from tests.catalog.shop import FILES, LETTER, write

OFFER = "templates/cart/offer.mjml"
BROKEN = LETTER.replace("customer.name", "custmer.name")


def forget() -> None:
    """Forget what was compiled before."""
    compile_module._cache.clear()
    kept_module._kept.clear()


@pytest.mark.parametrize("files", [FILES, {**FILES, OFFER: BROKEN}])
def test_checking_aside_finds_what_checking_here_finds(
    files: dict[str, str], tmp_path: Path
) -> None:
    root = write(tmp_path, files)
    forget()
    aside = read_project(root, tried=True)
    forget()
    here = read_project(root)
    assert aside.problems == here.problems
    assert (aside.catalog is None) == (here.catalog is None) == (files is not FILES)
    if aside.catalog is not None and here.catalog is not None:
        versions = [
            {name: one.version for name, one in catalog.templates.items()}
            for catalog in (aside.catalog, here.catalog)
        ]
        assert versions[0] == versions[1] and "" not in versions[0].values()


def test_templates_that_never_end_compiling_are_told_by_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = "".join(f"<b>{{{{ customer.name }}}} {number}</b>" for number in range(3_500))
    root = write(tmp_path, {**FILES, OFFER: LETTER.replace("{{ customer.name }}", many)})
    monkeypatch.setattr(compiling_aside, "COMPILE_SECONDS", 0.001)
    forget()
    project = read_project(root, sample=True)
    assert project.catalog is None
    late = [one for one in project.problems if "compiling it takes over" in one.problem]
    assert OFFER in {one.file for one in late}
    assert all(one.severity == "error" and one.line == 1 for one in late)
    monkeypatch.undo()
    assert not [one for one in read_project(root, tried=True).problems if one in late]
