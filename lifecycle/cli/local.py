"""The daemon's local socket: one JSON line asks for a deed, one JSON line says what came of it."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
import threading
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from lifecycle import log
from lifecycle.errors import EnvironmentFailed, LifecycleError, UsageError

MAX_LINE_BYTES = 32 * 1024 * 1024
LONGEST_PATH = 100
"""Bytes of a socket's path that every system takes (Linux has room for 107)."""
ANSWER_SECONDS = 600.0
WAITING_CALLERS = 16

Deed = Callable[[str, dict[str, Any]], Any]
"""Carries out a named command with its arguments; raises LifecycleError."""


class NobodyThere(Exception):
    """No daemon answers at a socket."""


def socket_path(root: Path) -> Path:
    """Where the daemon of a project listens: in the project, or where the path gets too long
    for a socket, in a folder of the user's own among the temporary files.
    """
    path = root.resolve() / ".lifecycle" / "socket"
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return path
    name = blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"lifecycle-{os.getuid()}" / f"{name}.sock"


class LocalServer:
    """Answers on a local socket that its owner alone may use."""

    def __init__(self, path: Path, deed: Deed) -> None:
        self.path, self.deed = path, deed
        self._server: socket.socket | None = None

    def start(self) -> None:
        """Begin to listen, unless another daemon of this project does already.

        A socket left by a crash is taken over. Raises EnvironmentFailed.
        """
        if _answers(self.path):
            log.happened("local_socket_in_use")
            return
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _own(self.path.parent)
            self.path.unlink(missing_ok=True)
            before = os.umask(0o177)
            try:
                server.bind(os.fspath(self.path))
            finally:
                os.umask(before)
            server.listen(WAITING_CALLERS)
        except OSError as error:
            server.close()
            raise EnvironmentFailed(
                "the local socket cannot be opened", cause=f"{self.path}: {error.strerror}"
            ) from error
        self._server = server
        threading.Thread(target=self._listen, args=(server,), daemon=True, name="local").start()

    def close(self) -> None:
        """Stop listening; deeds in hand are finished."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self.path.unlink(missing_ok=True)

    def _listen(self, server: socket.socket) -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, caller.makefile("rwb") as lines:
            while line := lines.readline(MAX_LINE_BYTES):
                try:
                    lines.write(msgspec.json.encode(self._answer(line), enc_hook=str) + b"\n")
                    lines.flush()
                except OSError:
                    return

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            said = msgspec.json.decode(line)
            return {"result": self.deed(str(said["command"]), dict(said["arguments"]))}
        except LifecycleError as error:
            told_of = [error.what, error.cause, error.remedy, error.exit_code, error.state]
            return {"error": told_of}
        except Exception as error:
            log.failed("local_command_failed", kind=type(error).__name__)
            told = f"{type(error).__name__}; the daemon's log says more"
            return {"error": ["the daemon could not do it", told, "", 3]}


class Caller:
    """A connection to a daemon's local socket."""

    def __init__(self, path: str) -> None:
        """Connect. Raises NobodyThere."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise NobodyThere(path) from error
        self._lines = self._socket.makefile("rwb")

    def ask(self, command: str, arguments: dict[str, Any]) -> Any:
        """Have the daemon do something and give its answer. Raises what the daemon raised."""
        said = {"command": command, "arguments": arguments}
        try:
            self._lines.write(msgspec.json.encode(said, enc_hook=str) + b"\n")
            self._lines.flush()
            line = self._lines.readline(MAX_LINE_BYTES)
        except OSError as error:
            raise _gone() from error
        if not line:
            raise _gone()
        answer = msgspec.json.decode(line)
        if "error" in answer:
            what, cause, remedy, code, *state = answer["error"]
            kinds = {2: UsageError, 3: EnvironmentFailed}
            raise kinds.get(code, LifecycleError)(what, cause, remedy, state=dict(*state))
        return answer["result"]

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()


def _answers(path: Path) -> bool:
    try:
        Caller(str(path)).close()
    except NobodyThere:
        return False
    return True


def _gone() -> EnvironmentFailed:
    return EnvironmentFailed(
        "the daemon ended while it was asked",
        remedy="start it again and repeat the command; doing a thing twice does it once",
    )


def _own(folder: Path) -> None:
    """Refuse a folder that others may write to: they could put another socket there."""
    found = folder.stat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & stat.S_IWOTH:
        raise EnvironmentFailed(
            "the local socket cannot be opened",
            cause=f"{folder} belongs to somebody else, or others may write to it",
        )
