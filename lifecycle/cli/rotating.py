"""`lifecycle key rotate`: links are signed by a new key, and those of before go on working."""

from __future__ import annotations

from typing import Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.operating import key

STAYS = (
    "Links in letters of before go on working: no key is ever thrown away. Addresses are hashed by "
    "the first key, so that suppressions hold."
)


@key.command("rotate", epilog=EVERYWHERE)
def rotate(ctx: typer.Context) -> None:
    """Add a new key of the shop, which signs the links of letters from the next start on."""
    from lifecycle.cli import place

    said = asked(ctx)
    settings = place.read_settings(said.project)
    named = settings.secrets.key
    if named is None:
        count = place.add_key(said.project, settings)
        file = f"{place.FOLDER}/{place.KEY_FILE}"

        def kept(out: Any) -> None:
            out.print(
                f"{file} holds {count} keys now. Start the daemon anew, and the new one signs."
            )
            out.print(STAYS)

        said.answer({"file": file, "keys": count}, kept)
        return
    keys = place.shop_keys(said.project, settings)
    fresh = place.fresh_key()
    name = named.removeprefix("env:").strip()

    def told(out: Any) -> None:
        out.print("The key comes from the environment. Put this behind it, after a comma:")
        out.print(f"  {name}=…,{fresh}", soft_wrap=True)
        out.print("First everywhere where a daemon runs, then start each of them anew.")
        out.print(STAYS)

    said.answer({"variable": name, "add": fresh, "keys": len(keys)}, told)
