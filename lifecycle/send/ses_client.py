"""The client of SES: stock boto3, told never to try again, and given bodies that are ready made."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""Giving up early makes uncertain letters, not fewer of them; SES answers within a second."""
CONNECTIONS = 32

SEND_ONE = "SendEmail"
SEND_MANY = "SendBulkEmail"

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_STAND_IN_KEY = "stand-in"
"""Signs requests to a stand-in on this machine, so that real keys never go there."""
_BODY = "lifecycle_body"


@dataclass(frozen=True, slots=True)
class Access:
    """Where SES is, and how long it is waited for, in seconds.

    `connections` is how many are kept open: one for each thread that sends.
    """

    region: str
    endpoint: str | None = None
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    connections: int = CONNECTIONS


class SesClient:
    """A client made at its first use, once a process; threads may share it.

    With its defaults boto3 posts a letter up to five times on a slow network, which is five
    letters. A body is passed by boto3's own events, whole and already JSON: boto3 would write it
    anew, member by member, at ten times the cost. boto3 still finds the address, signs, and reads
    the answer. The user agent is fixed, for it is put together anew for each call otherwise.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client: Any = None
        self._lock = Lock()

    def post(self, operation: str, body: bytes) -> Any:
        """Do `SEND_ONE` or `SEND_MANY` with this body, once; gives the answer as read by boto3."""
        client = self.opened()
        call = client.send_email if operation == SEND_ONE else client.send_bulk_email
        return call(**{_BODY: body})

    def opened(self) -> Any:
        """The client of boto3. Raises whatever boto3 raises where none can be made."""
        with self._lock:
            if self._client is None:
                self._client = _made(self._access)
            return self._client

    def close(self) -> None:
        """Close the connections; the next use makes a new client.

        The old one goes at once: it is some 5 MB of objects in circles, and the daemon's collector
        looks so seldom that a day without SES would leave a hundred of them.
        """
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
            del client
            gc.collect()


def _made(access: Access) -> Any:
    # boto3 takes half a second to import; who never sends through SES need not wait for it.
    import boto3
    from botocore.config import Config

    keys = {}
    if access.endpoint and urlsplit(access.endpoint).hostname in _LOOPBACK:
        keys = {"aws_access_key_id": _STAND_IN_KEY, "aws_secret_access_key": _STAND_IN_KEY}
    client = boto3.session.Session().client(
        "sesv2",
        region_name=access.region,
        endpoint_url=access.endpoint,
        config=Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=access.connect_seconds,
            read_timeout=access.read_seconds,
            max_pool_connections=access.connections,
            tcp_keepalive=True,
            parameter_validation=False,
            user_agent=f"lifecycle Boto3/{boto3.__version__}",
        ),
        **keys,
    )
    for operation in (SEND_ONE, SEND_MANY):
        client.meta.events.register(f"provide-client-params.sesv2.{operation}", _put_aside)
        client.meta.events.register(f"before-call.sesv2.{operation}", _put_in)
    return client


def _put_aside(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    context[_BODY] = params[_BODY]
    return {}


def _put_in(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    params["body"] = context[_BODY]
