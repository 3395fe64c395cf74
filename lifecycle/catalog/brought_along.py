"""Definitions that come with the engine, where the settings call for them and a shop has none.

They are read as if they lay in the project's folder, so that they are checked, kept with each
version and told by `plan` like any other; a file of the same name takes their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from lifecycle.core.double_opt_in import CAMPAIGN
from lifecycle.core.settings import Settings

FOLDER = "brought"
CONFIRMS = f"campaigns/{CAMPAIGN}.toml"


def brought_along(settings: Settings | None, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The path and text of each file that stands in for one that is not there."""
    if settings is not None and settings.confirmed_topics and CONFIRMS not in files:
        yield CONFIRMS, _text(f"{CAMPAIGN}.toml")


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(FOLDER, name).read_text("utf-8")
