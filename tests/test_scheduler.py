"""The daemon as a whole: a real process on a real port, stopped, killed and started again."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.cli import main
from tests.cli.shop import make_shop, write_lines

ROOT = Path(__file__).parent.parent
PATIENCE = 30.0


class Daemon:
    """One process of the daemon, with what it said."""

    def __init__(self, project: Path, *more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "scheduler.py"), "--project", str(project), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.errors: list[str] = []
        reading = threading.Thread(target=self._read, daemon=True)
        reading.start()
        assert self.process.stdout is not None
        greeting = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/v1/events", greeting)
        assert found, f"{greeting!r}, {self.errors}"
        self.port = int(found[1])

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def send(self, key: str, method: str, path: str, body: Any) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_shop(tmp_path / "shop")


@pytest.fixture
def start(project: Path) -> Iterator[Callable[..., Daemon]]:
    """Starts daemons of the project, and ends those that a test leaves."""
    started: list[Daemon] = []

    def begin(*more: str) -> Daemon:
        started.append(Daemon(project, *more))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.stop(signal.SIGKILL)
        # Shown by pytest where the test failed.
        print("".join(one.errors))


def make_key(project: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    arguments = ["key", "create", "--scope", "events:write,customers:write"]
    assert main(["--project", str(project), "--json", *arguments]) == 0
    key: str = json.loads(capsys.readouterr().out)["key"]
    return key


def letters(project: Path) -> list[Path]:
    return sorted((project / "outbox").glob("*.eml"))


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def greeting(number: int) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "event": "greeting_asked",
        "customer": f"c{number}",
        "properties": {"greeting_id": f"g{number}"},
    }


def person(number: int) -> dict[str, Any]:
    return {"email": f"c{number}@shop.example", "agreed_to": ["offers"]}


def test_an_event_becomes_a_letter_once_over_a_restart(
    project: Path, start: Callable[..., Daemon], capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = start()
    key = make_key(project, capsys)
    # An edit that was not applied reaches no letter.
    template = project / "templates" / "hello.mjml"
    as_applied = template.read_text()
    template.write_text(as_applied.replace("greeting", "surprise"))
    assert daemon.send(key, "PUT", "/v1/customers/c1", person(1)) == 200
    assert daemon.send(key, "POST", "/v1/events", greeting(1)) == 202
    wait_until(lambda: len(letters(project)) == 1)
    assert b"greeting g1" in letters(project)[0].read_bytes()

    second = [sys.executable, str(ROOT / "scheduler.py"), "--project", str(project)]
    refused = subprocess.run(second, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert refused.returncode == 3
    assert f"process {daemon.process.pid}" in refused.stderr
    assert "Traceback" not in refused.stderr

    assert daemon.stop() == 0
    template.write_text(as_applied)
    again = start()
    assert again.send(key, "PUT", "/v1/customers/c2", person(2)) == 200
    assert again.send(key, "POST", "/v1/events", [greeting(1), greeting(2)]) == 202
    wait_until(lambda: len(letters(project)) == 2)
    assert again.stop(signal.SIGINT) == 0
    assert b"greeting g2" in letters(project)[1].read_bytes()
    assert len(letters(project)) == 2


def test_a_kill_at_any_moment_writes_to_nobody_twice_and_forgets_nobody(
    project: Path, start: Callable[..., Daemon], capsys: pytest.CaptureFixture[str]
) -> None:
    people = 120
    daemon = start()
    key = make_key(project, capsys)
    for number in range(people):
        assert daemon.send(key, "PUT", f"/v1/customers/c{number}", person(number)) == 200
    assert daemon.send(key, "POST", "/v1/events", [greeting(n) for n in range(people)]) == 202
    wait_until(lambda: len(letters(project)) > 0)
    daemon.stop(signal.SIGKILL)

    start()

    def settled() -> bool:
        return all(state in ("accepted", "uncertain") for state in states(project))

    wait_until(lambda: len(states(project)) == people and settled())
    written = Counter(file.stem.split("-")[3] for file in letters(project))
    assert set(written.values()) == {1}
    accepted = states(project).count("accepted")
    assert accepted <= len(written) <= people
    assert sum(state == "uncertain" for state in states(project)) == people - accepted


def test_two_processes_on_one_postgresql_share_the_work(
    tmp_path: Path, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    people = 40
    shops = [make_shop(tmp_path / name, database=postgresql_url) for name in ("one", "two")]
    for shop in shops:
        with (shop / "settings.toml").open("a") as settings:
            settings.write('\n[secrets]\nkey = "env:TEST_SHOP_KEY"\n')
    os.environ["TEST_SHOP_KEY"] = "a key that both processes share"
    assert main(["upgrade", "--yes", "--project", str(shops[0])]) == 0
    both = [Daemon(shop) for shop in shops]
    try:
        key = make_key(shops[0], capsys)
        for number in range(people):
            path = f"/v1/customers/c{number}"
            assert both[number % 2].send(key, "PUT", path, person(number)) == 200
        for number in range(people):
            assert both[number % 2].send(key, "POST", "/v1/events", greeting(number)) == 202
        wait_until(lambda: sum(len(letters(shop)) for shop in shops) >= people)
        assert [one.stop() for one in both] == [0, 0]
    finally:
        del os.environ["TEST_SHOP_KEY"]
        for one in both:
            one.process.kill()
        print("".join(line for one in both for line in one.errors))
    ids = Counter(file.stem.split("-")[3] for shop in shops for file in letters(shop))
    assert len(ids) == people
    assert set(ids.values()) == {1}


def states(project: Path) -> list[str]:
    """The states of all messages, as an operator's own look at the database tells them."""
    connection = sqlite3.connect(f"file:{project / 'shop.db'}?mode=ro", uri=True)
    try:
        return [state for (state,) in connection.execute("SELECT state FROM message")]
    finally:
        connection.close()


def test_commands_beside_a_daemon_go_through_it(
    project: Path, start: Callable[..., Daemon], capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = start()
    key = make_key(project, capsys)
    local = project / ".lifecycle" / "socket"
    assert oct(local.stat().st_mode)[-3:] == "600"
    assert main(["pause", "hello", "--project", str(project)]) == 0
    daemon.send(key, "PUT", "/v1/customers/c1", person(1))
    assert daemon.send(key, "POST", "/v1/events", greeting(1)) == 202
    wait_until(lambda: bool(json_of(capsys, ["why", "c1"], project)["decisions"]))
    told = json_of(capsys, ["why", "c1"], project)
    assert [(one["what"], one["reason"]) for one in told["decisions"]] == [
        ("not_entered", "paused")
    ]
    history = write_lines(
        project / "history.jsonl", [{**greeting(7), "at": "2026-01-01T00:00:00Z"}]
    )
    assert main(["import", "events", str(history), "--project", str(project)]) == 0
    assert json_of(capsys, ["why", "c7"], project)["decisions"] == []
    flow = project / "campaigns" / "hello.toml"
    flow.write_text(flow.read_text().replace('subject = "Hello', 'subject = "Good day'))
    assert main(["apply", "--project", str(project)]) == 0
    assert main(["resume", "hello", "--project", str(project)]) == 0
    assert daemon.send(key, "POST", "/v1/events", {**greeting(1), "id": "later"}) == 202
    wait_until(lambda: len(letters(project)) == 1)
    assert b"Subject: Good day you" in letters(project)[0].read_bytes()
    assert daemon.stop() == 0
    assert not local.exists()
    assert not any("@shop.example" in line for line in daemon.errors)
    assert all(json.loads(line)["event"] for line in daemon.errors)


def json_of(capsys: pytest.CaptureFixture[str], command: list[str], project: Path) -> Any:
    capsys.readouterr()
    assert main([*command, "--json", "--project", str(project)]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_port_that_is_taken_is_told_without_a_traceback(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = project / "settings.toml"
        settings.write_text(settings.read_text().replace(":0", f":{port}"))
        asked = [sys.executable, str(ROOT / "scheduler.py"), "--project", str(project)]
        ended = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert f"nothing can listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_definitions_with_errors_leave_what_was_live(
    project: Path, start: Callable[..., Daemon], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", "--project", str(project)]) == 0
    (project / "campaigns" / "hello.toml").write_text("nonsense")
    daemon = start()
    wait_until(lambda: any("definition_broken" in line for line in daemon.errors))
    key = make_key(project, capsys)
    daemon.send(key, "PUT", "/v1/customers/c1", person(1))
    daemon.send(key, "POST", "/v1/events", greeting(1))
    wait_until(lambda: len(letters(project)) == 1)
    assert daemon.stop() == 0


def test_files_that_would_let_people_fall_leave_what_was_live(
    project: Path, start: Callable[..., Daemon], capsys: pytest.CaptureFixture[str]
) -> None:
    flow = project / "campaigns" / "hello.toml"
    second = '\n[[step]]\nname = "again"\nafter = "5 days"\ntemplate = "hello"\nsubject = "Hi"\n'
    whole = flow.read_text() + second
    flow.write_text(whole)
    daemon = start()
    key = make_key(project, capsys)
    daemon.send(key, "PUT", "/v1/customers/c1", person(1))
    daemon.send(key, "POST", "/v1/events", greeting(1))
    wait_until(lambda: len(letters(project)) == 1)
    assert daemon.stop() == 0
    flow.write_text(whole.removesuffix(second))  # Half saved: the last step is not there yet.
    daemon = start()
    wait_until(lambda: any("files_not_applied" in line for line in daemon.errors))
    assert any("1 waits at “again” of hello" in line for line in daemon.errors)
    assert daemon.stop() == 0
    assert main(["plan", "--project", str(project), "--history", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1
