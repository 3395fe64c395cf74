"""The starter library that ships with the project, and `lifecycle init`, which copies it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import EnvironmentFailed, UsageError

PARTS = ("settings.toml", "campaigns", "segments", "templates", "hooks", "tests/campaigns")
MAY_BE_THERE = frozenset({".git", ".gitignore", ".venv", ".DS_Store"})
"""Files beside which a project may begin."""
IGNORED = """\
.lifecycle/
outbox/
shop.db*
*.rejected
*.progress
"""


def starter_folder() -> Path:
    """Where the starter library is: in the installed package, or around it in a checkout.

    Raises EnvironmentFailed when it is in neither.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "starter", package.parent):
        if (folder / "settings.toml").is_file() and (folder / "templates").is_dir():
            return folder
    raise EnvironmentFailed(
        "the starter library is not there",
        cause=f"neither in {package / 'starter'} nor around the package",
        remedy="install lifecycle again",
    )


@app.command(epilog=EVERYWHERE)
def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
) -> None:
    """Make a new project folder from the starter library."""
    source = starter_folder()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", remedy="name a folder")
    if folder.is_dir() and any(one.name not in MAY_BE_THERE for one in folder.iterdir()):
        raise UsageError(f"{folder} is not empty", remedy="name a new folder, or an empty one")
    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            count += _copy(source / part, folder / part)
        if not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text(IGNORED, "utf-8")
    except OSError as error:
        raise EnvironmentFailed(f"{folder} cannot be written to", str(error)) from error

    def human(out: Any) -> None:
        out.print(f"{folder} is made: {count} files. Next:")
        out.print(f"  cd {folder}")
        out.print("  lifecycle check       what is wrong, if anything")
        out.print("  lifecycle test        the campaigns' own tests")
        out.print("  lifecycle run         the daemon; letters land in outbox/ and go to nobody")

    asked(ctx).answer({"folder": str(folder), "files": count}, human)


def _copy(source: Path, target: Path) -> int:
    """Copy a file, or a folder without caches and hidden files; says how many files."""
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return 1
    if not source.is_dir():
        return 0
    target.mkdir(parents=True, exist_ok=True)
    return sum(
        _copy(one, target / one.name)
        for one in sorted(source.iterdir())
        if one.name != "__pycache__" and not one.name.startswith(".")
    )
