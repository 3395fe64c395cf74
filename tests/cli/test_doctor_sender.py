"""What doctor says of identities, DKIM, SPF, DMARC and the configuration set."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from lifecycle.cli.doctor_sender import dmarc, spf
from lifecycle.clock import SystemClock
from lifecycle.send.dns_text import NotAsked
from lifecycle.sim.fake_ses import FakeSes
from tests.cli.conftest import Call

ABOUT = ("identity", "dkim", "spf", "events", "dmarc")
TOPIC = "arn:aws:sns:eu-central-1:123456789012:ours"
GOOD: dict[str, Any] = {
    "VerifiedForSendingStatus": True,
    "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS"},
    "MailFromAttributes": {"MailFromDomain": "b.x.example", "MailFromDomainStatus": "SUCCESS"},
}
KINDS = ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY"]


def going_to(kinds: list[str], topic: str | None = TOPIC, *, enabled: bool = True) -> Any:
    to = {"SnsDestination": {"TopicArn": topic}} if topic else {"CloudWatchDestination": {}}
    one = {"Name": "n", "Enabled": enabled, "MatchingEventTypes": kinds, **to}
    return {"EventDestinations": [one]}


class Account(BaseHTTPRequestHandler):
    """Answers what SES would of one account's set-up; None is no such thing."""

    identity: Any = GOOD
    sets: Any = GOOD
    events: Any = going_to(KINDS)

    def do_GET(self) -> None:
        told: Any = {}
        status = 200
        if self.path.startswith("/v2/email/identities/"):
            told = self.identity if "%40" not in self.path and "@" not in self.path else None
        elif self.path.endswith("/event-destinations"):
            told = self.events
        elif self.path.startswith("/v2/email/configuration-sets/"):
            told = self.sets
        error: Any = {None: (404, "NotFoundException"), 403: (403, "AccessDeniedException")}
        if told is None or told == 403:
            status, kind = error[told]
            told = {"__type": kind, "message": "no"}
        body = json.dumps(told).encode()
        self.send_response(status)
        if status != 200:
            self.send_header("x-amzn-errortype", told["__type"])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is noted."""


@pytest.fixture
def account(shop: Path) -> Iterator[type[Account]]:
    class One(Account):
        pass

    server = HTTPServer(("127.0.0.1", 0), One)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    by_ses(shop, f"http://127.0.0.1:{server.server_address[1]}")
    yield One
    server.shutdown()
    server.server_close()


def by_ses(shop: Path, endpoint: str) -> None:
    more = f'\n[transport]\nkind = "ses"\n[ses]\nendpoint = "{endpoint}"\n'
    file = shop / "settings.toml"
    said = f'configuration_set = "lifecycle"\nfeedback_topics = ["{TOPIC}"]\n'
    file.write_text(file.read_text() + more + said)


def told(call: Call) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for one in call("doctor", "--json").data:
        if one["about"] in ABOUT:
            found.setdefault(one["about"], []).append((one["state"], one["told"]))
    return found


def test_a_whole_set_up_is_well(account: type[Account], call: Call) -> None:
    states = {about: [state for state, _ in each] for about, each in told(call).items()}
    assert states == {about: ["ok"] for about in ABOUT}


@pytest.mark.parametrize(
    ("part", "answer", "about", "state", "words"),
    [
        ("identity", None, "identity", "error", "verify the domain"),
        ("identity", {**GOOD, "VerifiedForSendingStatus": False}, "identity", "error", "not verif"),
        ("identity", 403, "identity", "warning", "the right ses:GetEmailIdentity"),
        ("identity", {**GOOD, "DkimAttributes": {}}, "dkim", "error", "CNAME"),
        (
            "identity",
            {**GOOD, "DkimAttributes": {"SigningEnabled": False, "Status": "SUCCESS"}},
            *("dkim", "error", "switched off"),
        ),
        ("identity", {**GOOD, "MailFromAttributes": {}}, "spf", "ok", "DKIM alone"),
        (
            "identity",
            {
                **GOOD,
                "MailFromAttributes": {"MailFromDomain": "b", "MailFromDomainStatus": "FAILED"},
            },
            *("spf", "warning", "is failed"),
        ),
        ("sets", None, "events", "error", "is not there"),
        ("sets", {"SendingOptions": {"SendingEnabled": False}}, "events", "error", "paused"),
        ("events", {"EventDestinations": []}, "events", "error", "no topic"),
        ("events", going_to(KINDS, None), "events", "error", "no topic"),
        ("events", going_to(KINDS, enabled=False), "events", "error", "no topic"),
        ("events", going_to(KINDS, f"{TOPIC}2"), "events", "error", "lists none of"),
        ("events", going_to(KINDS[1:]), "events", "warning", "not published: send"),
        ("events", going_to([*KINDS, "OPEN"]), "events", "warning", "rewrites links"),
    ],
)
def test_what_is_not_well_is_named(
    account: type[Account], call: Call, part: str, answer: Any, about: str, state: str, words: str
) -> None:
    setattr(account, part, answer)
    found = told(call)[about]
    assert any(one == state and words in said for one, said in found), found


def test_the_stand_in_is_a_whole_set_up(shop: Path, call: Call, tmp_path: Path) -> None:
    fake = FakeSes(tmp_path / "truth.jsonl", SystemClock())
    by_ses(shop, fake.start())
    found = told(call)
    fake.stop()
    assert [state for state, _ in found["identity"] + found["dkim"]] == ["ok", "ok"]
    assert found["events"][0][1].startswith("[ses] feedback_topics lists none")
    assert found["events"][1][0] == "ok"


RECORDS = {
    "_dmarc.x.example": ["other", "v=DMARC1; p=reject; sp=none"],
    "y.example": ["v=spf1 -all"],
}


def look(name: str) -> list[str]:
    if name.endswith("silent.example"):
        raise NotAsked("no resolver answered")
    return RECORDS.get(name, [])


@pytest.mark.parametrize(
    ("domain", "state", "words"),
    [
        ("x.example", "ok", "x.example says p=reject"),
        ("news.mail.x.example", "ok", "x.example says p=reject"),
        ("y.example", "error", '_dmarc.y.example TXT "v=DMARC1; p=none"'),
        ("silent.example", "warning", "not looked up: no resolver answered"),
    ],
)
def test_dmarc_is_looked_for_up_to_the_domain(domain: str, state: str, words: str) -> None:
    ((about, one, said),) = dmarc(domain, look)
    assert (about, one, words in said) == ("dmarc", state, True)


@pytest.mark.parametrize(
    ("domain", "state"),
    [("y.example", "ok"), ("x.example", "warning"), ("silent.example", "warning")],
)
def test_spf_is_looked_for_where_an_smtp_server_sends(domain: str, state: str) -> None:
    assert [one for _, one, _ in spf(domain, look)] == [state]


def test_an_account_that_does_not_answer_is_asked_once(shop: Path, call: Call) -> None:
    by_ses(shop, "http://127.0.0.1:1")
    found = told(call)
    assert list(found) == ["identity", "dmarc"]
    assert found["identity"][0][1].startswith("not looked at: EndpointConnectionError")
