"""`lifecycle preview`: one letter as a customer, real or made up, would get it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import EXIT_ERRORS_FOUND, LifecycleError, UsageError

FILE = "preview.html"
NO_ID = "0" * 32
MOST_MADE_UP = 50
"""Names that a preview makes up before it gives in."""


@dataclass(frozen=True)
class Wanted:
    """The letter that is wanted: a step of a campaign, in one variant."""

    campaign: Any
    step: Any
    variant: Any
    template: str
    of_campaign: bool


@app.command(epilog=EVERYWHERE)
def preview(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="TEMPLATE | CAMPAIGN/STEP")],
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="As this one would get it.")
    ] = None,
    variant: Annotated[str | None, typer.Option(help="Which variant; the first if unsaid.")] = None,
    locale: Annotated[str | None, typer.Option(help="In which language, such as de.")] = None,
    send_to: Annotated[
        str | None, typer.Option("--send-to", metavar="ADDRESS", help="Send it there for a look.")
    ] = None,
    lint: Annotated[bool, typer.Option("--lint", help="Tell what is doubtful in it.")] = False,
) -> None:
    """Show one letter: subject, text, and a file with its HTML."""
    from lifecycle.cli.project import read_project, sound_catalog

    said = asked(ctx)
    project = read_project(said.project)
    catalog = sound_catalog(project)
    wanted = _wanted(catalog, what, variant)
    ready = _ready(said, project, catalog, wanted, customer, locale)
    problems = _lint(ready.template, wanted) if lint else []
    file = _write(said.project, ready.letter.html)
    sent = _send(said, catalog, ready.letter, send_to) if send_to else ""
    data = _data(wanted, ready.letter, file, problems) | ({"sent": sent} if send_to else {})

    def human(out: Any) -> None:
        _show(out, wanted, ready.letter, file)
        if send_to:
            out.print(f"Sent: {sent}")
        _show_problems(out, problems)
        if lint and not problems:
            out.print("Nothing in it is doubtful.")

    said.answer(data, human)
    if any(one.severity == "error" for one in problems):
        raise typer.Exit(EXIT_ERRORS_FOUND)


def _data(wanted: Wanted, letter: Any, file: Path, problems: list[Any]) -> dict[str, Any]:
    return {
        "campaign": wanted.campaign.id if wanted.of_campaign else None,
        "step": wanted.step.name if wanted.of_campaign else None,
        "variant": letter.variant or None,
        "template": wanted.template,
        "from": letter.sender,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "file": str(file),
        "problems": [asdict(one) for one in problems],
    }


def _show(out: Any, wanted: Wanted, letter: Any, file: Path) -> None:
    from rich.markup import escape

    out.print(f"[bold]From:[/]    {escape(letter.sender)}")
    out.print(f"[bold]Subject:[/] {escape(letter.subject)}")
    for one in wanted.step.variant if wanted.of_campaign else ():
        if one.name != letter.variant:
            out.print(f"         (variant {one.name} has another one)", style="dim")
    out.print()
    out.print(escape(letter.text))
    out.print(f"\nHTML: {file}", style="dim")


def _show_problems(out: Any, problems: list[Any]) -> None:
    from rich.markup import escape

    for one in problems:
        place = f"templates/{one.file}:{one.line}"
        hint = f" → {one.hint}" if one.hint else ""
        out.print(f"{escape(place)}: {one.severity}: {escape(one.problem + hint)}")


def _wanted(catalog: Any, what: str, variant: str | None) -> Wanted:
    """The letter meant: a campaign's step wins over a template of the same name."""
    from lifecycle.catalog.problem import did_you_mean
    from lifecycle.cli.sample import sample_flow
    from lifecycle.core.campaign import Broadcast

    campaign_id, _, step_name = what.partition("/")
    campaign = catalog.campaigns.get(campaign_id)
    names = set(catalog.templates)
    if campaign is not None:
        broadcast = isinstance(campaign, Broadcast)
        steps = [campaign.letter()] if broadcast else list(campaign.step)
        found = next((one for one in steps if one.name == step_name), None)
        if found is None and not step_name:
            found = steps[0] if steps else None
        if found is not None:
            chosen = _variant(found, variant)
            template = (chosen.template if chosen else None) or found.template
            return Wanted(campaign, found, chosen, template, True)
        names |= {f"{campaign_id}/{one.name}" for one in steps}
    name = what.removesuffix(".mjml")
    if name in catalog.templates or (catalog.root / "templates" / f"{name}.mjml").is_file():
        flow, step = sample_flow(name, catalog.settings)
        return Wanted(flow, step, None, name, False)
    names |= {f"{one.id}/{step.name}" for one in catalog.campaigns.values() for step in _steps(one)}
    raise UsageError(f"“{what}” is no template and no step", remedy=did_you_mean(what, names))


def _steps(campaign: Any) -> list[Any]:
    from lifecycle.core.campaign import Broadcast

    return [campaign.letter()] if isinstance(campaign, Broadcast) else list(campaign.step)


def _variant(step: Any, name: str | None) -> Any:
    if not step.variant:
        return None
    if name is None:
        return step.variant[0]
    found = next((one for one in step.variant if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in step.variant)
        raise UsageError(f"there is no variant “{name}”", remedy=f"there are {known}")
    return found


def _ready(
    said: Any, project: Any, catalog: Any, wanted: Wanted, customer: str | None, locale: str | None
) -> Any:
    """The letter rendered, by the very code that makes letters to be sent."""
    from lifecycle.cli import place, sample
    from lifecycle.engine.letters import Letters
    from lifecycle.engine.live import Live
    from lifecycle.engine.parts import Parts
    from lifecycle.render.links import Signer
    from lifecycle.send.outbox import Outbox
    from lifecycle.store.database import Database

    key = place.FIXED_KEY
    live = Live(catalog, project.hooks)
    nowhere = Outbox(said.project / catalog.settings.transport.folder)
    parts = Parts(Database("sqlite://"), live, nowhere, key, Signer([key]), outside=False)
    facts = sample.sample_facts(catalog.settings, locale)
    enrollment = sample.sample_enrollment(wanted.campaign)
    if customer is not None:
        facts, properties = _real(said, wanted, customer)
        if locale is not None:
            facts.locale = locale
        enrollment = sample.sample_enrollment(wanted.campaign, properties or sample.PROPERTIES)
    letters = Letters(parts)
    offer = (wanted.variant.incentive if wanted.variant else None) or wanted.step.incentive
    incentive = sample.sample_incentive(offer, wanted.campaign, catalog.settings, facts.now)

    def made() -> Any:
        link = parts.referral_link(facts.customer_id)
        campaign, step, variant = wanted.campaign, wanted.step, wanted.variant
        who = (enrollment, facts, incentive, link, facts.now)
        return letters.make(NO_ID, NO_ID, campaign, step, variant, *who)

    return made() if customer is not None else _with_made_up_names(made, facts, enrollment)


def _with_made_up_names(made: Any, facts: Any, enrollment: Any) -> Any:
    """Render for a made-up customer: what the shop alone knows of is shown by its name."""
    from lifecycle.render.problems import BrokenTemplate

    for _ in range(MOST_MADE_UP):
        try:
            return made()
        except BrokenTemplate as broken:
            if not broken.name or broken.name in facts.attributes:
                raise
            facts.attributes[broken.name] = broken.name
            enrollment.properties[broken.name] = broken.name
    return made()


def _real(said: Any, wanted: Wanted, customer: str) -> tuple[Any, Any]:
    """A customer as known, and the properties of the event by which they last entered."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.segment import facts_of

    with reading(said) as desk:
        facts = facts_of(desk.connection, desk.catalog, customer, desk.now)
    if facts is None:
        raise UsageError("there is no such customer", state={"customer": customer})
    if facts.email is None:
        raise LifecycleError("the customer has no address", state={"customer": customer})
    entered = [one for one in facts.enrollments if one.campaign == wanted.campaign.id]
    return facts, entered[-1].properties if entered else None


def _lint(compiled: Any, wanted: Wanted) -> list[Any]:
    from lifecycle.render.check import lint_template

    return lint_template(compiled, marketing=not wanted.step.transactional)


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


def _send(said: Any, catalog: Any, letter: Any, address: str) -> str:
    """Hand the letter to the transport, to somebody who wants to look; nothing is recorded."""
    from dataclasses import replace

    from lifecycle.cli.wiring import transport_of
    from lifecycle.clock import SystemClock
    from lifecycle.core.chance import derived_id
    from lifecycle.core.message import OutcomeKind
    from lifecycle.core.words import rfc3339
    from lifecycle.sources.address import normalized
    from lifecycle.sources.refused import Refused

    try:
        to = normalized(address)
    except Refused as refused:
        raise UsageError("--send-to is no address", refused.problem, refused.hint) from refused
    now = SystemClock().now()
    attempt = derived_id("preview", rfc3339(now))
    transport = transport_of(said.project, catalog.settings)
    try:
        outcome = transport.send(
            replace(letter, to=to, at=now, attempt_id=attempt, message_id=attempt)
        )
    finally:
        transport.close()
    if outcome.kind is not OutcomeKind.ACCEPTED:
        raise LifecycleError("the letter was not sent", f"{outcome.kind}: {outcome.detail}")
    return outcome.provider_id or transport.name
