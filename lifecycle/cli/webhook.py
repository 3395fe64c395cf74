"""`lifecycle key webhook`: the secret by which a receiver of calls can tell that they are ours."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.operating import key
from lifecycle.errors import UsageError

NAME = Annotated[
    str, typer.Argument(metavar="NAME", help="The environment variable that the call names: HOOK.")
]


@key.command("webhook", epilog=EVERYWHERE)
def webhook(ctx: typer.Context, name: NAME) -> None:
    """Show the secret by which calls to env:NAME are signed; each name has its own.

    NAME_SECRET in the environment takes the place of the one derived from the shop's key.
    """
    from base64 import b64encode

    from lifecycle.cli import place
    from lifecycle.send.webhook import PREFIX, SecretRefused
    from lifecycle.send.webhook_call import SECRET_SUFFIX, Caller, name_of

    said = asked(ctx)
    plain = name_of(name)
    caller = Caller(place.shop_key(said.project, place.read_settings(said.project)))
    try:
        found = [PREFIX + b64encode(one).decode() for one in caller.secrets(plain)]
    except SecretRefused as refused:
        problem = f"{plain}{SECRET_SUFFIX} cannot be used"
        raise UsageError(problem, str(refused)) from refused

    def human(out: Any) -> None:
        for one in found:
            out.print(one, soft_wrap=True)

    said.answer({"name": plain, "secrets": found}, human)
