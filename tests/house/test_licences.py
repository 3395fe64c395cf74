"""The licences of all that is installed: ours is MIT, and what we stand on lets it be."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distribution, distributions

COPYLEFT = re.compile(r"\b(?:A|L)?GPL|GNU (?:Affero|Lesser|General)", re.IGNORECASE)
LGPL_EXTRA = {"psycopg", "psycopg-binary"}
"""The one exception: the driver for PostgreSQL, which only the extra `postgres` installs."""


def _licence(package: Distribution) -> str:
    told = package.metadata.get_all
    classifiers = [line for line in told("Classifier") or [] if "License" in line]
    # A whole licence text may stand in `License`; its first line is its name.
    names = [text.strip().partition("\n")[0] for text in told("License") or []]
    found = [*(told("License-Expression") or []), *names, *classifiers]
    return " ".join(found or _first_lines(package))


def _first_lines(package: Distribution) -> list[str]:
    """Where the metadata say nothing: what the licences that lie beside them begin with."""
    files = [one for one in package.files or [] if one.parent.name == "licenses"]
    return [one.read_text().strip().partition("\n")[0] for one in files]


def test_nothing_installed_is_gpl_but_the_optional_driver() -> None:
    copyleft = {package.name for package in distributions() if COPYLEFT.search(_licence(package))}
    assert copyleft == LGPL_EXTRA


def test_each_installed_package_tells_its_licence() -> None:
    silent = {package.name for package in distributions() if not _licence(package).strip()}
    assert silent == set()


def test_the_driver_under_lgpl_is_no_requirement_of_ours() -> None:
    ours = distribution("lifecycle").requires or []
    drivers = [line for line in ours if line.startswith("psycopg")]
    assert drivers
    assert all("extra ==" in line for line in drivers)
