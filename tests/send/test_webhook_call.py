"""One try of a call against a real server: what goes out, what answers mean, what is bounded."""

from __future__ import annotations

import hmac
import socket
import ssl
import threading
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from lifecycle.send.webhook import secret_bytes
from lifecycle.send.webhook_call import MAY_REACH, READ_BYTES, Answer, Caller, Fate
from tests.send.secure import tls_contexts

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
KEY = b"k" * 32
BODY = b'{"type":"lifecycle.f.tell"}'


def caller(place: str, url: str = "", **more: Any) -> Caller:
    environment = {"HOOK": url or f"http://{place}/hook?a=b", MAY_REACH: place}
    environment |= more.pop("environment", {})
    return Caller(KEY, environment, **more)


def call(one: Caller, body: bytes = BODY) -> Answer:
    return one.call("env:HOOK", "0123abcd", body, NOW)


def test_a_call_is_a_signed_post_of_exactly_these_bytes(receiver: Any) -> None:
    there = receiver()
    assert call(caller(there.place)) == Answer(Fate.DONE)
    (heard,) = there.heard
    assert (heard.path, heard.body) == ("/hook?a=b", BODY)
    key = secret_bytes(caller(there.place).own_secret("HOOK"))
    stamp = str(int(NOW.timestamp()))
    signed = hmac.digest(key, f"0123abcd.{stamp}.".encode() + BODY, "sha256")
    assert heard.headers == {
        "host": there.place,
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "user-agent": "lifecycle-webhooks/1",
        "connection": "close",
        "webhook-id": "0123abcd",
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + b64encode(signed).decode(),
    }


def test_a_secret_of_ones_own_takes_the_place_of_the_derived_one(receiver: Any) -> None:
    there = receiver()
    secrets = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_" + b64encode(b"x" * 24).decode()
    assert call(caller(there.place, environment={"HOOK_SECRET": secrets})).fate is Fate.DONE
    assert len(there.heard[0].headers["webhook-signature"].split()) == 2
    bad = call(caller(there.place, environment={"HOOK_SECRET": "s3cret"}))
    assert bad.fate is Fate.AGAIN
    assert "s3cret" not in bad.told
    assert len(there.heard) == 1


ANSWERS: list[tuple[int, dict[str, str], Answer]] = [
    (200, {}, Answer(Fate.DONE)),
    (299, {}, Answer(Fate.DONE)),
    (410, {}, Answer(Fate.GONE, "answered 410")),
    (400, {}, Answer(Fate.AGAIN, "answered 400")),
    (404, {}, Answer(Fate.AGAIN, "answered 404")),
    (500, {}, Answer(Fate.AGAIN, "answered 500")),
    (504, {}, Answer(Fate.AGAIN, "answered 504", busy=True)),
    (429, {"Retry-After": "7"}, Answer(Fate.AGAIN, "answered 429", 7.0, busy=True)),
    (503, {"Retry-After": "soon"}, Answer(Fate.AGAIN, "answered 503", None, busy=True)),
    (503, {"Retry-After": "-3"}, Answer(Fate.AGAIN, "answered 503", None, busy=True)),
    (
        503,
        {"Retry-After": format_datetime(NOW + timedelta(minutes=2), usegmt=True)},
        Answer(Fate.AGAIN, "answered 503", 120.0, busy=True),
    ),
    (
        503,
        {"Retry-After": format_datetime(NOW - timedelta(minutes=2), usegmt=True)},
        Answer(Fate.AGAIN, "answered 503", 0.0, busy=True),
    ),
]


@pytest.mark.parametrize(("status", "headers", "means"), ANSWERS)
def test_what_an_answer_means(
    receiver: Any, status: int, headers: dict[str, str], means: Answer
) -> None:
    assert call(caller(receiver((status, headers, b"")).place)) == means


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver: Any, status: int) -> None:
    other = receiver()
    to = {"Location": f"http://{other.place}/latest/meta-data"}
    there = receiver((status, to, b""))
    both = {MAY_REACH: f"{there.place},{other.place}"}
    assert call(caller(there.place, environment=both)) == Answer(Fate.AGAIN, f"answered {status}")
    assert other.heard == []


def test_no_proxy_is_asked(receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there, proxy = receiver(), receiver()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{proxy.place}")
    assert call(caller(there.place)).fate is Fate.DONE
    assert (len(there.heard), len(proxy.heard)) == (1, 0)


def test_of_a_long_answer_little_is_read_and_nothing_told(receiver: Any) -> None:
    there = receiver((500, {}, b"ann@customer.example " * READ_BYTES))
    assert call(caller(there.place)) == Answer(Fate.AGAIN, "answered 500")


def test_nobody_is_called_where_the_address_is_not_set_or_leads_inside(receiver: Any) -> None:
    there = receiver()
    unset = Caller(KEY, {}).call("env:HOOK", "i", BODY, NOW)
    assert unset == Answer(Fate.AGAIN, "not called: the environment variable HOOK is not set")
    inside = Caller(KEY, {"HOOK": f"http://{there.place}/"}).call("env:HOOK", "i", BODY, NOW)
    assert inside == Answer(Fate.AGAIN, "not called: the address is not https")
    lead = Caller(KEY, {"HOOK": "https://x.example/"}, resolve=lambda *_: ["127.0.0.1"])
    assert "not public" in lead.call("env:HOOK", "i", BODY, NOW).told
    assert there.heard == []


def test_a_name_that_nobody_knows_is_tried_again() -> None:
    def unknown(*_: Any) -> Any:
        raise socket.gaierror

    one = Caller(KEY, {"HOOK": "https://x.example/"}, resolve=unknown)
    told = "the name of the receiver is not known"
    assert call(one) == Answer(Fate.AGAIN, told, busy=True)


def test_what_was_looked_at_is_what_is_connected_to(receiver: Any, tmp_path: Path) -> None:
    theirs, ours = tls_contexts(tmp_path, "hooks.shop.example")
    there = receiver(tls=theirs)
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        # A second question would get another answer.
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.1"]

    place = f"hooks.shop.example:{there.port}"
    one = caller(place, f"https://{place}/hook", resolve=resolve, tls=ours)
    assert call(one) == Answer(Fate.DONE)
    assert asked == ["hooks.shop.example"]
    assert there.names == ["hooks.shop.example"]
    assert there.heard[0].headers["host"] == place


def test_a_certificate_of_another_name_ends_the_call(receiver: Any, tmp_path: Path) -> None:
    theirs, ours = tls_contexts(tmp_path, "another.example")
    there = receiver(tls=theirs)
    place = f"hooks.shop.example:{there.port}"
    one = caller(place, f"https://{place}/", resolve=lambda *_: ["127.0.0.1"], tls=ours)
    answer = call(one)
    assert (answer.fate, answer.busy) == (Fate.AGAIN, True)
    assert answer.told.startswith("no secure connection")
    assert there.heard == []


def test_an_address_that_does_not_answer_gives_way_to_the_next(receiver: Any) -> None:
    there = receiver()
    place = f"crm.internal:{there.port}"
    # Nobody listens there: only the receiver's own number has this port.
    numbers = ["127.0.0.2", "127.0.0.1"]
    one = caller(place, f"http://{place}/", resolve=lambda *_: numbers)
    assert call(one) == Answer(Fate.DONE)


def test_nobody_listening_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        place = f"127.0.0.1:{closed.getsockname()[1]}"
    assert call(caller(place)) == Answer(Fate.AGAIN, "no answer: ConnectionRefusedError", busy=True)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"nonsense\r\n\r\n"])
def test_what_never_ends_is_given_up(said: bytes) -> None:
    """A receiver that says nothing, or a byte now and then for ever, or no HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(said)
            while said.startswith(b"HTTP") and not over.wait(0.02):
                try:
                    client.sendall(b"x")
                except OSError:
                    return
            over.wait(30)

    threading.Thread(target=serve, daemon=True).start()
    place = f"127.0.0.1:{listener.getsockname()[1]}"
    try:
        answer = call(caller(place, total_seconds=0.3))
    finally:
        over.set()
        listener.close()
    wanted = "no answer: BadStatusLine" if said.startswith(b"n") else "no answer in time"
    assert answer == Answer(Fate.AGAIN, wanted, busy=True)


def test_neither_key_nor_environment_is_told_by_a_callers_text() -> None:
    assert "kkkk" not in repr(Caller(KEY, {"HOOK": "https://token@x"}))
    assert "token" not in repr(Caller(KEY, {"HOOK": "https://token@x"}))


def test_the_machines_authorities_are_the_ones_asked(receiver: Any, tmp_path: Path) -> None:
    theirs, _ = tls_contexts(tmp_path, "hooks.shop.example")
    assert isinstance(theirs, ssl.SSLContext)
    there = receiver(tls=theirs)
    place = f"hooks.shop.example:{there.port}"
    answer = call(caller(place, f"https://{place}/", resolve=lambda *_: ["127.0.0.1"]))
    assert answer.told == "no secure connection: CERTIFICATE_VERIFY_FAILED"
