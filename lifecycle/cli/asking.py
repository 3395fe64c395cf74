"""`lifecycle why` and `lifecycle segment`: decisions with their reasons, and rules explained."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import LifecycleError, UsageError

CUSTOMER = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.")]
SHOWN_DAYS = 14


@app.command(epilog=EVERYWHERE)
def why(
    ctx: typer.Context,
    customer: CUSTOMER,
    campaign: Annotated[
        str | None, typer.Argument(metavar="[CAMPAIGN]", help="Only this campaign.")
    ] = None,
) -> None:
    """Tell each decision on a customer with its reason, what is to come, and what is not."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.answer import answer

    said = asked(ctx)
    with reading(said) as desk:
        found = answer(desk.connection, desk.catalog, customer, campaign, desk.now)
        if found is None:
            raise _unknown(customer)
        if campaign is not None and not found.decisions:
            desk.campaign(campaign)

    def human(out: Any) -> None:
        _show_decisions(out, found, campaign)
        _show_others(out, found, whole=campaign is not None)
        out.print(f"\n(times in {found.zone.key})", style="dim")

    said.answer(found.told(), human)


def _show_decisions(out: Any, found: Any, campaign: str | None) -> None:
    """Entry by entry what was decided, and what is to come."""
    from rich.markup import escape

    from lifecycle.insight.spoken import clock

    if not found.decisions and not found.coming:
        of = f" in {campaign}" if campaign else ""
        out.print(f"Nothing was decided on this customer{escape(of)} yet.")
    entries = dict.fromkeys((one.campaign, one.entry) for one in (*found.decisions, *found.coming))
    for entry in entries:
        out.print(f"\n[bold]{escape(entry[0])}[/]  {escape(entry[1])}")
        for one in found.decisions:
            if (one.campaign, one.entry) == entry:
                out.print(f"  {clock(one.at, found.zone)}  {escape(one.sentence(found.zone))}")
        for one in found.coming:
            if (one.campaign, one.entry) == entry:
                out.print(f"  [cyan]now[/]: {escape(one.sentence)}")


def _show_others(out: Any, found: Any, *, whole: bool) -> None:
    """What other campaigns wait for; each part of their rules only where one alone is asked of."""
    from rich.markup import escape

    for other in found.not_entered:
        waits = escape(other.waits_for)
        out.print(f"\n[bold]{escape(other.campaign)}[/]: never entered. {waits}.")
        for line in other.in_the_way:
            out.print(f"  in the way: {escape(line)}")
        if other.because and not whole:
            leaves = "; ".join(one.words() for one in other.because)
            out.print(f"  {'yes' if other.rule.holds else 'no'}: {escape(leaves)}")
        elif other.rule is not None:
            for line in tree_lines(other.rule, found.zone):
                out.print(f"  {line}")


@app.command(epilog=EVERYWHERE)
def segment(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The segment's file name.")],
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="CUSTOMER", help="Each leaf of the rule for them."),
    ] = None,
) -> None:
    """Tell a segment's size, who joins and leaves, a sample; or why somebody is in it or not."""
    from lifecycle.cli.reading import reading

    said = asked(ctx)
    with reading(said) as desk:
        desk.segment(name)
        if explain is None:
            _in_numbers(said, desk, name)
        else:
            _explained(said, desk, name, explain)


def _in_numbers(said: Any, desk: Any, name: str) -> None:
    from rich.markup import escape

    from lifecycle.cli.reports import table
    from lifecycle.insight.segment import segment_report

    found = segment_report(desk.connection, desk.catalog, name, desk.now, live=desk.live)

    def human(out: Any) -> None:
        out.print(f"[bold]{found.segment}[/]  {escape(found.name)}: {found.size} customers")
        if not found.live:
            out.print("(asked from scratch: these definitions are not live yet)", style="dim")
        if found.building is not None:
            out.print(_progress(found.building))
        rows = [(f"{day.day}", day.joined, day.left) for day in found.days[-SHOWN_DAYS:]]
        if rows:
            out.print(table(("day", "joined", "left"), rows))
        shared = [one for one in found.overlaps if one.count]
        if shared:
            heads = ("also in", "customers", "share of these")
            out.print(table(heads, [(one.segment, *_shared(one)) for one in shared]))
        if found.sample:
            out.print(f"such as {escape(', '.join(found.sample))}")

    said.answer(found, human)


def _progress(one: Any) -> str:
    """How far a build is, in a line for people."""
    if one.state == "waiting":
        return f"[yellow]waits to be built[/]: {one.of} customers are to be asked"
    share = one.done / one.of if one.of else 1
    turned = f"{one.joined} joined, {one.left} left so far"
    return (
        f"[yellow]is being built[/]: {one.done} of {one.of} customers asked ({share:.0%}), {turned}"
    )


def _shared(one: Any) -> tuple[Any, str]:
    about = "" if one.exact else "about "
    return one.count if one.exact else f"about {one.count}", f"{about}{one.share:.1%}"


def _explained(said: Any, desk: Any, name: str, customer: str) -> None:
    from rich.markup import escape

    from lifecycle.insight.explained import explain
    from lifecycle.insight.segment import facts_of

    rule = desk.catalog.rules[name]
    facts = facts_of(desk.connection, desk.catalog, customer, desk.now, rule)
    if facts is None:
        raise LifecycleError("there is no such customer", state={"customer": customer})
    tree = explain(rule, facts, desk.catalog.rules, desk.now, None)
    data = {
        "segment": name,
        "customer": facts.customer_id,
        "at": desk.now,
        "timezone": facts.zone.key,
        "holds": tree.holds,
        "rule": tree,
    }

    def human(out: Any) -> None:
        inside = "is in" if tree.holds else "is not in"
        out.print(f"{escape(facts.customer_id)} {inside} [bold]{name}[/]:")
        for line in tree_lines(tree, facts.zone):
            out.print(line)
        out.print(f"(times in {facts.zone.key})", style="dim")

    said.answer(data, human)


def tree_lines(tree: Any, zone: Any, depth: int = 0) -> list[str]:
    """A rule's answer, a line for each part, marked yes or no, with what it saw and until when."""
    from rich.markup import escape

    mark = "[green]yes[/]" if tree.holds else "[red]no [/]"
    told = f"{'  ' * depth}{mark} {escape(tree.asks)}"
    if tree.saw:
        told += f"  [dim]saw {escape(tree.saw)}[/]"
    if tree.until is not None:
        at = tree.until.astimezone(zone).isoformat(" ")
        told += f"  [dim]until {at}{'' if tree.exact else ' at least'}[/]"
    lines = [told]
    for part in tree.parts:
        lines += tree_lines(part, zone, depth + 1)
    return lines


def _unknown(customer: str) -> LifecycleError:
    return UsageError("there is no such customer", state={"customer": customer})
