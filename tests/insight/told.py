"""Rows as the engine would have written them, said in few words, for reports to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.core.chance import fraction
from lifecycle.core.words import length
from lifecycle.store.tables import METADATA
from tests.cli.shop import FILES

AT = datetime(2026, 5, 1, tzinfo=UTC)
SEED = "tests"


def after(said: str) -> datetime:
    """So long after the beginning: `5 days`, or `5 days - 1 second`."""
    first, _, less = said.partition(" - ")
    return AT + length(first) - (length(less) if less else timedelta())


def catalog(more: str = "", settings: str = "", **replaced: str) -> Catalog:
    """The small shop of the command line's tests, its flow and its settings with more in them."""
    flow = FILES["campaigns/hello.toml"] + more
    files = {**FILES, "campaigns/hello.toml": flow, "settings.toml": FILES["settings.toml"]}
    files["settings.toml"] = files["settings.toml"].replace(
        "[sending]\n", f"[sending]\n{replaced.pop('sending', '')}\n"
    )
    files["settings.toml"] += settings
    loaded = from_files({**files, **replaced})
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def customers(connection: Connection, *ids: str, agreed: str = "0 days") -> None:
    """People with an address, who agreed to offers at a moment."""
    people = [
        {
            "customer_id": one,
            "bucket": 0,
            "email": f"{one}@shop.example",
            "address_hash": f"hash of {one}",
            "known_since": AT,
            "attributes": {},
            "attributes_at": {},
            "said_at": AT,
        }
        for one in ids
    ]
    consents = [
        {
            "customer_id": one,
            "record_id": f"yes of {one}",
            "topic": "offers",
            "agreed": True,
            "at": after(agreed),
        }
        for one in ids
    ]
    connection.execute(METADATA.tables["customer"].insert(), people)
    connection.execute(METADATA.tables["consent_record"].insert(), consents)


def enrollments(
    connection: Connection, *told: tuple[str, str, str], campaign: str = "hello"
) -> None:
    """(customer, when entered, state), each under an entry of its own."""
    rows = [
        {
            "customer_id": who,
            "enrollment_id": f"{campaign} {who} {at}",
            "bucket": 0,
            "campaign": campaign,
            "version": "1",
            "entry": at,
            "key": {},
            "visit": 1,
            "entered_at": after(at),
            "event_id": "",
            "event_name": "",
            "event_at": after(at),
            "properties": {},
            "state": state,
            "open_messages": [],
            "decided_steps": [],
        }
        for who, at, state in told
    ]
    connection.execute(METADATA.tables["enrollment"].insert(), rows)


def letter(
    connection: Connection, who: str, place: str, at: str, *, state: str = "accepted", **more: Any
) -> None:
    """A letter of `campaign/step` or `campaign/step/variant` that went at a moment."""
    campaign, step, *variant = place.split("/")
    row = {
        "customer_id": who,
        "message_id": f"{place} {who} {at}",
        "bucket": 0,
        "enrollment_id": "",
        "campaign": campaign,
        "version": "1",
        "entry": "",
        "step": step,
        "place": step,
        "variant": variant[0] if variant else "",
        "klass": "triggered",
        "state": state,
        "planned_at": after(at),
        "fell_due_at": after(at),
        "stale_at": after(at),
        "attempted_at": None if state == "dropped" else after(at),
        "transactional": False,
    }
    connection.execute(METADATA.tables["message"].insert(), [{**row, **more}])


def event(
    connection: Connection, who: str, name: str, at: str, known: str = "", **said: Any
) -> None:
    """Something that happened at a moment, and was known then or at another one."""
    number = said.pop("event_id", f"{name} {who} {at} {sorted(said.items())}")
    row = {
        "customer_id": who,
        "event_id": number,
        "name": name,
        "at": after(at),
        "received_at": after(known or at),
        "due_at": after(known or at),
        "arrival": 0,
        "pending": False,
        "enters": True,
        "properties": said,
    }
    connection.execute(METADATA.tables["event"].insert(), [row])


def order(
    connection: Connection, who: str, at: str, total: Any, known: str = "", **said: Any
) -> None:
    """An order of an amount."""
    event(connection, who, "order_placed", at, known, total=total, **said)


def click(connection: Connection, who: str, place: str, at: str, **said: Any) -> None:
    """A click in a letter of `campaign/step` or `campaign/step/variant`."""
    campaign, step, *variant = place.split("/")
    of: Mapping[str, Any] = {"campaign": campaign, "step": step, "message_id": f"{place} {who}"}
    own = variant[0] if variant else ""
    event(connection, who, "message_clicked", at, **of, variant=own, **said)


def drawn(count: int, *parts: str, below: float = 100, above: float = 0) -> list[str]:
    """So many customers whose hash, of these parts, lies between two shares in percent."""
    names = (f"c{number}" for number in range(100_000))
    found = (one for one in names if above <= fraction(SEED, *parts, one) * 100 < below)
    return list(islice(found, count))
