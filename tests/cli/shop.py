"""A small shop for the tests of the command line: one flow, one segment, one template."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SETTINGS = """\
[shop]
name = "Shop Example"
address = "1 Example Street, 10115 Berlin"
timezone = "UTC"
seed = "tests"

[senders]
shop = { from = "Shop <news@mail.shop.example>" }

[topics]
offers = { about = "Offers" }

[sending]
quiet_hours = "off"

[http]
listen = "127.0.0.1:0"
"""
HELLO = """\
name = "Hello"
kind = "flow"
status = "live"
topic = "offers"

[enter]
when = "greeting_asked"
per = "greeting_id"

[exit]
when = "greeting_refused"

[goal]
when = "order_placed"
within = "5 days"
value = "total"

[[step]]
name = "hello"
template = "hello"
subject = "Hello {{ customer.first_name | default('you') }}"
"""
BUYERS = """\
name = "Buyers"

[match]
did = "order_placed"
"""
TEMPLATE = """\
<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ customer.first_name | default("you") }},
greeting {{ event.greeting_id }}</mj-text>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ shop.address }}</mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
FILES = {
    "settings.toml": SETTINGS,
    "campaigns/hello.toml": HELLO,
    "segments/buyers.toml": BUYERS,
    "templates/hello.mjml": TEMPLATE,
}


def make_shop(root: Path, files: Mapping[str, str] = FILES, database: str | None = None) -> Path:
    """Write the shop's files into a folder; `database` is the address that its settings name."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    if database is not None:
        with (root / "settings.toml").open("a", encoding="utf-8") as settings:
            settings.write(f'\n[database]\nurl = "{database}"\n')
    return root


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as JSON, one a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path
