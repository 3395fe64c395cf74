"""Ids of customers may hold a slash, as those of some shop systems do: `%2F` in the path is one."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

UNDER = "/v1/customers/"
SLASH = b"%2f"
MARK = "\udc2f"
"""Stands for a slash inside an id until the path is taken apart; no text in UTF-8 can hold it."""


class SlashesKept:
    """Servers unpack a path before it is taken apart; here the parts of it are unpacked each."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, its path with `MARK` for each slash that was packed."""
        if scope["type"] == "http" and scope["path"].startswith(UNDER):
            raw: bytes = scope.get("raw_path") or b""
            if SLASH in raw.lower():
                parts = raw.partition(b"?")[0].decode("latin-1").split("/")
                path = "/".join(unquote(part).replace("/", MARK) for part in parts)
                scope = {**scope, "path": path}
        await self.app(scope, receive, send)


def with_slashes(part: str) -> str:
    """A part of a path as it was meant."""
    return part.replace(MARK, "/")
