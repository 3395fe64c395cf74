"""The SES transport against the stand-in: each fault once, and never a second post."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lifecycle.clock import SystemClock
from lifecycle.core.message import Letter, OutcomeKind
from lifecycle.send.ses import Ses, SesUnavailable
from lifecycle.sim.fake_ses import FakeSes
from lifecycle.sim.fake_ses_faults import Fault, FaultPlan
from lifecycle.sim.fake_ses_limits import Limits

MakeLetter = Callable[..., Letter]
StartSes = Callable[..., tuple[FakeSes, Ses]]

READ_SECONDS = 0.5


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartSes]:
    """Start a stand-in and a transport that talks to it."""
    fakes: list[FakeSes] = []
    transports: list[Ses] = []

    def started(*script: Fault, plan: FaultPlan | None = None, **told: Any) -> tuple[FakeSes, Ses]:
        fake = FakeSes(
            tmp_path / "truth.jsonl", SystemClock(), faults=plan or FaultPlan(script=script), **told
        )
        fakes.append(fake)
        transports.append(Ses("eu-central-1", "lifecycle", fake.start(), read_seconds=READ_SECONDS))
        return fake, transports[-1]

    yield started
    for transport in transports:
        transport.close()
    for fake in fakes:
        fake.stop()


def test_an_accepted_letter_is_in_the_truth_log_with_its_ids(
    start: StartSes, letter: MakeLetter
) -> None:
    fake, ses = start()
    outcome = ses.send(letter())
    assert outcome.kind is OutcomeKind.ACCEPTED
    (accepted,) = fake.accepted()
    assert accepted.ses_message_id == outcome.provider_id
    assert (accepted.attempt_id, accepted.message_id) == ("att_01", "msg_01")
    (request,) = fake.requests()
    assert request["ConfigurationSetName"] == "lifecycle"
    assert request["Content"]["Simple"]["Subject"]["Data"] == "Your cart"


@pytest.mark.parametrize(
    ("fault", "kind", "acceptances"),
    [
        (Fault.THROTTLED, OutcomeKind.SLOW_DOWN, 0),
        (Fault.THROTTLED_AS_400, OutcomeKind.SLOW_DOWN, 0),
        (Fault.DAY_QUOTA, OutcomeKind.DAY_QUOTA, 0),
        (Fault.PAUSED, OutcomeKind.ACCOUNT, 0),
        (Fault.SUSPENDED, OutcomeKind.ACCOUNT, 0),
        (Fault.EXPIRED_KEY, OutcomeKind.ACCOUNT, 0),
        (Fault.FAILED_BEFORE, OutcomeKind.UNCERTAIN, 0),
        (Fault.FAILED_AFTER, OutcomeKind.UNCERTAIN, 1),
        (Fault.UNAVAILABLE_BEFORE, OutcomeKind.UNCERTAIN, 0),
        (Fault.CUT_BEFORE, OutcomeKind.UNCERTAIN, 0),
        (Fault.CUT_AFTER, OutcomeKind.UNCERTAIN, 1),
        (Fault.HANG_BEFORE, OutcomeKind.UNCERTAIN, 0),
        (Fault.HANG_AFTER, OutcomeKind.UNCERTAIN, 1),
        (Fault.HALF_ANSWER_AFTER, OutcomeKind.UNCERTAIN, 1),
        (Fault.GARBLED_ANSWER_AFTER, OutcomeKind.UNCERTAIN, 1),
        (Fault.EMPTY_ANSWER_AFTER, OutcomeKind.UNCERTAIN, 1),
    ],
)
def test_each_fault_has_its_outcome_and_is_posted_once(
    start: StartSes, letter: MakeLetter, fault: Fault, kind: OutcomeKind, acceptances: int
) -> None:
    fake, ses = start(fault)
    assert ses.send(letter()).kind is kind
    assert fake.posts == 1
    assert len(fake.accepted()) == acceptances
    assert ses.send(letter(attempt_id="att_02")).kind is OutcomeKind.ACCEPTED
    assert fake.posts == 2


def test_the_environment_cannot_talk_boto3_into_trying_again(
    start: StartSes, letter: MakeLetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    fake, ses = start(Fault.CUT_AFTER, Fault.THROTTLED)
    ses.send(letter())
    ses.send(letter())
    assert fake.posts == 2
    assert len(fake.accepted()) == 1


def test_threads_may_share_a_transport(start: StartSes, letter: MakeLetter) -> None:
    fake, ses = start()
    letters = [letter(attempt_id=f"att_{n}") for n in range(40)]
    with ThreadPoolExecutor(4) as threads:
        kinds = {outcome.kind for outcome in threads.map(ses.send, letters)}
    assert kinds == {OutcomeKind.ACCEPTED}
    assert {one.attempt_id for one in fake.accepted()} == {one.attempt_id for one in letters}
    assert len({one.ses_message_id for one in fake.accepted()}) == 40


@pytest.mark.parametrize("seed", range(3))
def test_in_a_storm_of_faults_each_outcome_agrees_with_the_truth(
    start: StartSes, letter: MakeLetter, seed: int
) -> None:
    hanging = (Fault.HANG_BEFORE, Fault.HANG_AFTER, Fault.NONE)
    shares = {fault: 0.06 for fault in Fault if fault not in hanging}
    fake, ses = start(plan=FaultPlan(shares=shares, seed=seed))
    ids = [f"att_{n}" for n in range(150)]
    letters = [letter(attempt_id=attempt) for attempt in ids]
    with ThreadPoolExecutor(4) as threads:
        outcomes = dict(zip(ids, threads.map(ses.send, letters), strict=True))
    counts = Counter(one.attempt_id for one in fake.accepted())
    assert fake.posts == len(letters)
    assert max(counts.values()) == 1
    for attempt, outcome in outcomes.items():
        if outcome.kind is OutcomeKind.ACCEPTED:
            assert counts[attempt] == 1
        elif outcome.kind is not OutcomeKind.UNCERTAIN:
            assert counts[attempt] == 0
    assert {outcome.kind for outcome in outcomes.values()} >= {
        OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN, OutcomeKind.SLOW_DOWN, OutcomeKind.ACCOUNT,
    }  # fmt: skip


def test_a_letter_against_the_limits_is_never_posted(start: StartSes, letter: MakeLetter) -> None:
    fake, ses = start()
    outcome = ses.send(letter(subject="a\r\nBcc: eve@evil.example"))
    assert outcome.kind is OutcomeKind.REFUSED
    assert fake.posts == 0


def test_nobody_listening_means_never_left(start: StartSes, letter: MakeLetter) -> None:
    fake, ses = start()
    fake.stop()
    assert ses.send(letter()).kind is OutcomeKind.NEVER_LEFT


@pytest.mark.parametrize("endpoint", ["not a url", "ftp:/nowhere"])
def test_a_set_up_without_a_client_is_the_accounts_fault(letter: MakeLetter, endpoint: str) -> None:
    assert Ses("eu-central-1", endpoint=endpoint).send(letter()).kind is OutcomeKind.ACCOUNT


def test_an_unverified_sender_or_a_missing_set_is_the_accounts_fault(
    start: StartSes, letter: MakeLetter
) -> None:
    _, ses = start(limits=Limits(sender_domains=frozenset({"other.example"})))
    assert ses.send(letter()).kind is OutcomeKind.ACCOUNT
    _, ses = start(limits=Limits(configuration_sets=frozenset({"other"})))
    assert ses.send(letter()).kind is OutcomeKind.ACCOUNT


def test_the_account_tells_its_quota(start: StartSes, letter: MakeLetter) -> None:
    fake, ses = start(limits=Limits(per_second=14.0, per_day=200.0))
    ses.send(letter())
    account = ses.get_account()
    assert (account.per_second, account.per_day, account.left_today) == (14.0, 200.0, 199.0)
    assert account.sending_enabled
    assert account.production
    fake.stop()
    with pytest.raises(SesUnavailable) as unavailable:
        ses.get_account()
    assert unavailable.value.outcome.kind is not OutcomeKind.ACCEPTED


def test_a_quota_of_minus_one_is_unlimited(start: StartSes) -> None:
    _, ses = start(limits=Limits(per_day=-1.0))
    account = ses.get_account()
    assert account.per_day is None
    assert account.left_today is None


def test_a_closed_client_is_gone_at_once_though_nobody_looks_for_circles() -> None:
    ses = Ses("eu-central-1", endpoint="http://127.0.0.1:9")
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(SesUnavailable):
            ses.get_account()
        old = weakref.ref(ses._client.opened())
        ses.close()
        assert old() is None, "a day without SES leaves one of these after each try"
    finally:
        gc.enable()
