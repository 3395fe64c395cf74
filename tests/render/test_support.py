"""What mail programs lack is what the collection of Can I email says, where that is at hand."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from lifecycle.render import support
from lifecycle.render.support import FEATURES, Feature

DATA = Path(os.environ.get("LIFECYCLE_SAMPLES", "no-samples")) / "caniemail_features.json.gz"
PROGRAMS = {
    support.GMAIL: ("gmail", "desktop-webmail"),
    support.OUTLOOK: ("outlook", "windows"),
    support.OUTLOOK_COM: ("outlook", "outlook-com"),
    support.YAHOO: ("yahoo", "desktop-webmail"),
    support.GMX: ("gmx", "desktop-webmail"),
    support.SAMSUNG: ("samsung-email", "android"),
    support.THUNDERBIRD: ("thunderbird", "macos"),
}


def facts() -> dict[str, Any]:
    if not DATA.exists():
        pytest.skip("needs the collection of Can I email: LIFECYCLE_SAMPLES names its folder")
    found = json.loads(gzip.decompress(DATA.read_bytes()))
    return {one["slug"]: one["stats"] for one in found["features"]}


def lacking(stats: dict[str, Any]) -> set[str]:
    """The programs whose latest version that was tried does not show it at all."""
    found = set()
    for name, (family, platform) in PROGRAMS.items():
        tried = list(stats.get(family, {}).get(platform, {}).values())
        if tried and tried[-1].split()[0] == "n":
            found.add(name)
    return found


def test_each_feature_lacks_where_the_collection_says_so() -> None:
    known = facts()
    told = {one.slug: set(one.lacking) for one in FEATURES}
    assert told == {slug: lacking(known[slug]) for slug in told}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda one: one.slug)
def test_each_feature_is_named_once_and_lacking_somewhere(feature: Feature) -> None:
    assert feature.lacking and feature.hint and feature.name
    assert [one.slug for one in FEATURES].count(feature.slug) == 1
