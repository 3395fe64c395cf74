"""Where a call may go: https to public addresses, and what the operator has listed."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import idna

PORTS = frozenset({443, 8443})
"""Where https is spoken to the world; other ports must be listed."""
MAX_URL = 2_000
MAX_ADDRESSES = 4
"""So many of a name's addresses are tried."""
_USUAL = {"https": 443, "http": 80}
_ODD = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.I)
_WORLD = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")
_CLOSED_6 = tuple(
    IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""Tunnels, which lead to an IPv4 address of anybody's choice, and what is for documents."""
_CLOSED_4 = tuple(
    IPv4Network(one)
    for one in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "168.63.129.16/32"),
    )
)
"""What the registry of special addresses lists, and one cloud's own service behind a public number.

They are written out, since what `is_global` knows differs by the version of Python.
"""

Resolve = Callable[[str, int], Sequence[str]]


class CallRefused(Exception):
    """A call that is not made, since it might reach what it must not; the text names no address."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: what the receiver is called, and the numbers that were looked at."""

    scheme: str
    host: str
    """As it stands in the certificate and in `Host`, without brackets."""
    port: int
    path: str
    addresses: tuple[str, ...]
    """To be connected to as they are: asking for the name again could give others."""


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a name, by the machine's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def allowed(said: str) -> frozenset[str]:
    """The `host:port` that a list separated by commas names; hosts in small letters."""
    return frozenset(one.strip().lower() for one in said.split(",") if one.strip())


def target_of(
    url: str, may_reach: frozenset[str] = frozenset(), resolve: Resolve = resolved
) -> Target:
    """Look at an address, ask for its numbers once, and say where to connect.

    Refused are: all but https, names of users, ports other than `PORTS`, and a name of which any
    number is not a public one. `may_reach` lists `host:port`, as they stand in the address, for
    which none of that counts. Raises CallRefused, and OSError when the name is not known.
    """
    if len(url) > MAX_URL or _ODD.search(url):
        raise CallRefused("the address is no web address")
    try:
        parts = urlsplit(url)
        port = parts.port or _USUAL.get(parts.scheme, 0)
    except ValueError as error:
        raise CallRefused("the address is no web address") from error
    if parts.scheme not in _USUAL or not parts.hostname or parts.port == 0:
        raise CallRefused("the address is no web address")
    if "@" in parts.netloc:
        raise CallRefused("the address holds a user")
    host = _host(parts.hostname)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise CallRefused("the address is not written in ASCII")
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    listed = name in may_reach
    if not listed and parts.scheme != "https":
        raise CallRefused("the address is not https")
    if not listed and port not in PORTS:
        raise CallRefused(f"port {port} is not one for the world")
    found = tuple(dict.fromkeys(resolve(host, port)))
    if not found:
        raise CallRefused("the name has no address")
    if not listed and not all(is_public(one) for one in found):
        raise CallRefused("the name leads to an address that is not public")
    return Target(parts.scheme, host, port, path, found[:MAX_ADDRESSES])


def is_public(text: str) -> bool:
    """Whether a number is one of the world's, and not of a machine, a house, a cloud or a group."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        return _is_public_6(address)
    return _is_public_4(address)


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in closed for closed in _CLOSED_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return False
    if address in _TRANSLATED:
        return _is_public_4(IPv4Address(int(address) & 0xFFFFFFFF))
    if address not in _WORLD or any(address in closed for closed in _CLOSED_6):
        return False
    return address.is_global and not address.is_multicast


def _host(said: str) -> str:
    """A host as it is looked up; odd ways to write a number are refused."""
    if ":" in said:
        try:
            written = IPv6Address(said)
        except ValueError as error:
            raise CallRefused("the address is no web address") from error
        if written.scope_id is not None:
            raise CallRefused("the address names a network card")
        return str(written)
    host = said.rstrip(".")
    try:
        plain = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise CallRefused("the address is no web address") from error
    if _NUMBER.fullmatch(plain.rpartition(".")[2]):
        try:
            return str(IPv4Address(plain))
        except ValueError as error:
            raise CallRefused("the address writes a number in an odd way") from error
    if not re.fullmatch(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", plain):
        raise CallRefused("the address is no web address")
    return plain
