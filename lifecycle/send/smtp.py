"""Sending by SMTP over one kept connection, telling what was surely refused from what was lost."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from threading import Lock

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.core.stoppage import Stop
from lifecycle.send.envelope import LetterRefused, envelope_of
from lifecycle.send.mime import mime_bytes
from lifecycle.send.transport import told

TIMEOUT_SECONDS = 30.0
LETTERS_A_CONNECTION = 100
"""A connection is closed after so many; servers are known to cut those that never end."""
IMPLICIT_TLS_PORT = 465

_ACCOUNT_CODES = frozenset({530, 534, 535, 538})
_SLOW_CODE = 421
_THIS_LETTER_CODES = frozenset({552, 555})
"""Answers to MAIL that speak of the letter (its size, its parameters), not of the sender."""
_QUEUED_AS = re.compile(r"(?:queued as|^[\d.]*\s*ok:?)\s+(?!queued)(?P<id>[\w.=+-]{6,120})", re.I)
_CONNECTING = "while connecting"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class _Stop(Exception):
    """The attempt is over with this outcome; `hang_up` if the connection is of no more use."""

    def __init__(self, outcome: Outcome, *, hang_up: bool = False) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome
        self.hang_up = hang_up


class Smtp:
    """A transport to one SMTP server. Threads may share it; they take turns.

    STARTTLS is used when offered, with certificates verified; a password is never sent in the
    clear but to this machine. Only a loss after the final dot is `UNCERTAIN`: before it the
    server has no whole message to accept.
    """

    name = "smtp"

    def __init__(
        self,
        host: str,
        port: int,
        user: str | None = None,
        password: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._user, self._password = user, password
        self._timeout = timeout
        self._tls = tls
        self._lock = Lock()
        self._connection: smtplib.SMTP | None = None
        self._sent = 0

    def send(self, letter: Letter) -> Outcome:
        """Hand over one letter."""
        try:
            whole = mime_bytes(letter)
            envelope = envelope_of(letter)
        except LetterRefused as refused:
            return Outcome(OutcomeKind.REFUSED, detail=refused.reason)
        with self._lock:
            try:
                connection = self._begin(envelope.sender.address, len(whole))
                return self._hand_over(connection, envelope.to.address, whole)
            except _Stop as stop:
                self._recover(hang_up=stop.hang_up)
                return stop.outcome

    def close(self) -> None:
        """Say goodbye and close the connection."""
        with self._lock:
            self._hang_up()

    def _begin(self, sender: str, size: int) -> smtplib.SMTP:
        """An open connection that has taken MAIL. A kept one that has died is opened anew once."""
        if self._sent >= LETTERS_A_CONNECTION:
            self._hang_up()
        kept = self._connection
        if kept:
            try:
                code, words = _mail(kept, sender, size)
            except (OSError, smtplib.SMTPException):
                self._hang_up()
            else:
                if code != _SLOW_CODE:
                    return _taken_mail(kept, code, words)
                self._hang_up()
        connection = self._connected()
        try:
            code, words = _mail(connection, sender, size)
        except (OSError, smtplib.SMTPException) as error:
            raise _lost(OutcomeKind.NEVER_LEFT, "before the letter", error) from error
        return _taken_mail(connection, code, words)

    def _hand_over(self, connection: smtplib.SMTP, to: str, whole: bytes) -> Outcome:
        try:
            code, words = connection.rcpt(to)
            if code not in (250, 251):
                raise _refused(code, words)
            code, words = connection.docmd("DATA")
            if code != 354:
                raise _refused(code, words)
            # The final dot goes out by itself: without it there is nothing to accept.
            connection.send(_stuffed(whole))
        except (OSError, smtplib.SMTPException) as error:
            raise _lost(OutcomeKind.NEVER_LEFT, "before the final dot", error) from error
        try:
            connection.send(b".\r\n")
            code, words = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise _lost(OutcomeKind.UNCERTAIN, "after the final dot", error) from error
        if code == _SLOW_CODE:
            raise _Stop(Outcome(OutcomeKind.SLOW_DOWN, detail=_said(code, words)), hang_up=True)
        if not 200 <= code < 300:
            raise _after_dot(code, words)
        self._sent += 1
        return Outcome(OutcomeKind.ACCEPTED, _queue_id(words), _said(code, words))

    def _connected(self) -> smtplib.SMTP:
        try:
            connection = self._opened()
        except smtplib.SMTPConnectError as error:
            raise _refused_greeting(error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            raise _lost(OutcomeKind.NEVER_LEFT, _CONNECTING, error) from error
        except ValueError as error:
            raise _set_up("the host's name cannot be looked up") from error
        self._connection, self._sent = connection, 0
        try:
            self._introduce(connection)
        except smtplib.SMTPResponseException as error:
            raise _refused_greeting(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise _set_up(str(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise _lost(OutcomeKind.NEVER_LEFT, _CONNECTING, error) from error
        except ValueError as error:
            raise _set_up("user or password cannot be sent") from error
        return connection

    def _opened(self) -> smtplib.SMTP:
        connection: smtplib.SMTP
        if self._port == IMPLICIT_TLS_PORT:
            connection = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=self._context()
            )
        else:
            connection = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        if connection.sock:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _introduce(self, connection: smtplib.SMTP) -> None:
        connection.ehlo_or_helo_if_needed()
        if self._port != IMPLICIT_TLS_PORT and connection.has_extn("starttls"):
            connection.starttls(context=self._context())
            connection.ehlo()
        if self._user:
            if not isinstance(connection.sock, ssl.SSLSocket) and self._host not in _LOOPBACK:
                raise smtplib.SMTPNotSupportedError("no TLS offered: the password stays here")
            connection.login(self._user, self._password or "")

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _recover(self, *, hang_up: bool) -> None:
        if hang_up or self._connection is None:
            self._hang_up()
            return
        try:
            self._connection.rset()
        except (OSError, smtplib.SMTPException):
            self._hang_up()

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (OSError, smtplib.SMTPException):
            connection.close()


def _mail(connection: smtplib.SMTP, sender: str, size: int) -> tuple[int, bytes]:
    options = [f"size={size}"] if connection.has_extn("size") else []
    return connection.mail(sender, options)


def _taken_mail(connection: smtplib.SMTP, code: int, words: bytes) -> smtplib.SMTP:
    if code == 250:
        return connection
    if code >= 500 and code not in _THIS_LETTER_CODES:
        # The sender is not welcome; so would be every other letter of it.
        stops = Stop.CREDENTIALS if code in _ACCOUNT_CODES else Stop.IDENTITY_LOST
        raise _Stop(Outcome(OutcomeKind.ACCOUNT, detail=_said(code, words), stops=stops))
    raise _refused(code, words)


def _refused(code: int, words: bytes) -> _Stop:
    """A clear no before there was a whole message; a code that means nothing is a no as well."""
    if code in _ACCOUNT_CODES:
        kind = OutcomeKind.ACCOUNT
    elif 500 <= code < 600:
        kind = OutcomeKind.REFUSED
    elif 400 <= code < 500:
        kind = OutcomeKind.SLOW_DOWN
    else:
        kind = OutcomeKind.NEVER_LEFT
    known = 400 <= code < 600 and code != _SLOW_CODE
    stops = Stop.CREDENTIALS if kind is OutcomeKind.ACCOUNT else None
    return _Stop(Outcome(kind, detail=_said(code, words), stops=stops), hang_up=not known)


def _after_dot(code: int, words: bytes) -> _Stop:
    if 400 <= code < 600:
        return _refused(code, words)
    return _Stop(Outcome(OutcomeKind.UNCERTAIN, detail=_said(code, words)), hang_up=True)


def _refused_greeting(code: int, words: bytes | str) -> _Stop:
    kind, stops = OutcomeKind.ACCOUNT, Stop.SET_UP
    if 400 <= code < 500:
        kind, stops = OutcomeKind.SLOW_DOWN, Stop.UNREACHABLE
    if code in _ACCOUNT_CODES:
        stops = Stop.CREDENTIALS
    return _Stop(Outcome(kind, detail=_said(code, words), stops=stops), hang_up=True)


def _set_up(what: str) -> _Stop:
    refused = Outcome(OutcomeKind.ACCOUNT, detail=told(what), stops=Stop.SET_UP)
    return _Stop(refused, hang_up=True)


def _lost(kind: OutcomeKind, when: str, error: Exception) -> _Stop:
    detail = told(f"lost {when}: {type(error).__name__} {error}")
    stops = Stop.UNREACHABLE if when == _CONNECTING else None
    return _Stop(Outcome(kind, detail=detail, stops=stops), hang_up=True)


def _said(code: int, words: bytes | str) -> str:
    text = words if isinstance(words, str) else words.decode("utf-8", "replace")
    return told(f"{code} {text}")


def _queue_id(words: bytes) -> str | None:
    found = _QUEUED_AS.search(words.decode("utf-8", "replace"))
    return found["id"] if found else None


def _stuffed(whole: bytes) -> bytes:
    """The message with a second dot before each line that begins with one; ends in CRLF."""
    stuffed = whole.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
