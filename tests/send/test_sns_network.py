"""The errands to SNS: a subscription is confirmed over the API, and SubscribeURL left alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from lifecycle.send.sns_network import (
    CertificateUnavailable,
    confirm_subscription,
    fetch_certificate,
)

ARN = "arn:aws:sns:eu-central-1:111122223333:feedback"
ANSWER = f"""<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<ConfirmSubscriptionResult><SubscriptionArn>{ARN}:s-1</SubscriptionArn></ConfirmSubscriptionResult>
<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ConfirmSubscriptionResponse>"""


class _Sns(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(parse_qs(body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def sns() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Sns)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_subscription_is_confirmed_by_topic_and_token(
    sns: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    endpoint = f"http://127.0.0.1:{sns.server_address[1]}"
    assert confirm_subscription(ARN, "t0k3n", endpoint=endpoint) == f"{ARN}:s-1"
    (asked,) = sns.asked  # type: ignore[attr-defined]
    assert asked["Action"] == ["ConfirmSubscription"]
    assert (asked["TopicArn"], asked["Token"]) == ([ARN], ["t0k3n"])
    assert asked["AuthenticateOnUnsubscribe"] == ["true"]


def test_what_is_no_topic_is_not_confirmed() -> None:
    with pytest.raises(ValueError, match="not the ARN"):
        confirm_subscription("https://evil.example", "t0k3n")


def test_a_certificate_is_never_fetched_in_the_clear() -> None:
    with pytest.raises(CertificateUnavailable):
        fetch_certificate("http://127.0.0.1/SimpleNotificationService-0a1b.pem")


def test_a_certificate_from_a_closed_door_is_unavailable() -> None:
    with pytest.raises(CertificateUnavailable):
        fetch_certificate("https://127.0.0.1:1/SimpleNotificationService-0a1b.pem")
