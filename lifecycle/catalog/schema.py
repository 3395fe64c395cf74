"""The JSON Schemas of definition files, made of the models, so that editors can complete them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from warnings import catch_warnings

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from lifecycle.catalog.rule_schema import rule_definitions
from lifecycle.catalog.tables import SET_BY_CATALOG
from lifecycle.core.campaign import Broadcast, Flow, Series
from lifecycle.core.case import CaseFile
from lifecycle.core.segment import Segment
from lifecycle.core.settings import Settings

Schema = dict[str, Any]
FOLDER = ".lifecycle"
"""Where a project keeps its schemas: campaign.schema.json and its like."""
_FILES: dict[str, tuple[str, Any]] = {
    "campaign": ("One campaign: campaigns/NAME.toml", Flow | Broadcast | Series),
    "segment": ("One segment: segments/NAME.toml", Segment),
    "settings": ("The shop's settings: settings.toml", Settings),
    "case": ("The tests of one campaign: tests/campaigns/NAME.toml", CaseFile),
}
_STEP: Schema = {
    "dependencies": {
        "up_to": ["wait_for"],
        "then": ["wait_for"],
        "otherwise": ["wait_for", "up_to"],
    }
}
_BESIDE: dict[str, Schema] = {
    "Step": _STEP,
    "Branch": {**_STEP, "oneOf": [{"required": ["if"]}, {"required": ["else"]}]},
    "Split": _STEP,
    "Until": {"oneOf": [{"required": ["customer"]}, {"required": ["event"]}]},
    "Enter": {"oneOf": [{"required": [key]} for key in ("when", "joins", "leaves", "on_date")]},
    "Waves": {"oneOf": [{"required": ["percent"]}, {"required": ["first"]}]},
    "Call": {"properties": {"url": {"type": "string", "pattern": r"^env:\s*[A-Za-z_]\w*\s*$"}}},
    "Broadcast": {"oneOf": [{"required": ["at"]}, {"required": ["every"]}]},
}
"""What the models ask beside the keys of a table."""
_DIALECT = "http://json-schema.org/draft-07/schema#"


class _Plain(GenerateJsonSchema):
    """Leaves defaults that JSON cannot say out without a word."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Say nothing: such defaults are taken out anyway."""


def schemas() -> dict[str, Schema]:
    """The schema of each kind of file: campaign, segment, settings, case."""
    # defaults that JSON cannot say are left out; that is no news to anybody
    with catch_warnings(action="ignore"):
        return {name: _schema(title, kind) for name, (title, kind) in _FILES.items()}


def write_schemas(root: Path) -> list[Path]:
    """Write the schemas into `root`/.lifecycle and return their paths. Raises OSError."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _schema(title: str, kind: Any) -> Schema:
    made = TypeAdapter(kind).json_schema(by_alias=True, schema_generator=_Plain)
    definitions = made.pop("$defs", {})
    cleaned = _cleaned({**made, "$defs": definitions})
    cleaned["$defs"] |= rule_definitions()
    kinds = (cleaned["$defs"].get(one.__name__, {}) for one in (Flow, Broadcast, Series))
    for table in (cleaned, *kinds):
        if "version" in table.get("properties", {}):
            _without_own(table)
    for name, beside in _BESIDE.items():
        if name in cleaned["$defs"]:
            cleaned["$defs"][name] |= beside
    return {"$schema": _DIALECT, "title": title, **cleaned}


def _without_own(table: Schema) -> None:
    for key in SET_BY_CATALOG:
        table["properties"].pop(key, None)


def _cleaned(schema: Any) -> Any:
    """The schema without null (TOML has none), without made-up titles and without odd defaults."""
    if isinstance(schema, list):
        return [_cleaned(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$comment") == "rule":
        return {"$ref": "#/$defs/Rule"}
    found: Schema = {}
    for key, value in schema.items():
        if key == "properties" or key == "$defs":
            found[key] = {name: _cleaned(one) for name, one in value.items()}
        elif key == "title" or (key == "default" and not _plain_default(value)):
            continue
        else:
            found[key] = _cleaned(value)
    if isinstance(choices := found.get("anyOf"), list):
        left = [one for one in choices if one != {"type": "null"}]
        if len(left) == 1:
            del found["anyOf"]
            found = {**left[0], **found} if "$ref" not in left[0] else {**found, **left[0]}
        else:
            found["anyOf"] = left
    return found


def _plain_default(value: object) -> bool:
    return isinstance(value, bool | int | float) or (
        isinstance(value, str) and not re.match(r"P|\d\d:\d\d:", value)
    )


if __name__ == "__main__":
    for path in write_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else ".")):
        sys.stdout.write(f"{path}\n")
