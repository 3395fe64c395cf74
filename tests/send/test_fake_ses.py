"""The stand-in itself: an oracle must refuse what SES refuses and forget nothing."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lifecycle.sim.fake_ses import ACCOUNT_PATH, SEND_PATH, FakeSes
from lifecycle.sim.fake_ses_faults import Fault, FaultPlan
from lifecycle.sim.fake_ses_limits import Limits

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}


class SteppedClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def fakes() -> Iterator[list[FakeSes]]:
    """Those started in a test; stopped after it."""
    started: list[FakeSes] = []
    yield started
    for fake in started:
        fake.stop()


def request(**other: Any) -> dict[str, Any]:
    simple = {
        "Subject": {"Data": "Hi"},
        "Body": {"Text": {"Data": "Hello"}},
        "Headers": other.pop("headers", []),
    }
    return {
        "FromEmailAddress": "Shop <news@shop.example>",
        "Destination": {"ToAddresses": ["ann@customer.example"]},
        "Content": {"Simple": simple},
        "EmailTags": [{"Name": "attempt_id", "Value": "a1"}],
        **other,
    }


def post(url: str, body: Any, headers: dict[str, str] = SIGNED) -> tuple[int, str, Any]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("POST", SEND_PATH, json.dumps(body), headers)
    answer = connection.getresponse()
    told = (answer.status, answer.headers.get("x-amzn-ErrorType", ""), json.loads(answer.read()))
    connection.close()
    return told


def test_the_log_survives_the_stand_in(
    tmp_path: Path, clock: SteppedClock, fakes: list[FakeSes]
) -> None:
    ids = []
    for _ in range(2):
        fake = FakeSes(tmp_path / "truth", clock)
        fakes.append(fake)
        ids.append(post(fake.start(), request())[2]["MessageId"])
        fake.stop()
    assert [one.ses_message_id for one in fakes[0].accepted()] == ids
    assert len(set(ids)) == 2


def test_a_line_half_written_in_a_crash_spoils_no_other(
    tmp_path: Path, clock: SteppedClock, fakes: list[FakeSes]
) -> None:
    (tmp_path / "truth").write_text('{"at": "2026-01-01", "ses_mess')
    fake = FakeSes(tmp_path / "truth", clock)
    fakes.append(fake)
    answer = post(fake.start(), request())[2]
    assert [one.ses_message_id for one in fake.accepted()] == [answer["MessageId"]]


@pytest.mark.parametrize(
    ("limit", "body"),
    [
        ("no recipient", request(Destination={})),
        ("51 recipients", request(Destination={"BccAddresses": ["a@b.example"] * 51})),
        ("a recipient beyond ASCII", request(Destination={"ToAddresses": ["ä@b.example"]})),
        ("16 headers", request(headers=[{"Name": f"X-{n}", "Value": "a"} for n in range(16)])),
        ("a line break", request(headers=[{"Name": "X", "Value": "a\r\nBcc: b"}])),
        ("a header twice", request(headers=[{"Name": "X", "Value": "a"}] * 2)),
        ("a wide header", request(headers=[{"Name": "X", "Value": "ä"}])),
        ("a tag with a dot", request(EmailTags=[{"Name": "a", "Value": "b.c"}])),
        ("an empty tag", request(EmailTags=[{"Name": "a", "Value": ""}])),
        ("no content", request(Content={})),
        ("not an object", []),
    ],
)
def test_what_ses_refuses_is_refused_and_not_logged(
    tmp_path: Path, clock: SteppedClock, fakes: list[FakeSes], limit: str, body: Any
) -> None:
    fake = FakeSes(tmp_path / "truth", clock)
    fakes.append(fake)
    assert post(fake.start(), body)[:2] == (400, "BadRequestException"), limit
    assert fake.accepted() == []


def test_an_unsigned_request_is_turned_away(
    tmp_path: Path, clock: SteppedClock, fakes: list[FakeSes]
) -> None:
    fake = FakeSes(tmp_path / "truth", clock)
    fakes.append(fake)
    assert post(fake.start(), request(), {})[0] == 403


def test_rate_and_day_quota_are_kept(
    tmp_path: Path, clock: SteppedClock, fakes: list[FakeSes]
) -> None:
    fake = FakeSes(tmp_path / "truth", clock, limits=Limits(per_second=2, per_day=3))
    fakes.append(fake)
    url = fake.start()
    assert [post(url, request())[0] for _ in range(3)] == [200, 200, 429]
    clock.instant += timedelta(seconds=1)
    assert post(url, request())[0] == 200
    clock.instant += timedelta(seconds=1)
    status, code, answer = post(url, request())
    assert (status, code) == (400, "ThrottlingException")
    assert "Daily" in answer["message"]
    clock.instant += timedelta(days=1)
    assert post(url, request())[0] == 200
    assert len(fake.accepted()) == 4


def test_seeded_dice_give_each_fault_its_share_and_the_same_history_again() -> None:
    shares = {Fault.CUT_AFTER: 0.1, Fault.THROTTLED: 0.3}
    plan = FaultPlan(script=(Fault.PAUSED,), shares=shares, seed=7)
    history = [plan.fault(number) for number in range(5001)]
    assert history == [plan.fault(number) for number in range(5001)]
    assert history[0] is Fault.PAUSED
    assert 400 < history.count(Fault.CUT_AFTER) < 600
    assert 1350 < history.count(Fault.THROTTLED) < 1650
    assert history != [FaultPlan(shares=shares, seed=8).fault(number) for number in range(5001)]


def test_any_other_path_is_unknown(
    tmp_path: Path, clock: SteppedClock, fakes: list[FakeSes]
) -> None:
    fake = FakeSes(tmp_path / "truth", clock)
    fakes.append(fake)
    connection = http.client.HTTPConnection(urlsplit(fake.start()).netloc, timeout=10)
    connection.request("GET", ACCOUNT_PATH + "/more", headers=SIGNED)
    assert connection.getresponse().status == 404
    connection.close()
