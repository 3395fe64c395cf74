"""The letters of the outbox transport, for whoever sits at this machine."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lifecycle.api.access import require_local
from lifecycle.api.door import Door
from lifecycle.api.headers import LETTER_POLICY
from lifecycle.api.pages import page
from lifecycle.api.problems import Problem
from lifecycle.api.way import Way
from lifecycle.send.outbox_shelf import OutboxLetter, OutboxPage, letters, read_letter

SHOWN = 200


def ways(door: Door) -> list[Way]:
    """The ways to look at letters."""

    async def listing(request: Request) -> Response:
        require_local(request)
        found = await run_in_threadpool(letters, door.outbox, SHOWN) if door.outbox else None
        shop = door.catalog().settings.shop.name
        return page("Outbox", listing_content(found), shop=shop, wide=True)

    async def opened(request: Request) -> OutboxPage:
        require_local(request)
        name = request.path_params["name"]
        found = await run_in_threadpool(read_letter, door.outbox, name) if door.outbox else None
        if found is None:
            raise Problem(404, "no such letter")
        return found

    async def letter(request: Request) -> Response:
        found = await opened(request)
        shop = door.catalog().settings.shop.name
        return page(found.letter.subject, letter_content(found), shop=shop, wide=True)

    async def html(request: Request) -> Response:
        found = await opened(request)
        policy = {"content-security-policy": LETTER_POLICY}
        return HTMLResponse(found.html, headers=policy)

    answers = {200: "Shown", 404: "Not at this machine, or no such letter"}
    return [
        Way("GET", "/outbox", listing, "Letters of the outbox transport", answers=answers),
        Way("GET", "/outbox/{name}", letter, "One letter", answers=answers),
        Way("GET", "/outbox/{name}/html", html, "One letter's HTML alone", answers=answers),
    ]


def listing_content(found: list[OutboxLetter] | None) -> str:
    """The list of letters as HTML; None: another transport is in use."""
    if found is None:
        return (
            "<h1>Outbox</h1><p>Letters do not go to an outbox folder here. Set "
            '<code>[transport] kind = "outbox"</code> in settings.toml to try things out.</p>'
        )
    if not found:
        return "<h1>Outbox</h1><p>No letter yet. Once one is due, it shows up here.</p>"
    rows = "".join(
        f'<tr><td class="at">{one.at:%Y-%m-%d %H:%M:%S}</td><td>{escape(one.to)}</td>'
        f'<td><a href="/outbox/{quote(one.name)}">{escape(one.subject or "(no subject)")}</a></td>'
        f'<td class="soft">{escape(_from(one))}</td></tr>'
        for one in found
    )
    return (
        f'<h1>Outbox</h1><p class="soft">The newest {len(found)}, instants in UTC. Nothing here '
        'was sent to anybody.</p><div class="scroll"><table><thead><tr><th>At</th><th>To</th>'
        f"<th>Subject</th><th>Of</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def letter_content(found: OutboxPage) -> str:
    """One letter as HTML, its own HTML shut into a frame that may do nothing."""
    one = found.letter
    told = {
        "From": one.sender,
        "To": one.to,
        "At": f"{one.at:%Y-%m-%d %H:%M:%S} UTC",
        "Of": _from(one),
        "Message": one.message_id,
    }
    facts = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in told.items())
    return (
        f'<p class="soft"><a href="/outbox">All letters</a></p><h1>{escape(one.subject)}</h1>'
        f"<dl>{facts}</dl>"
        f'<iframe sandbox="" title="The letter" src="/outbox/{quote(one.name)}/html"></iframe>'
        f'<p class="soft"><a href="/outbox/{quote(one.name)}/html">The letter alone</a>, where its '
        "links can be followed.</p>"
        f"<h2>Text part</h2><pre>{escape(found.text)}</pre>"
    )


def _from(one: OutboxLetter) -> str:
    return " / ".join(part for part in (one.campaign, one.step, one.variant) if part)
