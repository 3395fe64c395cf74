"""Which request goes where at the stand-in for SES, and how each of them is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from lifecycle.sim.fake_ses_account import PAGE
from lifecycle.sim.fake_ses_control import Control
from lifecycle.sim.fake_ses_faults import Fault, Refusal, refusal_of
from lifecycle.sim.fake_ses_http import Cut, Reply, Request
from lifecycle.sim.fake_ses_limits import require
from lifecycle.sim.fake_ses_queue import SqsError
from lifecycle.sim.fake_ses_shelf import Shelf

SEND_PATH = "/v2/email/outbound-emails"
BULK_PATH = "/v2/email/outbound-bulk-emails"
ACCOUNT_PATH = "/v2/email/account"
SUPPRESSION_PATH = "/v2/email/suppression/addresses"
IDENTITY_PATH = "/v2/email/identities"
SET_PATH = "/v2/email/configuration-sets"
CONTROL_PATH = "/control"
LETTERS_PATH = "/letters"
SQS_TARGET = "AmazonSQS."
SQS_KIND = "application/x-amz-json-1.0"
SIGNED = "AWS4-HMAC-SHA256 "
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

Later = asyncio.Future[Reply]
_PERIODS = ("StartDate", "EndDate")
_SILENT = {Fault.CUT_BEFORE: Cut.SILENT, Fault.HANG_BEFORE: Cut.HANG}
_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers every request of one stand-in, from the thread of its event loop alone."""

    control: Control
    shelf: Shelf
    certificate: tuple[str, bytes] | None = None
    """The path at which the certificate of its signatures can be had, and the certificate."""

    def answer(self, request: Request) -> Reply | Later:
        """Answer one request, whatever it is."""
        if not _from_here(request):
            return Reply(403, b'{"message":"only for this machine"}')
        if request.headers.get("x-amz-target", "").startswith(SQS_TARGET):
            return self._queue(request)
        if request.path in (SEND_PATH, BULK_PATH):
            return self._send(request)
        if request.path.startswith("/v2/"):
            return self._account(request)
        if request.path == CONTROL_PATH:
            return self._controlled(request)
        if request.path.partition("/letters")[0] == "" and request.method == "GET":
            return self._letters(request)
        if self.certificate is not None and request.path == self.certificate[0]:
            return Reply(200, self.certificate[1], kind="application/x-pem-file")
        return _refused(Refusal(404, "UnknownOperationException", ""))

    def _send(self, request: Request) -> Reply:
        acceptor = self.control.acceptor
        bulk = request.path == BULK_PATH
        if request.method != "POST":
            return _refused(Refusal(404, "UnknownOperationException", ""))
        fault = acceptor.next_fault()
        try:
            self._check_signed(request)
            said = _object(request.body)
            acceptor.begin(said, request.began, bulk=bulk)
            if fault in _SILENT:
                return Reply(200, cut=_SILENT[fault])
            refusal = None if fault is Fault.FAILED_AFTER else refusal_of(fault)
            if refusal is not None:
                raise refusal
            if bulk:
                told: Any = {"BulkEmailEntryResults": acceptor.bulk(said, len(request.body))}
            else:
                told = {"MessageId": acceptor.single(said)}
        except Refusal as refused:
            acceptor.faults[refused.code] += 1
            return _refused(refused)
        return _after(fault, told)

    def _check_signed(self, request: Request) -> None:
        account = self.control.acceptor.account
        if account.down:
            raise Refusal(503, "ServiceUnavailable", "Come back later.")
        if not request.headers.get("authorization", "").startswith(SIGNED):
            raise Refusal(403, "MissingAuthenticationTokenException", "Missing token")
        account.check_credentials()

    def _account(self, request: Request) -> Reply:
        try:
            self._check_signed(request)
            return _told(self._asked(request))
        except Refusal as refused:
            return _refused(refused)

    def _asked(self, request: Request) -> dict[str, Any]:
        acceptor = self.control.acceptor
        account, now = acceptor.account, acceptor.clock.now()
        way = (request.method, request.path)
        if way == ("GET", ACCOUNT_PATH):
            return account.answer(acceptor.rates.sent_last_day(now.timestamp()))
        if way == ("PUT", f"{ACCOUNT_PATH}/sending"):
            account.paused = not _object(request.body).get("SendingEnabled", False)
            return {}
        if way == ("PUT", f"{ACCOUNT_PATH}/suppression"):
            reasons = _object(request.body).get("SuppressedReasons") or []
            account.suppressed_reasons = {str(one) for one in reasons}
            return {}
        if way == ("PUT", SUPPRESSION_PATH):
            account.put(_object(request.body), now)
            return {}
        if way == ("GET", SUPPRESSION_PATH):
            return self._page(request)
        method, (parent, _, name) = request.method, request.path.rpartition("/")
        if parent == SUPPRESSION_PATH and method == "GET":
            return account.get(name)
        if parent == SUPPRESSION_PATH and method == "DELETE":
            account.delete(name)
            return {}
        if parent == IDENTITY_PATH and method == "GET":
            return account.identity(name)
        if parent == SET_PATH and method == "GET":
            return account.configuration_set(name)
        if method == "GET" and name == "event-destinations" and parent.startswith(f"{SET_PATH}/"):
            return account.event_destinations(parent.removeprefix(f"{SET_PATH}/"))
        raise Refusal(404, "UnknownOperationException", "")

    def _page(self, request: Request) -> dict[str, Any]:
        said = parse_qs(request.query)
        begin, end = (_instant(said[name][0]) if name in said else None for name in _PERIODS)
        size = said.get("PageSize", [str(PAGE)])[0]
        require(size.isdecimal(), "PageSize is a number")
        return self.control.acceptor.account.page(
            frozenset(said.get("Reason", ())),
            begin,
            end,
            int(size),
            said.get("NextToken", [""])[0],
        )

    def _queue(self, request: Request) -> Reply | Later:
        operation = request.headers["x-amz-target"].removeprefix(SQS_TARGET)
        endpoint = f"http://{request.headers.get('host', '')}"
        try:
            said = _object(request.body)
            answer = self.control.queue.answer(operation, said, endpoint)
        except Refusal:
            return _not_queued(SqsError("InvalidRequest", "The request is not an object"))
        except SqsError as error:
            return _not_queued(error)
        if isinstance(answer, dict):
            return _told(answer, SQS_KIND)
        later: Later = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: _pass_on(done, later))
        later.add_done_callback(lambda done: answer.cancel() if done.cancelled() else None)
        return later

    def _controlled(self, request: Request) -> Reply:
        if request.method == "GET":
            return _told(self.control.counts())
        try:
            self.control.change(_object(request.body))
        except (Refusal, ValueError, TypeError) as error:
            return _told({"problem": str(error)}, status=400)
        return _told(self.control.counts())

    def _letters(self, request: Request) -> Reply:
        wanted = request.path.removeprefix(LETTERS_PATH).lstrip("/")
        if not wanted:
            if "text/html" in request.headers.get("accept", ""):
                page = self.shelf.page().encode()
                return Reply(200, page, kind="text/html; charset=utf-8")
            return _told({"letters": [one.told() for one in self.shelf.letters()]})
        identity, _, ending = wanted.partition(".")
        found = self.shelf.one(identity)
        if found is None:
            return _told({"problem": "this letter is not kept"}, status=404)
        text, html = found.letter.bodies
        if ending == "html":
            # What a letter holds runs nothing and reads nothing of this address.
            guarded = {"Content-Security-Policy": "sandbox; script-src 'none'"}
            return Reply(200, html.encode(), guarded, "text/html; charset=utf-8")
        if ending == "eml":
            return Reply(200, found.eml(), kind="message/rfc822")
        return _told({**found.told(), "text": text, "html": html})


def _from_here(request: Request) -> bool:
    """Whether a request is this machine's own, and not a web page's that its browser shows."""
    host = urlsplit(f"//{request.headers.get('host', 'localhost')}").hostname or ""
    known = host in LOOPBACK or host == "::1"
    return known and "origin" not in request.headers


def _after(fault: Fault, told: Any) -> Reply:
    """The answer to what was accepted, spoilt as the fault has it."""
    if fault is Fault.CUT_AFTER:
        return Reply(200, cut=Cut.SILENT, durable=True)
    if fault is Fault.HANG_AFTER:
        return Reply(200, cut=Cut.HANG, durable=True)
    reply = _told(told)
    if fault is Fault.FAILED_AFTER:
        refusal = refusal_of(fault)
        assert refusal is not None
        reply = _refused(refusal)
    elif fault is Fault.HALF_ANSWER_AFTER:
        reply.cut = Cut.HALF
    elif fault is Fault.GARBLED_ANSWER_AFTER:
        reply.body = b"<html>a proxy's own page</html>"
    elif fault is Fault.EMPTY_ANSWER_AFTER:
        reply.body = b"{}"
    reply.durable = True
    return reply


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = _decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal(400, "SerializationException", "") from error
    require(isinstance(said, dict), "Not an object")
    assert isinstance(said, dict)
    return said


def _told(told: Any, kind: str = "application/json", status: int = 200) -> Reply:
    return Reply(status, json.dumps(told).encode(), kind=kind)


def _refused(refusal: Refusal) -> Reply:
    body = json.dumps({"message": refusal.message}).encode()
    return Reply(refusal.status, body, {"x-amzn-ErrorType": refusal.code})


def _not_queued(error: SqsError) -> Reply:
    told = {"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message}
    headers = {"x-amzn-query-error": f"{error.query_code};Sender"}
    return Reply(400, json.dumps(told).encode(), headers, SQS_KIND)


def _pass_on(done: asyncio.Future[dict[str, Any]], later: Later) -> None:
    if not done.cancelled() and not later.done():
        later.set_result(_told(done.result(), SQS_KIND))


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        require(found.tzinfo is not None, "A date has its zone")
        return found
    except ValueError:
        raise Refusal(400, "BadRequestException", "Not a date") from None
