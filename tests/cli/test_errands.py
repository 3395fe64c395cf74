"""Errands as the daemon runs them, and what operators are told of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle import log
from lifecycle.cli.errands import ErrandRunner
from lifecycle.clock import SystemClock
from lifecycle.send.webhook import derived_secret
from lifecycle.send.webhook_call import MAY_REACH, Caller
from lifecycle.store import errands
from tests.cli.shop import FILES, make_shop
from tests.faults.running import KEY, Post, Running
from tests.receiver import Receiver
from tests.simulation.shop import event, flow, instant, person, shop, step

AT = SystemClock().now().isoformat()
CALL = '[[step]]\nname = "tell"\ncall = { url = "env:HOOK" }\n'
PATIENCE = 30.0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A shop whose flow calls and then writes, with two customers in it and nothing done yet."""
    catalog = shop({"f": flow('when = "cart_updated"', CALL, step())})
    one = Running(f"sqlite:///{tmp_path}/shop.db", catalog, Post(), empty=True)
    one.start(AT)
    one.say(person("c1"), person("c2"), at=AT)
    one.hear(event(AT, "cart_updated", "c1"), event(AT, "cart_updated", "c2"))
    yield one
    one.close()


def runner_of(running: Running, place: str, **more: Any) -> ErrandRunner:
    caller = Caller(KEY, {"HOOK": f"http://{place}/", MAY_REACH: place}, **more)
    return ErrandRunner(lambda: running.engine.parts, caller, SystemClock())


def wait_until(true: Callable[[], bool]) -> None:
    pause, waited = threading.Event(), 0.0
    while not true():
        assert waited < PATIENCE, "it never came to that"
        pause.wait(0.02)
        waited += 0.02


def states(running: Running) -> list[str]:
    return [row.state for row in running.rows("errand", "customer_id")]


def test_a_receiver_that_takes_its_time_keeps_no_letter_waiting(running: Running) -> None:
    asked, let_go = threading.Semaphore(0), threading.Event()

    def slow() -> None:
        asked.release()
        let_go.wait(PATIENCE)

    hook = Receiver(before=slow)
    runner = runner_of(running, hook.place)
    running.engine.tick(instant(AT))
    runner.start()
    try:
        assert asked.acquire(timeout=PATIENCE) and asked.acquire(timeout=PATIENCE)
        # Both calls hang now: a third customer gets a letter all the same.
        running.say(person("c3"), at=AT)
        running.hear(event(AT, "cart_updated", "c3"))
        running.engine.tick(instant(AT))
        assert running.states() == {"accepted": 3}
        assert states(running)[:2] == ["trying", "trying"]
        let_go.set()
        wait_until(lambda: states(running) == ["done"] * 3)
    finally:
        let_go.set()
        runner.stop()
        hook.stop()
    assert len(hook.heard) == 3


def test_a_stop_cuts_off_who_takes_too_long_and_the_call_is_made_later(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifecycle.cli.errands.STOP_SECONDS", 0.05)
    asked, let_go = threading.Semaphore(0), threading.Event()

    def slow() -> None:
        asked.release()
        let_go.wait(PATIENCE)

    hook = Receiver(before=slow)
    runner = runner_of(running, hook.place, total_seconds=10 * PATIENCE)
    running.engine.tick(instant(AT))
    runner.start()
    try:
        assert asked.acquire(timeout=PATIENCE) and asked.acquire(timeout=PATIENCE)
        runner.stop()
    finally:
        let_go.set()
        hook.stop()
    assert states(running) == ["waiting", "waiting"]
    rows = running.rows("errand")
    assert [row.tries for row in rows] == [1, 1]
    assert all(row.problem.startswith("no answer") for row in rows)


HELLO = FILES["campaigns/hello.toml"] + "\n" + CALL


@pytest.fixture
def calling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a call."""
    root = make_shop(tmp_path / "shop", {**FILES, "campaigns/hello.toml": HELLO})
    monkeypatch.chdir(root)
    return root


def about(answered: Any, what: str) -> list[tuple[str, str]]:
    return [(one["state"], one["told"]) for one in answered.data if one["about"] == what]


@pytest.mark.parametrize(
    ("url", "listed", "state", "told"),
    [
        ("", "", "error", "HOOK: the environment variable HOOK is not set"),
        ("http://127.0.0.1:1/", "", "error", "HOOK: the address is not https"),
        (
            "https://127.0.0.1/", "", "error",
            "HOOK: the name leads to an address that is not public",
        ),
        (
            "http://127.0.0.1:1/secret", "127.0.0.1:1", "ok",
            "HOOK goes to 127.0.0.1; lifecycle key webhook HOOK tells its secret",
        ),
    ],
)  # fmt: skip
def test_doctor_tells_whether_calls_can_be_made(
    calling: Path, call: Any, monkeypatch: pytest.MonkeyPatch, url: str, listed: str,
    state: str, told: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("HOOK", url)
    monkeypatch.setenv(MAY_REACH, listed)
    assert about(call("doctor", "--json"), "calls") == [(state, told)]


def test_doctor_tells_of_errands_that_failed(
    calling: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(f"sqlite:///{calling}/shop.db", shop(), Post(), empty=True)
    row = {"customer_id": "c1", "errand_id": "e1", "bucket": 0, "kind": "call", "version": "1"}
    row |= {"enrollment_id": "n1", "campaign": "hello", "entry": "g", "step": "tell"}
    row |= {"said": {"url": "env:HOOK"}, "made_at": instant(AT), "tries": 1}
    failed = {"state": "failed", "problem": "answered 410", "ended_at": instant(AT)}
    later = {"state": "waiting", "problem": "answered 500", "errand_id": "e2"}
    again = {"due_at": instant(AT) + timedelta(days=36500)}
    with running.database.write() as connection:
        connection.execute(errands.ERRAND.insert(), {**row, **failed})
        connection.execute(errands.ERRAND.insert(), {**row, **later, **again})
    running.close()
    monkeypatch.setenv("HOOK", "")
    assert about(call("doctor", "--json"), "errands") == [
        ("warning", "1 failed for good: e1 (call of hello/tell: answered 410)"),
        ("warning", "1 tried again: e2 (call of hello/tell: answered 500)"),
    ]


def test_the_secret_of_a_name_is_shown(
    calling: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = call("key", "webhook", "HOOK").out.strip()
    key = bytes.fromhex((calling / ".lifecycle" / "key").read_text().strip())
    assert shown == derived_secret(key, "HOOK")
    assert call("key", "webhook", "env:HOOK", "--json").data == {"name": "HOOK", "secrets": [shown]}
    own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    monkeypatch.setenv("HOOK_SECRET", own)
    assert call("key", "webhook", "HOOK").out.strip() == own
    monkeypatch.setenv("HOOK_SECRET", "whsec_short")
    refused = call("key", "webhook", "HOOK")
    assert refused.code == 2
    assert "short" not in refused.out + refused.err.replace("too short", "")


def test_no_address_is_written_in_the_log_of_an_errand(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    log.start()
    hook = Receiver([(500, {}, b"")])
    runner = runner_of(running, hook.place)
    running.engine.tick(instant(AT))
    runner.start()
    try:
        wait_until(lambda: {row.problem for row in running.rows("errand")} != {""})
        wait_until(lambda: "done" in states(running))
    finally:
        runner.stop()
        hook.stop()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = {line["event"]: line for line in lines if line["event"].startswith("errand")}
    assert {"errand_put_off", "errand_done"} <= set(told)
    assert hook.place not in json.dumps(lines)
    assert "@" not in json.dumps(lines)
