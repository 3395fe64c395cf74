"""The two errands to Amazon SNS: fetching a certificate, and confirming a subscription."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from lifecycle.send.sns import CERTIFICATE_BYTES, region_of

SECONDS = 5.0
OK = 200
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class CertificateUnavailable(Exception):
    """The certificate could not be fetched."""


def fetch_certificate(url: str) -> bytes:
    """Fetch a certificate that `SnsVerifier` asks for: https, no redirects, small, in 5 s a step.

    Raises `CertificateUnavailable`. The address must have been checked before; this trusts it.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise CertificateUnavailable("not an https address")
    connection = http.client.HTTPSConnection(parts.hostname, timeout=SECONDS)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        if answer.status != OK:
            raise CertificateUnavailable(f"answered {answer.status}")
        pem = answer.read(CERTIFICATE_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise CertificateUnavailable(type(error).__name__) from error
    finally:
        connection.close()
    if len(pem) > CERTIFICATE_BYTES:
        raise CertificateUnavailable("too large")
    return pem


def certificates(endpoint: str | None) -> Callable[[str], bytes]:
    """How certificates are fetched: from Amazon, unless a stand-in for SES is this machine's own.

    `endpoint` is that of SES in the settings. Only one of this machine is believed to have the
    certificate of its own signatures, under the path that Amazon's would have; it is asked first.
    Whoever answers there is handed every letter anyhow.
    """
    parts = urlsplit(endpoint or "")
    if parts.hostname not in LOOPBACK or parts.scheme != "http":
        return fetch_certificate
    host, port = parts.hostname, parts.port

    def fetch(url: str) -> bytes:
        connection = http.client.HTTPConnection(str(host), port, timeout=SECONDS)
        try:
            connection.request("GET", urlsplit(url).path)
            answer = connection.getresponse()
            if answer.status == OK:
                return answer.read(CERTIFICATE_BYTES + 1)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        return fetch_certificate(url)

    return fetch


def confirm_subscription(
    topic_arn: str, token: str, *, client: Any = None, endpoint: str | None = None
) -> str:
    """Confirm a subscription over Amazon's API, in the topic's own region; gives its ARN.

    Call it with a verified message of a known topic alone. SubscribeURL is never fetched: it is
    whatever the sender of the message likes. Ending the subscription will need our keys.
    Raises what boto3 raises, and `ValueError` for a topic that is not one.
    """
    if client is None:
        client = _client(topic_arn, endpoint)
    answer = client.confirm_subscription(
        TopicArn=topic_arn, Token=token, AuthenticateOnUnsubscribe="true"
    )
    return str(answer.get("SubscriptionArn", ""))


def _client(topic_arn: str, endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        "sns",
        region_name=region_of(topic_arn),
        endpoint_url=endpoint,
        config=Config(connect_timeout=SECONDS, read_timeout=SECONDS),
    )
