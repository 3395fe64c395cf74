"""`lifecycle report past-tests`: the register of tests, and what it teaches of the next one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, asked
from lifecycle.cli.reports import report, table

NONE = "No test has ended yet. Until then tests are sized by usual figures:"
TAUGHT = "What that teaches of the next test:"


@report.command("past-tests", epilog=EVERYWHERE)
def past_tests(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Of this campaign alone.")
    ] = None,
) -> None:
    """Every test that has ended, kept though its letters are not, and what they teach."""
    from lifecycle.cli.reading import reading
    from lifecycle.insight.past_tests import register_report

    said = asked(ctx)
    with reading(said) as desk:
        found = register_report(desk.connection, desk.now, name)

    def human(out: Any) -> None:
        rows = [
            (
                f"{test.decided_at:%Y-%m-%d}",
                " ".join(filter(None, (test.campaign, test.step, test.occasion))),
                test.by,
                one.variant,
                one.letters,
                _came_to(one.total, one.letters, test.by),
            )
            for test in found.tests
            for one in test.variants
        ]
        if rows:
            out.print(table(("decided", "test", "by", "variant", "letters", "came to"), rows))
        out.print(TAUGHT if rows else NONE)
        for one in found.taught:
            out.print(f"  {_taught(one)}", markup=False, highlight=False)

    said.answer(found, human)


def _came_to(total: float, letters: int, by: str) -> str:
    if not letters:
        return "–"
    return f"{total / letters:.2f} a letter" if by == "revenue" else f"{total / letters:.2%}"


def _taught(one: Any) -> str:
    many = "one past test" if one.tests == 1 else f"{one.tests:,} past tests"
    taught = many if one.tests else "no past test"
    if one.mean is None:
        return f"{one.by}: variants differ by {one.spread:.0%} of what a letter brings ({taught})"
    mean = f"{one.mean:.2f} a letter" if one.by == "revenue" else f"{one.mean:.2%}"
    return f"{one.by}: {mean}, and variants differ by {one.spread:.0%} of that ({taught})"
