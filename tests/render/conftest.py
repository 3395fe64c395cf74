"""A templates folder to write into, and short ways to compile and render."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.render.compile import CompiledTemplate, compile_template
from tests.render.documents import Write


@pytest.fixture
def compiled(tmp_path: Path) -> Write:
    """Write files, then compile the template `letter`; keyword `locale` chooses the language."""

    def write(
        main: str, files: dict[str, str] | None = None, **options: object
    ) -> CompiledTemplate:
        root = tmp_path / "templates"
        for name, text in {"letter.mjml": main, **(files or {})}.items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return compile_template("letter", root, **options)  # type: ignore[arg-type]

    return write
