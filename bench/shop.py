"""A copy of the example shop in a folder of its own."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import load
from lifecycle.cli import main
from lifecycle.errors import LifecycleError


def new_shop(folder: Path) -> Path:
    """Make one; its port is chosen by the machine, so that it disturbs no daemon that runs."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()):
        made = main(["init", str(folder), "--json"])
    if made != 0:
        raise LifecycleError("the starter library could not be copied", state={"to": folder})
    settings = folder / "settings.toml"
    text = settings.read_text("utf-8")
    settings.write_text(
        re.sub(r'^listen( *)= ".*?"', 'listen = "127.0.0.1:0"', text, flags=re.MULTILINE), "utf-8"
    )
    return folder


def catalog_of(folder: Path) -> Catalog:
    """Its definitions."""
    catalog = load(folder).catalog
    assert catalog is not None, "the starter library has errors: see `lifecycle check`"
    return catalog
