"""Bulk sending against the stand-in, which judges by its own reading: its log is the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle.clock import SystemClock
from lifecycle.core.message import Attachment, Letter, OutcomeKind
from lifecycle.send.bulk import BulkSes
from lifecycle.send.bulk_trial import trial_letter
from lifecycle.send.transport import OpenGate
from lifecycle.sim.fake_ses import FakeSes
from lifecycle.sim.fake_ses_faults import ENTRY_STATUSES, Fault, FaultPlan
from lifecycle.sim.fake_ses_limits import Limits
from tests.send.in_bulk import letters

MakeLetter = Callable[..., Letter]
Start = Callable[..., tuple[FakeSes, BulkSes]]
NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a stand-in and a transport that talks to it in bulk."""
    opened: list[tuple[FakeSes, BulkSes]] = []

    def started(
        plan: FaultPlan | None = None, limits: Limits | None = None
    ) -> tuple[FakeSes, BulkSes]:
        fake = FakeSes(tmp_path / "truth.jsonl", SystemClock(), faults=plan, limits=limits)
        transport = BulkSes("eu-central-1", "set", fake.start(), read_seconds=2.0)
        opened.append((fake, transport))
        return opened[-1]

    yield started
    for fake, transport in opened:
        transport.close()
        fake.stop()


@pytest.mark.parametrize("seed", range(3))
def test_in_a_storm_of_faults_each_outcome_agrees_with_the_truth(
    start: Start, letter: MakeLetter, seed: int
) -> None:
    hanging = (Fault.HANG_BEFORE, Fault.HANG_AFTER, Fault.NONE)
    plan = FaultPlan(
        shares={fault: 0.03 for fault in Fault if fault not in hanging},
        entry_shares=dict.fromkeys(ENTRY_STATUSES, 0.01),
        seed=seed,
    )
    fake, transport = start(plan)
    batch = [
        one
        for turn in range(16)
        for one in (
            *letters(letter, 12, 100 * turn),
            *(replace(one, pieces=None) for one in letters(letter, 3, 100 * turn + 50)),
            *letters(letter, 1, 100 * turn + 60, headers=(("X-Name", "grün"),)),
        )
    ]
    outcomes = [
        outcome
        for begin in range(0, len(batch), 16)
        for outcome in transport.send_many(batch[begin : begin + 16], OpenGate())
    ]
    truth = fake.accepted()
    counts = Counter(one.attempt_id for one in truth)
    assert max(counts.values()) == 1
    ids = {one.attempt_id: one.ses_message_id for one in truth}
    for one, outcome in zip(batch, outcomes, strict=True):
        if outcome.kind is OutcomeKind.ACCEPTED:
            assert ids[one.attempt_id] == outcome.provider_id
        elif outcome.kind is not OutcomeKind.UNCERTAIN:
            assert one.attempt_id not in ids, outcome
    assert {outcome.kind for outcome in outcomes} >= {
        OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN, OutcomeKind.SLOW_DOWN, OutcomeKind.ACCOUNT,
    }  # fmt: skip


def test_the_stand_in_puts_together_the_very_letters(start: Start) -> None:
    fake, transport = start()
    batch = [
        trial_letter("Café “Ö” <news@käse.example>", f"ann{n}@bücher.example", f"way {n}", NOW)
        for n in range(2)
    ]
    # One shape for both, as letters of one template version have.
    shared = batch[0].pieces
    batch = [replace(one, pieces=shared) for one in batch]
    outcomes = transport.send_many(batch, OpenGate())
    assert {one.kind for one in outcomes} == {OutcomeKind.ACCEPTED}
    assert [one.by for one in fake.accepted()] == ["bulk", "bulk"]
    found_by_subject = {one.letter.subject: one.letter for one in fake.letters()}
    for one in batch:
        posted = found_by_subject[one.subject]
        assert (posted.subject, *posted.bodies) == (one.subject, one.text, one.html)


def test_a_call_beyond_the_rate_is_refused_whole_and_leaves_nothing(
    start: Start, letter: MakeLetter
) -> None:
    fake, transport = start(limits=Limits(per_second=20.0))
    outcomes = [
        outcome
        for begin in (0, 50)
        for outcome in transport.send_many(letters(letter, 50, begin), OpenGate())
    ]
    assert {one.kind for one in outcomes[:50]} == {OutcomeKind.ACCEPTED}
    assert {one.kind for one in outcomes[50:]} == {OutcomeKind.SLOW_DOWN}
    assert len(fake.accepted()) == 50


def test_files_and_odd_headers_are_taken_raw(start: Start, letter: MakeLetter) -> None:
    fake, transport = start()
    file = Attachment("Größe & Maß.pdf", "application/pdf", bytes(range(256)))
    odd = [
        letter(attachments=(file,)),
        letter(attempt_id="att_02", to="bob@customer.example", headers=(("X-Name", "grün"),)),
    ]
    outcomes = transport.send_many(odd, OpenGate())
    assert [one.kind for one in outcomes] == [OutcomeKind.ACCEPTED] * 2
    assert {one.by for one in fake.accepted()} == {"raw"}
    assert {one.attempt_id for one in fake.accepted()} == {"att_01", "att_02"}
