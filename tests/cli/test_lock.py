"""The writer's lock and the local socket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.cli.local import LONGEST_PATH, Caller, LocalServer, NobodyThere, socket_path
from lifecycle.cli.lock import Held, WriterLock
from lifecycle.errors import EnvironmentFailed, LifecycleError, UsageError

HOLDS = """
import sys, time
from pathlib import Path
from lifecycle.cli.lock import WriterLock
WriterLock(Path(sys.argv[1])).take("the test")
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "shop.db")
    lock.take("the daemon", "/a/socket")
    with pytest.raises(Held, match=f"process {os.getpid()}") as held:
        WriterLock(tmp_path / "shop.db").take("another")
    assert held.value.holder.socket == "/a/socket"
    lock.release()
    WriterLock(tmp_path / "shop.db").take("another")


def test_a_crash_frees_the_lock(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(file)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Held):
        WriterLock(file).take("another")
    holder.kill()
    holder.wait()
    holder.stdout.close()
    WriterLock(file).take("another")


def deed(command: str, arguments: dict[str, Any]) -> Any:
    if command == "echo":
        return arguments
    if command == "usage":
        raise UsageError("wrong", "because", "do this", state={"customer": "c1"})
    raise RuntimeError("secret")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    made = LocalServer(tmp_path / "socket", deed)
    made.start()
    yield made
    made.close()


def test_a_deed_is_asked_for_and_answered_line_by_line(server: LocalServer) -> None:
    caller = Caller(str(server.path))
    assert caller.ask("echo", {"text": "ä\n", "number": 1}) == {"text": "ä\n", "number": 1}
    with pytest.raises(UsageError, match=r"wrong: because \(customer=c1\)\. do this"):
        caller.ask("usage", {})
    with pytest.raises(EnvironmentFailed, match="RuntimeError") as failed:
        caller.ask("fails", {})
    assert "secret" not in str(failed.value)
    assert caller.ask("echo", {}) == {}
    caller.close()


def test_the_socket_is_its_owners_alone_and_goes_with_the_daemon(server: LocalServer) -> None:
    assert server.path.stat().st_mode & 0o777 == 0o600
    server.close()
    assert not server.path.exists()
    with pytest.raises(NobodyThere):
        Caller(str(server.path))


def test_a_socket_left_by_a_crash_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    path.write_text("left over")
    server = LocalServer(path, deed)
    server.start()
    assert Caller(str(path)).ask("echo", {}) == {}
    server.close()


def test_a_socket_that_somebody_answers_at_is_left_to_them(server: LocalServer) -> None:
    other = LocalServer(server.path, deed)
    other.start()
    other.close()
    assert Caller(str(server.path)).ask("echo", {"still": "there"}) == {"still": "there"}


def test_a_long_path_gives_a_short_socket_elsewhere(tmp_path: Path) -> None:
    root = tmp_path / ("long" * 30)
    found = socket_path(root)
    assert len(os.fsencode(found)) <= LONGEST_PATH
    assert found != socket_path(root / "other")


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(LifecycleError, match="others may write"):
        LocalServer(folder / "socket", deed).start()
