"""`lifecycle doctor --verify-bulk`: proves on the shop's own account that bulk loses nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from lifecycle.cli.asked import Asked
from lifecycle.errors import EXIT_ERRORS_FOUND, UsageError

BETWEEN_SECONDS = 1.1
"""Between the two letters: an account in the sandbox takes one a second."""
WHAT_TO_COMPARE = (
    "The subject is the same in both letters, but for the way in brackets at its end.",
    "Each paragraph stands twice, as the template's text and as a value: both look alike.",
    "Save both letters as .eml and run: lifecycle doctor --received ONE.eml --received OTHER.eml",
)
WHAT_IT_MEANS = (
    "Both differ: something changes letters on the way, such as SES's own tracking of clicks.",
    "Only the letter by slots differs: keep [ses] mode = single, and tell us which paragraph.",
    "One does not come: look for a Rendering Failure event of the configuration set.",
)


@dataclass(frozen=True, slots=True)
class Went:
    """What came of one of the two letters."""

    way: str
    outcome: str
    provider_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Verifying:
    """The two letters, what they must look like, and what to do with them."""

    letters: tuple[Went, ...]
    subject: str
    html_sha256: str
    text_sha256: str
    paragraphs: dict[str, str]
    """Each paragraph's name and the checksum that stands beside it in the letters."""
    compare: tuple[str, ...] = WHAT_TO_COMPARE
    a_difference_means: tuple[str, ...] = WHAT_IT_MEANS


def prove(said: Asked, address: str | None, files: Sequence[Path]) -> None:
    """Send the two letters, and hold saved ones against what left. Raises LifecycleError."""
    if address is not None:
        verify(said, _checked(address))
    if files:
        compare(said, files)


def _checked(address: str) -> str:
    from lifecycle.sources.address import normalized
    from lifecycle.sources.refused import Refused

    try:
        return normalized(address)
    except Refused as refused:
        raise UsageError("--verify-bulk is no address", refused.problem, refused.hint) from refused


def verify(said: Asked, address: str) -> None:
    """Send both letters to `address` and say what to compare. Raises LifecycleError."""
    from lifecycle.clock import SystemClock

    told = _verified(said, address, SystemClock().now())

    def human(out: Any) -> None:
        from rich.markup import escape

        for one in told.letters:
            out.print(f"{one.way:10} {one.outcome}  {escape(one.provider_id or one.detail)}")
        out.print(f"\nThe subject is: {escape(told.subject)}")
        out.print(f"SHA-256 of the HTML: {told.html_sha256}")
        out.print(f"SHA-256 of the text: {told.text_sha256}")
        _listed(out, "Compare:", told.compare)
        _listed(out, "A difference means:", told.a_difference_means)

    said.answer(told, human)
    if any(one.outcome != "accepted" for one in told.letters):
        raise typer.Exit(EXIT_ERRORS_FOUND)


def compare(said: Asked, files: Sequence[Path]) -> None:
    """Hold letters saved as .eml against those that were sent. Raises UsageError."""
    found = {str(file): _compared(file) for file in files}

    def human(out: Any) -> None:
        from rich.markup import escape

        for name, one in found.items():
            state = "arrived as it left" if one.whole else "differs"
            out.print(f"{escape(name)}: {state}")
            for part in ("subject", "html", "text"):
                if not getattr(one, part):
                    out.print(f"  the {part} is not what was sent")
            if one.paragraphs:
                out.print(f"  paragraphs: {', '.join(one.paragraphs)}")

    said.answer(found, human)
    if not all(one.whole for one in found.values()):
        raise typer.Exit(EXIT_ERRORS_FOUND)


def _verified(said: Asked, address: str, now: datetime) -> Verifying:
    from lifecycle.cli import place
    from lifecycle.cli.wiring import bulk_of
    from lifecycle.send.bulk_trial import (
        ALONE,
        BY_SLOTS,
        PARAGRAPHS,
        SUBJECT,
        checksum,
        digest,
        trial_letter,
    )
    from lifecycle.send.transport import OpenGate

    settings = place.read_settings(said.project)
    if settings.transport.kind != "ses":
        raise UsageError(
            "there is nothing to verify",
            f'letters go by {settings.transport.kind}, which "bulk" is no mode of',
            'set [transport] kind = "ses" in settings.toml',
        )
    sender = settings.senders[settings.first_sender].from_
    transport = bulk_of(settings, share_from=1)
    try:
        slots = trial_letter(sender, address, BY_SLOTS, now)
        (by_slots,) = transport.send_many([slots], OpenGate())
        time.sleep(BETWEEN_SECONDS)
        alone = transport.send(trial_letter(sender, address, ALONE, now))
    finally:
        transport.close()
    return Verifying(
        letters=tuple(
            Went(way, one.kind.value, one.provider_id, one.detail)
            for way, one in ((BY_SLOTS, by_slots), (ALONE, alone))
        ),
        subject=SUBJECT,
        html_sha256=digest(slots.html),
        text_sha256=digest(slots.text),
        paragraphs={name: checksum(text) for name, text in PARAGRAPHS},
    )


def _compared(file: Path) -> Any:
    from lifecycle.clock import SystemClock
    from lifecycle.send.bulk_trial import ALONE, compared, trial_letter

    try:
        whole = file.read_bytes()
    except OSError as error:
        raise UsageError("the letter cannot be read", f"{file}: {error.strerror}") from error
    return compared(whole, trial_letter("a@b.example", "a@b.example", ALONE, SystemClock().now()))


def _listed(out: Any, head: str, lines: Sequence[str]) -> None:
    out.print(f"\n{head}")
    for line in lines:
        out.print(f"  * {line}", markup=False)
