"""Each invariant of the simulation fails when the engine is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from lifecycle.core import entry, guard
from lifecycle.core.policy import Policy
from lifecycle.core.words import FIRST_INSTANT
from lifecycle.engine import deliver, feedback, intake
from lifecycle.hooks import Registry
from lifecycle.sim.promise_broken import PromiseBroken
from lifecycle.sim.simulate import SimulateOptions, simulate
from lifecycle.store import erase, events, outbox
from lifecycle.store.accepted import Accepted
from tests.simulation.busy_shop import DAILY, busy_shop

Patch = pytest.MonkeyPatch
PEOPLE, DAYS = 12, 15


def run(*, faults: bool = False, seed: str = "1", quiet: str = "21:00-08:00") -> None:
    options = SimulateOptions(PEOPLE, DAYS, seed, faults, habits=DAILY)
    simulate(busy_shop(quiet=quiet), Registry(), options).close()


@pytest.mark.parametrize("faults", [False, True])
def test_the_engine_as_it_is_keeps_every_promise(faults: bool) -> None:
    run(faults=faults)


def resends_uncertain_letters(patch: Patch) -> None:
    def requeued(connection: Any, rows: Any) -> None:
        again = [{**one, "why": "", "until": one["at"]} for one in rows]
        outbox.requeued(connection, again)

    patch.setattr(outbox, "uncertain", requeued)


def hands_over_twice(patch: Patch) -> None:
    hand_over = deliver._hand_over

    def twice(*told: Any) -> Any:
        hand_over(*told)
        return hand_over(*told)

    patch.setattr(deliver, "_hand_over", twice)


def forgets_held_letters(patch: Patch) -> None:
    held = outbox.hold

    def forgotten(connection: Any, rows: Any) -> None:
        held(connection, rows)
        ids = [row["id"] for row in rows]
        never = update(outbox.MESSAGE).where(outbox.MESSAGE.c.message_id.in_(ids))
        connection.execute(never.values(due_at=None))

    patch.setattr(outbox, "hold", forgotten)


def forgets_what_was_handed_over(patch: Patch) -> None:
    patch.setattr(Accepted, "write", lambda gathered, connection: None)


def asks_nobody_for_consent(patch: Patch) -> None:
    never = guard._never

    def without_consent(*said: Any) -> Any:
        found = never(*said)
        return None if found == guard.Drop("no_consent") else found

    patch.setattr(guard, "_never", without_consent)


def writes_to_suppressed_addresses(patch: Patch) -> None:
    patch.setattr(feedback, "_suppressed", lambda *_: [])


def keeps_no_quiet_hours(patch: Patch) -> None:
    patch.setattr(Policy, "quiet_hours", lambda *_: None)


def holds_for_quiet_hours_alone(patch: Patch) -> None:
    held = guard._held

    def quiet(*said: Any) -> Any:
        found = held(*said)
        return found if found is not None and found.reason == "quiet_hours" else None

    patch.setattr(guard, "_held", quiet)


def hears_no_exits(patch: Patch) -> None:
    patch.setattr(entry, "exits", lambda *_: [])


def holds_nobody_out(patch: Patch) -> None:
    patch.setattr(Policy, "held_out", lambda *_: False)


def deals_variants_by_the_day(patch: Patch) -> None:
    def dealt(self: Policy, campaign: Any, step: Any, facts: Any, *more: Any) -> Any:
        return step.variant[facts.now.day % len(step.variant)] if step.variant else None

    patch.setattr(Policy, "variant", dealt)


def asks_segments_too_seldom(patch: Patch) -> None:
    patch.setattr(intake.CustomerIntake, "_segments", lambda *_, **__: None)


def loses_events(patch: Patch) -> None:
    append = events.append_plain
    patch.setattr(
        events, "append_plain", lambda connection, rows: append(connection, rows[: len(rows) - 1])
    )


def erases_by_halves(patch: Patch) -> None:
    patch.setattr(erase, "HASHED", {})


BROKEN: list[tuple[int, bool, Callable[[Patch], None], str]] = [
    (1, True, resends_uncertain_letters, "a letter that went is|took a letter twice"),
    (1, False, hands_over_twice, "SES took a letter twice"),
    (2, False, forgets_held_letters, "is forgotten"),
    (2, False, forgets_what_was_handed_over, "stays attempting"),
    (3, False, asks_nobody_for_consent, "did not agree"),
    (3, False, writes_to_suppressed_addresses, "was suppressed"),
    (3, False, keeps_no_quiet_hours, "quiet hours"),
    (3, False, holds_for_quiet_hours_alone, "gap had not passed|cap is full"),
    (3, False, hears_no_exits, "had ended the enrollment"),
    (4, False, holds_nobody_out, "wrote to its holdout"),
    (4, False, deals_variants_by_the_day, "two variants"),
    (5, False, asks_segments_too_seldom, "the segment"),
    (5, False, loses_events, "stored 0 times"),
    (7, False, erases_by_halves, "names somebody erased"),
]


@pytest.mark.parametrize(
    ("promise", "faults", "breaks", "words"), BROKEN, ids=lambda one: getattr(one, "__name__", "")
)
def test_an_engine_that(
    promise: int,
    faults: bool,
    breaks: Callable[[Patch], None],
    words: str,
    monkeypatch: Patch,
) -> None:
    breaks(monkeypatch)
    with pytest.raises(PromiseBroken, match=words) as broken:
        run(faults=faults)
    assert broken.value.promise == promise
    assert broken.value.at > FIRST_INSTANT
    assert promise in (5, 7) or broken.value.story
