"""Small shops for tests of the engine: definitions from texts, replays, and a shop that runs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import load
from lifecycle.hooks import Registry
from lifecycle.sim.replay import ReplayOptions, ReplayResult, replay

HEAD = """\
[shop]
name     = "Shop"
address  = "1 Example Street"
timezone = "{zone}"
language = "en"
seed     = "{seed}"
[senders]
shop = {{ from = "Shop <news@mail.shop.example>" }}
[topics]
offers     = {{ about = "Sales" }}
newsletter = {{ about = "Stories" }}
"""
LETTER = """<mjml><mj-head><mj-preview>Hello</mj-preview></mj-head><mj-body><mj-section><mj-column>
<mj-text>Hello <a href="https://shop.example/sale">Sale</a>
<a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ shop.address }}</mj-text>
</mj-column></mj-section></mj-body></mjml>
"""


def instant(text: str) -> datetime:
    """An instant in UTC from RFC 3339 text; without an offset it is UTC."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def settings(more: str = "", *, zone: str = "UTC", seed: str = "s", quiet: str = "off") -> str:
    """Settings of a shop without caps; `more` goes below [sending]."""
    return HEAD.format(zone=zone, seed=seed) + f'[sending]\nquiet_hours = "{quiet}"\n{more}'


def step(name: str = "hello", more: str = "") -> str:
    """A step that writes the one letter there is; `more` are its other keys."""
    return f'[[step]]\nname = "{name}"\ntemplate = "hello"\nsubject = "Hello"\n{more}\n'


def flow(
    enter: str, *parts: str, top: str = "", status: str = "live", topic: str = "offers"
) -> str:
    """A flow's file: the keys of [enter], then other tables as they are written."""
    said = f'topic = "{topic}"\n' if topic else ""
    body = "\n".join(parts) or step()
    return (
        f'name = "F"\nkind = "flow"\nstatus = "{status}"\n{said}{top}\n[enter]\n{enter}\n{body}\n'
    )


def broadcast(at: str, *, top: str = "", audience: str = "everyone = true", more: str = "") -> str:
    """A live broadcast's file."""
    return (
        f'name = "B"\nkind = "broadcast"\nstatus = "live"\ntopic = "offers"\nat = {at}\n'
        f'template = "hello"\nsubject = "Hello"\n{top}\n[audience]\n{audience}\n{more}\n'
    )


def segment(match: str, more: str = "") -> str:
    """A segment's file."""
    return f'name = "S"\n{more}\nmatch = {match}\n'


def shop(
    campaigns: Mapping[str, str] | None = None,
    segments: Mapping[str, str] | None = None,
    said: str = "",
) -> Catalog:
    """The checked definitions of a shop; fails with every problem when it has errors."""
    files = {"settings.toml": said or settings(), "templates/hello.mjml": LETTER}
    files |= {f"campaigns/{name}.toml": text for name, text in (campaigns or {}).items()}
    files |= {f"segments/{name}.toml": text for name, text in (segments or {}).items()}
    return _catalog(tuple(sorted(files.items())))


@cache
def _catalog(files: tuple[tuple[str, str], ...]) -> Catalog:
    with tempfile.TemporaryDirectory(prefix="shop-") as folder:
        for name, text in files:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        loaded = load(Path(folder))
    errors = [one for one in loaded.problems if one.severity == "error"]
    assert loaded.catalog is not None and not errors, errors
    return loaded.catalog


def person(customer: str = "c1", **more: Any) -> dict[str, Any]:
    """A customer line: somebody with an address who agreed to offers."""
    return {"id": customer, "email": f"{customer}@x.example", "agreed_to": ["offers"], **more}


def event(at: str, name: str, customer: str = "c1", **properties: Any) -> dict[str, Any]:
    """An event line; `id` and `received_at` among the properties are the line's own."""
    own: dict[str, Any] = {
        key: properties.pop(key) for key in ("id", "received_at") if key in properties
    }
    at = _z(at)
    if "received_at" in own:
        own["received_at"] = _z(own["received_at"])
    line: dict[str, Any] = {"id": f"{name} {at}", "at": at, "event": name, "customer": customer}
    return {**line, **own, "properties": properties}


def _z(at: str) -> str:
    return at if at.endswith("Z") or "+" in at else at + "Z"


@dataclass(frozen=True)
class Played:
    """What a replay came to: its files' rows and bytes."""

    decisions: list[dict[str, str]]
    memberships: list[dict[str, str]]
    raw: bytes
    result: ReplayResult
    counts: dict[str, int] = field(default_factory=dict)

    def told(self, campaign: str | None = None, *, but: Sequence[str] = ()) -> list[str]:
        """Decisions as short lines: "05-04 10:00 sent hello", "05-04 10:00 left order_placed"."""
        return [
            short(row)
            for row in self.decisions
            if (campaign is None or row["campaign"] == campaign) and row["what"] not in but
        ]

    def sent(self) -> list[str]:
        """What was sent: instant, and campaign/step."""
        return [
            f"{clock(row['at'])} {row['campaign']}/{row['step']}"
            for row in self.decisions
            if row["what"] == "sent"
        ]

    def turns(self) -> list[str]:
        """Memberships as short lines: "05-04 10:00 joined vip"."""
        return [f"{clock(row['at'])} {row['what']} {row['segment']}" for row in self.memberships]


def short(row: Mapping[str, str]) -> str:
    """A decision as one short line; details only of exits."""
    about = row["detail"] if row["what"] == "left" and row["reason"] == "left" else row["reason"]
    return " ".join(filter(None, (clock(row["at"]), row["what"], row["step"], about)))


def clock(at: str) -> str:
    """An instant without its year, and without seconds that are none."""
    return at[5:-1].replace("T", " ").removesuffix(":00")


def play(
    folder: Path,
    catalog: Catalog,
    lines: Iterable[Mapping[str, Any]],
    until: str = "2026-12-31T00:00:00Z",
    people: Iterable[Mapping[str, Any]] | None = None,
    **more: Any,
) -> Played:
    """Replay events and customer lines; nobody said: c1, who agreed to offers."""
    told = [person()] if people is None else list(people)
    _lines(folder / "events.jsonl", lines)
    _lines(folder / "customers.jsonl", told)
    options = ReplayOptions(
        events=folder / "events.jsonl",
        customers=folder / "customers.jsonl",
        until=instant(until),
        decisions=folder / "decisions.jsonl",
        memberships=folder / "memberships.jsonl",
        **more,
    )
    result = replay(catalog, Registry(), options)
    raw = b"\n--\n".join(
        (folder / f"{name}.jsonl").read_bytes() for name in ("decisions", "memberships")
    )
    return Played(
        [json.loads(line) for line in (folder / "decisions.jsonl").read_text().splitlines()],
        [json.loads(line) for line in (folder / "memberships.jsonl").read_text().splitlines()],
        raw,
        result,
    )


def _lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
