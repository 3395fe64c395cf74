"""Two readers of SES's inline templates, written apart from the sender whose work they judge.

`simply` is what the guide promises: each `{{name}}` becomes the name's value, and nothing else is
read. `by_handlebars` is the language SES's stored templates are written in, as far as values go:
`{{{name}}}` is a value too, and a backslash keeps `{{` from being one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def simply(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{\{([^{}]*)\}\}", lambda found: values[found[1]], template)


def by_handlebars(template: str, values: Mapping[str, str]) -> str:
    out = ""
    while (at := template.find("{{")) >= 0:
        before, rest = template[:at], template[at:]
        if before.endswith("\\") and not before.endswith("\\\\"):
            stop = rest.find("{{", 2)
            stop = len(rest) if stop < 0 else stop
            out += before[:-1] + rest[:stop]
            template = rest[stop:]
            continue
        out += before[:-1] if before.endswith("\\\\") else before
        found = re.match(r"\{\{\{(\w+)\}\}\}|\{\{(\w+)\}\}", rest)
        if found is None:
            raise ValueError(f"not a template from here on: {rest[:40]}")
        out += values[found[1] or found[2]]
        template = rest[found.end() :]
    return out + template
