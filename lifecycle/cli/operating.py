"""`lifecycle pause | resume | stop`, `message` and `key`: what operators do by hand."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked, group
from lifecycle.errors import UsageError

CAMPAIGN = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's file name.")]
message = group("message", "Look at one message, or settle one whose fate is unknown.")
key = group("key", "Keys of the HTTP API.")


@app.command(epilog=EVERYWHERE)
def pause(ctx: typer.Context, campaign: CAMPAIGN) -> None:
    """Hold a campaign's letters; outlasts `apply` until `resume`."""
    _order(ctx, campaign, "paused", "is paused: nobody enters, and its letters are held")


@app.command(epilog=EVERYWHERE)
def resume(
    ctx: typer.Context,
    campaign: Annotated[
        str, typer.Argument(metavar="CAMPAIGN", help="The campaign's file name.")
    ] = "",
    breaker: Annotated[
        bool,
        typer.Option("--breaker", help="Close the circuit breaker: bounces begin at none again."),
    ] = False,
    quarantined: Annotated[
        str | None,
        typer.Option(
            "--quarantined",
            metavar="ID",
            help="Try once more what was put aside: one row or customer, or “all”.",
        ),
    ] = None,
) -> None:
    """Let a paused or stopped campaign go on, close the breaker, or retry what was put aside."""
    if [bool(campaign), breaker, quarantined is not None].count(True) != 1:
        remedy = "lifecycle resume CAMPAIGN, or --breaker, or --quarantined ID"
        raise UsageError("say what goes on", remedy=remedy)
    if quarantined is not None:
        _lift(ctx, quarantined)
        return
    if breaker:
        closed = _write(ctx, "close_breaker", {})
        told = f"The breaker is closed: {closed['waiting']} letters that waited for it go on."
        asked(ctx).answer(closed, lambda out: out.print(told))
        return
    done = _write(ctx, "order", {"campaign": campaign, "ordered": ""})
    asked(ctx).answer(done, lambda out: out.print(_resumed(done)))


@app.command(epilog=EVERYWHERE)
def stop(ctx: typer.Context, campaign: CAMPAIGN) -> None:
    """End a campaign: whoever is under way leaves it, a broadcast stops midway."""
    _order(ctx, campaign, "stopped", "is stopped: nobody enters, and nobody gets its letters")


def _lift(ctx: typer.Context, rows: str) -> None:
    done = _write(ctx, "lift_quarantine", {"rows": rows})
    lifted = done["lifted"]
    if not lifted and rows != "all":
        raise UsageError("nothing of that name was put aside", remedy="lifecycle doctor lists it")
    each = [f"{one['queue']} {one['id']} is tried once more, alone." for one in lifted]
    told = "\n".join(each) or "Nothing was put aside."
    asked(ctx).answer(done, lambda out: out.print(told))


def _resumed(done: Any) -> str:
    """What resuming came to, in sentences."""
    from lifecycle.cli.told import caught_up

    name = done["campaign"]
    if done["status"] == "paused":
        return f"{name} is still paused: its file says so."
    if done["status"] in ("archived", "draft"):
        return f"Nothing holds {name} any more, but its file says {done['status']}."
    return " ".join([f"{name} goes on.", *caught_up(done["resumed"])])


def _order(ctx: typer.Context, campaign: str, ordered: str, told: str) -> None:
    done = _write(ctx, "order", {"campaign": campaign, "ordered": ordered})
    asked(ctx).answer(done, lambda out: out.print(f"{campaign} {told}."))


@message.command("show", epilog=EVERYWHERE)
def show(ctx: typer.Context, message_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Tell all that is known of a message, with its attempts."""
    from lifecycle.cli.reading import reading
    from lifecycle.store.messages import message_told

    said = asked(ctx)
    with reading(said) as desk:
        told = message_told(desk.connection, message_id, desk.now)
    if told is None:
        raise UsageError("there is no such message", state={"message": message_id})

    def human(out: Any) -> None:
        for name, value in told.items():
            if name not in ("attempts", "doubt") and value not in (None, "", 0, False):
                out.print(f"{name:18} {_plain(value)}")
        for one in told["attempts"]:
            begun, outcome = _plain(one["begun_at"]), one["outcome"] or "unknown"
            evidence = f" (evidence: {one['evidence']})" if one["evidence"] else ""
            out.print(f"attempt {one['number']:<10} {begun}  {outcome} {one['detail']}{evidence}")
        if told["doubt"]:
            out.print(f"in doubt           {told['doubt']['sentence']}")

    said.answer(told, human)


@message.command("resolve", epilog=EVERYWHERE)
def resolve(
    ctx: typer.Context,
    message_id: Annotated[str, typer.Argument(metavar="ID")],
    fate: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="FATE",
            help="sent (it went), not-sent (it surely did not: try again), dropped (give it up)",
        ),
    ],
) -> None:
    """Settle a message whose fate is unknown, as you found it out."""
    done = _write(ctx, "resolve", {"message": message_id, "fate": fate})
    asked(ctx).answer(done, lambda out: out.print(f"{message_id} is {done['state']} now."))


@key.command("create", epilog=EVERYWHERE)
def create(
    ctx: typer.Context,
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope", help="events:write, customers:write or customers:read; may be said again"
        ),
    ],
) -> None:
    """Make a key and show it, this once."""
    scopes = [one for said in scope for one in said.replace(",", " ").split()]
    done = _write(ctx, "key_create", {"scopes": scopes})

    def human(out: Any) -> None:
        out.print(done["key"])
        asked(ctx).tell("Keep it well: it cannot be shown again.")

    asked(ctx).answer(done, human)


@key.command("list", epilog=EVERYWHERE)
def list_(ctx: typer.Context) -> None:
    """List all keys, without their secrets."""
    from lifecycle.cli.reading import reading
    from lifecycle.cli.reports import table
    from lifecycle.store.keys import keys

    said = asked(ctx)
    with reading(said) as desk:
        found = keys(desk.connection)

    def human(out: Any) -> None:
        rows = [
            (
                one.id,
                " ".join(sorted(one.scopes)),
                _plain(one.made_at),
                _plain(one.revoked_at) if one.revoked_at else "",
            )
            for one in found
        ]
        out.print(table(("id", "scopes", "made", "revoked"), rows))

    said.answer(found, human)


@key.command("revoke", epilog=EVERYWHERE)
def revoke(ctx: typer.Context, key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a key, by its id or the key itself."""
    plain = key_id.removeprefix("lk_").partition("_")[0]
    done = _write(ctx, "key_revoke", {"id": plain})
    asked(ctx).answer(done, lambda out: out.print(f"The key {plain} opens nothing any more."))


def _write(ctx: typer.Context, command: str, arguments: dict[str, Any]) -> Any:
    from lifecycle.cli.writing import writer

    with writer(asked(ctx), f"lifecycle {command}") as through:
        return through.do(command, arguments)


def _plain(value: Any) -> str:
    from datetime import datetime

    from lifecycle.core.words import rfc3339

    return rfc3339(value) if isinstance(value, datetime) else str(value)
