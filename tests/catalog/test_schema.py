"""The JSON Schemas say what the models say."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from lifecycle.catalog.schema import schemas, write_schemas
from lifecycle.core.rule.read import LEAF_KEYS
from tests.catalog.shop import CART, CASES, FILES, SALE, SETTINGS, VIP, problems_of

SCHEMAS = schemas()
KIND = {"campaigns": "campaign", "segments": "segment", "": "settings", "tests/campaigns": "case"}
ROOT = Path(__file__).parents[2]


def errors(kind: str, text: str) -> list[str]:
    """What the schema has against a text; dates as JSON says them."""
    data = json.loads(json.dumps(tomllib.loads(text), default=lambda one: one.isoformat()))
    found = jsonschema.Draft7Validator(SCHEMAS[kind]).iter_errors(data)
    return [f"{one.json_path}: {one.message}" for one in found]


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_each_schema_is_one_and_knows_no_null(kind: str):
    jsonschema.Draft7Validator.check_schema(SCHEMAS[kind])
    assert '"null"' not in json.dumps(SCHEMAS[kind])


@pytest.mark.parametrize("path", [path for path in FILES if path.endswith(".toml")])
def test_a_right_file_is_right_by_the_schema(path: str):
    assert errors(KIND[path.rpartition("/")[0]], FILES[path]) == []


@pytest.mark.parametrize("kind", ["campaign", "segment", "settings", "case"])
def test_the_projects_own_files_are_right_by_the_schema(kind: str):
    folder = next(one for one, name in KIND.items() if name == kind)
    for path in (ROOT / folder).glob("*.toml" if folder else "settings.toml"):
        assert errors(kind, path.read_text(encoding="utf-8")) == [], path


@pytest.mark.parametrize(
    ("kind", "text", "old", "new"),
    [
        ("campaign", CART, '"live"', '"lve"'),
        ("campaign", CART, "priority =", "prio ="),
        ("campaign", CART, '"flow"', '"flwo"'),
        ("campaign", CART, "priority =", "id ="),
        ("campaign", CART, '"1 hour"', '"1 month"'),
        ("campaign", CART, '"10:00"', '"25:00"'),
        ("campaign", CART, '"tuesday"', '"tues"'),
        ("campaign", CART, "at_least = 30", "atleast = 30"),
        ("campaign", CART, '"after 7 days"', '"after a week"'),
        ("campaign", CART, "percent = 10\n", "percent = 101\n"),
        ("campaign", CART, "[exit]", "[exits]"),
        ("campaign", SALE, 'in_segment = "vip"', "in_segment = 5"),
        ("campaign", SALE, "test_percent = 20", 'test_percent = "autos"'),
        ("segment", VIP, "at_least = 3", 'at_least = "three"'),
        ("segment", VIP, "within =", "withn ="),
        ("segment", VIP, '"365 days"', '"a year"'),
        ("segment", VIP, "price = { at_least = 50 }", "price = { at_least = true }"),
        ("segment", VIP, "is_one_of", "is_any_of"),
        ("segment", VIP, "[match]", "[match.rule]"),
        ("segment", VIP, "[match]", "[mtch]"),
        ("settings", SETTINGS, "timezone", "time_zone"),
        ("settings", SETTINGS, "at_most = 4", 'at_most = "4"'),
        ("case", CASES, "happens", "hapens"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_wrong_by_the_schema_and_by_the_models(
    kind: str, text: str, old: str, new: str
):
    wrong = text.replace(old, new)
    assert wrong != text
    assert errors(kind, wrong)
    folder = next(one for one, name in KIND.items() if name == kind)
    name = next(path for path, one in FILES.items() if one == text and path.startswith(folder))
    assert any(one.severity == "error" for one in problems_of({name: wrong}))


def test_every_leaf_of_the_language_has_its_schema():
    definitions: dict[str, Any] = SCHEMAS["segment"]["$defs"]
    named = {one["$ref"].rpartition("/")[2] for one in definitions["Rule"]["anyOf"]}
    assert named == {"Branches", *(f"Leaf_{head}" for head in LEAF_KEYS)}
    for name in named:
        assert definitions[name]["description"]


def test_schemas_are_written_where_the_files_first_lines_point(tmp_path: Path):
    written = write_schemas(tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in written) == [
        ".lifecycle/campaign.schema.json",
        ".lifecycle/case.schema.json",
        ".lifecycle/segment.schema.json",
        ".lifecycle/settings.schema.json",
    ]
    assert json.loads(written[0].read_text(encoding="utf-8")) in SCHEMAS.values()
