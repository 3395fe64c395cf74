"""`lifecycle customer …`: show, export, erase, suppress, merge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked, group
from lifecycle.errors import UsageError

customer = group("customer", "Look at one customer; export, erase, suppress or merge them.")
ID = Annotated[str, typer.Argument(metavar="ID", help="The customer's id.")]
YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether it is meant.")]
LATEST_EVENTS = 10


@customer.command("show", epilog=EVERYWHERE)
def show(ctx: typer.Context, customer_id: ID) -> None:
    """Tell what is known of a customer, in short."""
    told = _known(ctx, customer_id)

    def human(out: Any) -> None:
        for name in ("id", "email", "timezone", "locale", "known_since", "suppressed", "erased_at"):
            if told.get(name) is not None:
                out.print(f"{name:12} {_plain(told[name])}")
        for name, value in told["attributes"].items():
            out.print(f"{'attribute':12} {name} = {value}")
        for name, leaf, value in _leaves(told["kept"]):
            out.print(f"{'kept':12} {name}.{leaf} = {_plain(value)}")
        for one in told["consents"]:
            out.print(f"{'consent':12} {one['topic']}: {'yes' if one['agreed'] else 'no'}")
        for one in told["confirmations"]:
            if one["state"] == "waiting":
                until = _plain(one["expires_at"])
                out.print(f"{'consent':12} {one['topic']}: waits for a confirmation until {until}")
        for one in told["preferences"]:
            if one["at_most"]:
                often = f"at most {one['at_most']} in {one['per_days']} days"
                out.print(f"{'own wish':12} {often}")
            if one["paused_until"]:
                out.print(f"{'own wish':12} no marketing until {_plain(one['paused_until'])}")
        for one in told["silences"]:
            until = f", until {' or '.join(one['until'])}" if one["until"] else ", for good"
            out.print(f"{'no marketing':12} since {_plain(one['since'])}{until}")
        for one in told["segments"]:
            out.print(f"{'segment':12} {one['segment']} since {_plain(one['since'])}")
        for one in told["enrollments"]:
            waits = f", waits for {one['step']}" if one["step"] else ""
            out.print(f"{'campaign':12} {one['campaign']} {one['entry']}: {one['state']}{waits}")
        for one in told["messages"]:
            why = f" ({one['reason']})" if one["reason"] else ""
            named = f"{one['campaign']}/{one['step']}"
            out.print(f"{'message':12} {one['message_id']} {named}: {one['state']}{why}")
        events = told["events"]
        for one in events[-LATEST_EVENTS:]:
            out.print(f"{'event':12} {_plain(one['at'])} {one['name']}")
        if len(events) > LATEST_EVENTS:
            out.print(f"{'':12} the last {LATEST_EVENTS} of {len(events)} events")

    asked(ctx).answer(told, human)


@customer.command("export", epilog=EVERYWHERE)
def export(
    ctx: typer.Context,
    customer_id: ID,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="A file, made readable to you.")
    ] = None,
) -> None:
    """Give all that is known of a customer, as JSON, for the customer."""
    import os

    import msgspec

    told = _known(ctx, customer_id)
    text = msgspec.json.format(msgspec.json.encode(told, enc_hook=str), indent=2)
    if to is None:
        print(text.decode())
        return
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text + b"\n")
    asked(ctx).answer({"file": str(to)}, lambda out: out.print(f"{to} is written."))


@customer.command("erase", epilog=EVERYWHERE)
def erase(ctx: typer.Context, customer_id: ID, yes: YES = False) -> None:
    """Take a customer out of everything that is kept; the suppression stays, as a hash."""
    _sure(f"Erase {customer_id} for good?", yes)
    done = _write(ctx, "erase", {"customer": customer_id})

    def human(out: Any) -> None:
        out.print(f"Erased. What must stay, stays under {done['pseudonym']}.")
        out.print("Backups and exports are yours to look after.")

    asked(ctx).answer(done, human)


@customer.command("suppress", epilog=EVERYWHERE)
def suppress(
    ctx: typer.Context,
    customer_id: ID,
    reason: Annotated[str, typer.Option(help="Why, in a word.")] = "by_hand",
    lift: Annotated[
        bool, typer.Option("--lift", help="Let letters go there again, by SES's list too.")
    ] = False,
) -> None:
    """Never write to this customer's address again, whatever was agreed."""
    said = {"customer": customer_id, "reason": reason, "lift": lift}
    done = _write(ctx, "suppress", said)
    if lift:
        was = f"it was {done['lifted']}" if done["lifted"] else "it was not"
        told = f"{done['customer']} is not suppressed any more ({was})."
        asked(ctx).answer(done, lambda out: out.print(told))
        return
    asked(ctx).answer(done, lambda out: out.print(f"{done['customer']} is suppressed: {reason}."))


@customer.command("merge", epilog=EVERYWHERE)
def merge(
    ctx: typer.Context,
    customer_id: ID,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Becomes part of the first.")],
    yes: YES = False,
) -> None:
    """Make another customer, or an anonymous visitor's id, part of this one."""
    _sure(f"Make {other} part of {customer_id}? It cannot be undone.", yes)
    done = _write(ctx, "merge", {"customer": customer_id, "other": other})
    asked(ctx).answer(done, lambda out: out.print(f"{other} is part of {done['customer']} now."))


def _known(ctx: typer.Context, customer_id: str) -> dict[str, Any]:
    from lifecycle.cli.reading import reading
    from lifecycle.insight.kept import kept_attributes
    from lifecycle.store.known import export as all_known

    with reading(asked(ctx)) as desk:
        told = all_known(desk.connection, customer_id)
        if told is not None:
            settings = desk.catalog.settings
            told["kept"] = kept_attributes(desk.connection, settings, customer_id, desk.now)
    if told is None:
        raise UsageError("there is no such customer", state={"customer": customer_id})
    return told


def _leaves(kept: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """What is known of the kept attributes, by name and leaf."""
    for name, table in kept.items():
        if isinstance(table, dict):
            yield from ((name, leaf, value) for leaf, value in table.items() if value is not None)


def _sure(question: str, yes: bool) -> None:
    """Ask where somebody can answer; elsewhere --yes has to be said. Raises UsageError."""
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this is for good", remedy="say --yes")
    typer.confirm(question, abort=True, err=True)


def _write(ctx: typer.Context, command: str, arguments: dict[str, Any]) -> Any:
    from lifecycle.cli.writing import writer

    with writer(asked(ctx), f"lifecycle customer {command}") as through:
        return through.do(command, arguments)


def _plain(value: Any) -> str:
    from datetime import datetime

    from lifecycle.core.words import rfc3339

    return rfc3339(value) if isinstance(value, datetime) else str(value)
