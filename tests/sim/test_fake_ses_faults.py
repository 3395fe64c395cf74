"""Faults of the stand-in: of calls, of entries, of the account; and its log after a kill."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.sim.fake_ses_faults import ENTRY_STATUSES, Fault, FaultPlan, shares_of
from lifecycle.sim.fake_ses_truth import TruthLog
from tests.sim.fake_ses_clients import Start, client, entry, refused, single

AFTER = [fault for fault in Fault if fault.endswith("_after") and "hang" not in fault]
BEFORE = [
    fault for fault in Fault if fault not in AFTER and "hang" not in fault and fault != Fault.NONE
]


@pytest.mark.parametrize("fault", [*AFTER, *BEFORE])
def test_a_fault_befalls_a_whole_bulk_call_before_or_after_acceptance(
    start: Start, fault: Fault
) -> None:
    stand_in = start(faults=FaultPlan(script=(fault,)))
    try:
        results = stand_in.send_bulk(entry("a@x.example"), entry("b@x.example"))
        assert (fault, results) == (Fault.EMPTY_ANSWER_AFTER, [])
    except (ClientError, BotoCoreError, KeyError):
        pass
    assert len(stand_in.fake.accepted()) == (2 if fault in AFTER else 0)
    assert stand_in.fake.posts == 1
    assert stand_in.fake.control()["faults"][fault] == 1
    assert len(stand_in.send_bulk(entry("c@x.example"))) == 1


@pytest.mark.parametrize("fault", [Fault.HANG_BEFORE, Fault.HANG_AFTER])
def test_who_is_kept_hanging_is_let_go_in_the_end(start: Start, fault: Fault) -> None:
    stand_in = start(faults=FaultPlan(script=(fault,)), hang_seconds=0.2)
    with pytest.raises(BotoCoreError):
        stand_in.send()
    assert len(stand_in.fake.accepted()) == (fault is Fault.HANG_AFTER)


def test_each_status_may_befall_an_entry_by_itself(start: Start) -> None:
    statuses = sorted(ENTRY_STATUSES)
    script = tuple(one for status in statuses for one in (status, ""))
    stand_in = start(faults=FaultPlan(entry_script=script))
    results = stand_in.send_bulk(*[entry(f"a{n}@x.example") for n in range(len(script))])
    assert [one["Status"] for one in results] == [one or "SUCCESS" for one in script]
    assert len(stand_in.fake.accepted()) == len(statuses)


def test_shares_are_read_as_they_are_written_on_the_command_line() -> None:
    calls, entries = shares_of("throttled=0.1, hang_after=0.01,entry_transient_failure=0.05")
    assert calls == {Fault.THROTTLED: 0.1, Fault.HANG_AFTER: 0.01}
    assert entries == {"TRANSIENT_FAILURE": 0.05}
    plan = FaultPlan(entry_shares=entries, seed=3)
    found = [plan.entry_fault(number) for number in range(4000)]
    assert 120 < found.count("TRANSIENT_FAILURE") < 290
    assert found == [plan.entry_fault(number) for number in range(4000)]


STATES = {
    "paused": ({"paused": True}, {"paused": False}, (400, "SendingPausedException")),
    "suspended": ({"suspended": True}, {"suspended": False}, (400, "AccountSuspendedException")),
    "expired keys": (
        *({"credentials": "expired"}, {"credentials": "good"}),
        (403, "ExpiredTokenException"),
    ),
    "a skewed clock": (
        *({"credentials": "skewed"}, {"credentials": "good"}),
        (403, "InvalidSignatureException"),
    ),
    "an outage": ({"down": True}, {"down": False}, (503, "ServiceUnavailable")),
}


@pytest.mark.parametrize("state", STATES)
def test_a_state_of_the_account_comes_and_goes_while_it_runs(start: Start, state: str) -> None:
    begin, end, error = STATES[state]
    stand_in = start()
    stand_in.fake.control(begin)
    assert refused(stand_in.send)[:2] == error
    if error[0] == 400:
        assert not stand_in.ses.get_account()["SendingEnabled"]
    else:
        assert refused(stand_in.ses.get_account)[:2] == error
    stand_in.fake.control(end)
    stand_in.send()
    assert len(stand_in.fake.accepted()) == 1


def test_faults_are_changed_by_a_request_of_this_machine_and_of_no_web_page(start: Start) -> None:
    stand_in = start()

    def control(said: object, **headers: str) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection(urlsplit(stand_in.endpoint).netloc, timeout=5)
        connection.request("POST", "/control", json.dumps(said), headers)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found

    assert control({"script": ["paused", "throttled"]})[0] == 200
    assert [refused(stand_in.send)[0] for _ in range(2)] == [400, 429]
    stand_in.send()
    status, told = control({"faults": "suspended=1"})
    assert (status, told["accepted"]) == (200, 1)
    assert refused(stand_in.send)[1] == "AccountSuspendedException"
    assert control({"faults": "nonsense=1"})[0] == 400
    assert control({"paused": True}, Origin="https://evil.example")[0] == 403
    assert control({"paused": True}, Host="evil.example")[0] == 403
    assert not stand_in.fake.control()["paused"]


PROGRAM = """
import sys
from pathlib import Path
from lifecycle.clock import SystemClock
from lifecycle.sim.fake_ses import FakeSes
print(FakeSes(Path(sys.argv[1]), SystemClock()).start(), flush=True)
sys.stdin.read()
"""


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    log = tmp_path / "truth.jsonl"
    answered = []
    for _ in range(2):
        command = [sys.executable, "-c", PROGRAM, str(log)]
        running = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert running.stdout is not None
        ses = client("sesv2", running.stdout.readline().strip())
        answered += [ses.send_email(**single())["MessageId"] for _ in range(3)]
        running.send_signal(signal.SIGKILL)
        running.communicate()
    truth = TruthLog(log)
    assert [one.ses_message_id for one in truth.read()] == answered
    assert len(set(answered)) == 6
    assert (truth.accepted, truth.duplicate_attempts, truth.duplicate_messages) == (6, 5, 5)
