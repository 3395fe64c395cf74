"""`lifecycle preview`: one letter as a customer, real or made up, would get it now."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import EXIT_ERRORS_FOUND, LifecycleError, UsageError

FILE = "preview.html"
MARK = "[Preview] "
"""What the subject begins with of a letter that is sent for a look."""


@app.command(epilog=EVERYWHERE)
def preview(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="TEMPLATE | CAMPAIGN/STEP")],
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="As this one would get it now.")
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="Which variant; if unsaid the customer's own, or the first.")
    ] = None,
    locale: Annotated[str | None, typer.Option(help="In which language, such as de.")] = None,
    send_to: Annotated[
        str | None, typer.Option("--send-to", metavar="ADDRESS", help="Send it there for a look.")
    ] = None,
    lint: Annotated[bool, typer.Option("--lint", help="Tell what is doubtful in it.")] = False,
) -> None:
    """Show one letter: subject, text, a file with its HTML; and whether it would go now."""
    from lifecycle.cli.letter_shown import Show
    from lifecycle.cli.letter_wanted import wanted
    from lifecycle.cli.project import read_project, sound_catalog

    said = asked(ctx)
    project = read_project(said.project, tried=True)
    catalog = sound_catalog(project)
    letter = wanted(catalog, what, variant)
    if not letter.of_campaign:
        catalog = _with_it(project, catalog, str(letter.step.template))
    to = _address(send_to)
    show = Show(said, catalog, project.hooks, letter)
    shown = show.made_up(locale) if customer is None else show.of_customer(customer, locale)
    problems = _lint(said.project, shown.ready, letter) if lint else []
    file = _write(said.project, shown.ready.letter.html)
    sent = _send(said, catalog, shown.ready.letter, to) if to else ""
    data = _data(letter, shown, file, problems) | ({"sent": sent} if to else {})

    def human(out: Any) -> None:
        _show(out, letter, shown, file)
        if to:
            out.print(f"Sent for a look: {sent}")
        _show_problems(out, problems)
        if lint and not problems:
            out.print("Nothing in it is doubtful.")

    said.answer(data, human)
    if any(one.severity == "error" for one in problems):
        raise typer.Exit(EXIT_ERRORS_FOUND)


def _with_it(project: Any, catalog: Any, template: str) -> Any:
    """The catalog with a template in it that no campaign may name. Raises ProblemsFound."""
    from lifecycle.catalog.by_itself import with_template
    from lifecycle.cli.asked import console
    from lifecycle.cli.project import ProblemsFound
    from lifecycle.render.compiling_aside import CompilingAside

    filters = {name: one.function for name, one in project.hooks.filters.items()}
    with CompilingAside() as aside:
        found, compiled = with_template(catalog, template, filters, by=aside)
    problems = list(dict.fromkeys(one for each in compiled for one in each.problems))
    if not all(each.ok for each in compiled):
        _show_problems(console(errors=True), problems)
        raise ProblemsFound("the template cannot be read", remedy="mend it")
    return found


def _data(wanted: Any, shown: Any, file: Path, problems: list[Any]) -> dict[str, Any]:
    letter = shown.ready.letter
    data = {
        "campaign": wanted.campaign.id if wanted.of_campaign else None,
        "step": wanted.step.name if wanted.of_campaign else None,
        "variant": letter.variant or None,
        "template": shown.ready.template.name,
        "from": letter.sender,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "file": str(file),
        "notes": shown.notes,
        "problems": [asdict(one) for one in problems],
    }
    if shown.customer is not None and wanted.of_campaign:
        data["customer"] = shown.customer
        data["would_go"] = not shown.in_the_way
        data["in_the_way"] = shown.in_the_way
    return data


def _show(out: Any, wanted: Any, shown: Any, file: Path) -> None:
    from rich.markup import escape

    letter = shown.ready.letter
    out.print(f"[bold]From:[/]    {escape(letter.sender)}")
    out.print(f"[bold]Subject:[/] {escape(letter.subject)}")
    for one in wanted.step.variant if wanted.of_campaign else ():
        if one.name == letter.variant:
            out.print(f"         (the variant {escape(one.name)})", style="dim")
        elif one.subject is not None:
            out.print(f"         (variant {escape(one.name)} has another one)", style="dim")
    out.print()
    out.print(escape(letter.text))
    out.print(f"\nHTML: {file}", style="dim")
    for note in shown.notes:
        out.print(f"note: {escape(note)}", style="dim")
    if shown.customer is None or not wanted.of_campaign:
        return
    if not shown.in_the_way:
        out.print(f"It would go to {escape(shown.customer)} now.")
    else:
        out.print(f"It would not go to {escape(shown.customer)} now:")
    for one in shown.in_the_way:
        out.print(f"  {escape(one)}")


def _show_problems(out: Any, problems: list[Any]) -> None:
    from rich.markup import escape

    for one in problems:
        place = f"templates/{one.file}:{one.line}"
        hint = f" → {one.hint}" if one.hint else ""
        out.print(f"{escape(place)}: {one.severity}: {escape(one.problem + hint)}")


def _lint(root: Path, ready: Any, wanted: Any) -> list[Any]:
    """What is doubtful in the template's files, in what they became, and in this very letter."""
    from lifecycle.render.check import lint_template
    from lifecycle.render.lint_letter import Looked, lint_letter
    from lifecycle.render.lint_sources import lint_sources
    from lifecycle.render.problems import TemplateProblem

    compiled, letter = ready.template, ready.letter
    marketing = not wanted.step.transactional
    sender, reply_to = letter.sender, letter.reply_to or ""
    looked = Looked(letter.subject, letter.html, letter.text, sender, marketing, reply_to)
    file = compiled.files[0] if compiled.files else f"{compiled.name}.mjml"
    doubts = [
        TemplateProblem(file, 1, 1, "warning", one.problem, one.reason)
        for one in lint_letter(looked)
    ]
    sources = {one: root / "templates" / one for one in compiled.files}
    texts = {one: path.read_text("utf-8") for one, path in sources.items() if path.is_file()}
    return [*lint_template(compiled, marketing=marketing), *lint_sources(texts), *doubts]


def _write(root: Path, html: str) -> Path:
    folder = root / ".lifecycle"
    try:
        folder.mkdir(exist_ok=True)
        (folder / FILE).write_text(html, "utf-8")
    except OSError:
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="lifecycle-"))
        (folder / FILE).write_text(html, "utf-8")
    return folder / FILE


def _address(said: str | None) -> str | None:
    """The address to send to. Raises UsageError where it is none."""
    from lifecycle.sources.address import normalized
    from lifecycle.sources.refused import Refused

    if said is None:
        return None
    try:
        return normalized(said)
    except Refused as refused:
        raise UsageError("--send-to is no address", refused.problem, refused.hint) from refused


def _send(said: Any, catalog: Any, letter: Any, to: str) -> str:
    """Hand the letter to the transport, to somebody who wants to look.

    Nothing is recorded; the subject is marked, and no header lets a mailbox unsubscribe anybody.
    """
    from dataclasses import replace

    from lifecycle.cli.wiring import transport_of
    from lifecycle.clock import SystemClock
    from lifecycle.core.chance import derived_id
    from lifecycle.core.message import OutcomeKind
    from lifecycle.core.words import rfc3339

    now = SystemClock().now()
    attempt = derived_id("preview", rfc3339(now))
    look = replace(
        letter,
        to=to,
        at=now,
        attempt_id=attempt,
        message_id=attempt,
        subject=f"{MARK}{letter.subject}",
        headers=(),
    )
    transport = transport_of(said.project, catalog.settings)
    try:
        outcome = transport.send(look)
    finally:
        transport.close()
    if outcome.kind is not OutcomeKind.ACCEPTED:
        raise LifecycleError("the letter was not sent", f"{outcome.kind}: {outcome.detail}")
    return outcome.provider_id or transport.name
