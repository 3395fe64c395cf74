"""Both ends of a secure connection, under an authority of our own."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

from tests.send.authority import certificate, key_of, lasting_root, pem, pem_key


def tls_contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for this name, and a client's that trusts our authority alone."""
    leaf = certificate(
        key_of("smtp"),
        key_of("root"),
        name=name,
        begin=datetime(2020, 1, 1, tzinfo=UTC),
        end=datetime(2120, 1, 1, tzinfo=UTC),
    )
    (folder / "leaf.pem").write_bytes(pem(leaf) + pem_key(key_of("smtp")))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "leaf.pem")
    client = ssl.create_default_context(cadata=pem(lasting_root()).decode())
    return server, client
