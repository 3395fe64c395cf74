"""What doctor tells of deliverability: warming up, lists in step, confirmations that wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

Told = tuple[str, Literal["ok", "warning", "error"], str]
OUT_OF_STEP = timedelta(days=3)
"""Lists that have not been brought in step for so long are worth a warning."""


def deliverability_standing(connection: Any, settings: Any, now: datetime) -> Iterator[Told]:
    """About what, how it is, and in words."""
    yield from _warming(connection, settings, now)
    yield from _in_step(connection, settings, now)
    yield from _confirmations(connection, now)


def _warming(connection: Any, settings: Any, now: datetime) -> Iterator[Told]:
    from lifecycle.insight.deliverability import warming_told

    found = warming_told(connection, settings, now)
    if found is not None:
        yield "warm-up", "ok", warming_words(found)
    elif settings.warm_up is not None:
        domain = settings.warming_domain
        yield "warm-up", "ok", f"{domain} is warmed up: [warm_up] can go from settings.toml"


def warming_words(found: Any) -> str:
    """Where warming up stands, in a sentence."""
    if found.day < 1:
        return f"{found.domain} begins in {1 - found.day} days; {found.held} letters wait"
    gone = ", ".join(f"{count} to {name}" for name, count in sorted(found.gone.items()))
    return (
        f"{found.domain}, day {found.day} of {found.days}: at most {found.limit} letters to each "
        f"provider today; went: {gone or 'none yet'}; {found.held} wait"
    )


def _in_step(connection: Any, settings: Any, now: datetime) -> Iterator[Told]:
    from lifecycle.core.words import rfc3339
    from lifecycle.engine.in_step import TRANSPORT
    from lifecycle.store import in_step

    if settings.transport.kind != "ses" or not settings.ses.suppressions_in_step:
        return
    found = in_step.state(connection, TRANSPORT)
    if found is None:
        yield "suppressions", "ok", "not in step with SES's list yet; a daemon does it at night"
        return
    done = rfc3339(found.done_at) if found.done_at else "never"
    told = f"in step with SES's list: {done}, {found.taken} taken, {found.given} given"
    late = found.done_at is None or now - found.done_at > OUT_OF_STEP
    problem = f"; the last time: {found.problem}" if found.problem else ""
    yield "suppressions", "warning" if problem and late else "ok", told + problem


def _confirmations(connection: Any, now: datetime) -> Iterator[Told]:
    from lifecycle.store import confirmations

    waiting, late = confirmations.backlog(connection, now)
    if waiting:
        told = f"{waiting} yeses wait to be confirmed"
        more = f"; {late} letters wait, since the caps of [double_opt_in] are reached"
        yield "double opt-in", "warning" if late else "ok", told + (more if late else "")
