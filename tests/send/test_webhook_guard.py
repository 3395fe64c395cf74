"""Where calls may go: a table of what leads inside a house, in every way it can be written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lifecycle.send.webhook_guard import (
    MAX_ADDRESSES,
    CallRefused,
    Resolve,
    allowed,
    is_public,
    resolved,
    target_of,
)

WORLD = "93.184.215.14"


def answers(*addresses: str) -> Resolve:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


PUBLIC = ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "64:ff9b::5db8:d70e"]
INSIDE = {
    "this machine": "127.0.0.1",
    "all of this machine": "127.8.9.10",
    "nowhere": "0.0.0.0",
    "this net": "0.1.2.3",
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "carrier": "100.64.0.1",
    "metadata of Amazon": "169.254.169.254",
    "metadata of Amazon by 6": "fd00:ec2::254",
    "metadata of Alibaba": "100.100.100.200",
    "metadata of Oracle": "192.0.0.192",
    "a service of Azure": "168.63.129.16",
    "for documents": "203.0.113.7",
    "for measuring": "198.18.0.1",
    "a group": "224.0.0.1",
    "reserved": "240.0.0.1",
    "everybody": "255.255.255.255",
    "a tunnel's end": "192.88.99.1",
    "this machine by 6": "::1",
    "nowhere by 6": "::",
    "mapped": "::ffff:127.0.0.1",
    "mapped and public": "::ffff:1.1.1.1",
    "in old compatible form": "::127.0.0.1",
    "translated": "64:ff9b::7f00:1",
    "translated here": "64:ff9b:1::7f00:1",
    "tunnelled": "2002:7f00:1::1",
    "tunnelled by Teredo": "2001:0:7f00:1::1",
    "link": "fe80::1",
    "link with a card": "fe80::1%eth0",
    "public with a card": "2606:4700::1111%eth0",
    "unique local": "fc00::1",
    "old site": "fec0::1",
    "documents by 6": "2001:db8::1",
    "a group by 6": "ff02::1",
    "no number": "localhost",
    "empty": "",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_in_the_world_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE.keys())
def test_what_is_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [one for one in INSIDE.values() if one])
def test_a_name_that_leads_inside_is_refused_whatever_else_it_leads_to(address: str) -> None:
    for found in ((address,), (WORLD, address), (address, WORLD)):
        with pytest.raises(CallRefused):
            target_of("https://hooks.shop.example/x", resolve=answers(*found))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "1.2.3"),
        *("0300.0250.0.1", "1.1.1.256", "192.168.1.1.", "１２７.0.0.1", "127。0。0。1"),
        *("[::1]", "[::ffff:7f00:1]", "[::]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "localhost"),
        "[0:0:0:0:0:ffff:127.0.0.1]",
    ],
)
def test_a_number_inside_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises((CallRefused, OSError)):
        target_of(f"https://{host}/", resolve=resolved)


@pytest.mark.parametrize(
    "url",
    [
        *("http://hooks.shop.example/", "ftp://hooks.shop.example/", "file:///etc/passwd", ""),
        *("hooks.shop.example", "//hooks.shop.example/", "https://", "https:///x", "gopher://x/"),
        *("https://hooks.shop.example:22/", "https://hooks.shop.example:80/", "https://x:0/"),
        *("https://hooks.shop.example:99999/", "https://hooks.shop.example:x/"),
        *("https://user@hooks.shop.example/", "https://a:b@hooks.shop.example/", "https://@x/"),
        *("https://hooks.shop.example\\@127.0.0.1/", "https://hooks.shop.example/ x"),
        *("https://hooks.shop.example/\r\nX: y", "https://hooks.shop.example/\x00", "https://a b/"),
        *(
            "https://hooks.shop.example/ä",
            "https://hooks..example/",
            "https://%6c%6f/",
            "https://a,b/",
        ),
        "https://hooks.shop.example/" + "x" * 2000,
    ],
)
def test_what_is_no_plain_https_address_is_refused_before_its_name_is_asked(url: str) -> None:
    def never(_host: str, _port: int) -> Sequence[str]:
        raise AssertionError("asked")

    with pytest.raises(CallRefused):
        target_of(url, resolve=never)


def test_a_name_is_asked_once_and_all_its_public_numbers_are_kept() -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return [WORLD, "1.1.1.1", WORLD, "1.0.0.1", "8.8.8.8", "8.8.4.4"]

    found = target_of("https://HOOKS.Shop.Example.:8443/a/b?c=d#e", resolve=resolve)
    assert asked == [("hooks.shop.example", 8443)]
    assert (found.host, found.port, found.path) == ("hooks.shop.example", 8443, "/a/b?c=d")
    assert found.addresses == (WORLD, "1.1.1.1", "1.0.0.1", "8.8.8.8")
    assert len(found.addresses) == MAX_ADDRESSES


def test_a_name_without_numbers_is_refused() -> None:
    with pytest.raises(CallRefused):
        target_of("https://hooks.shop.example/", resolve=answers())


def test_a_name_in_other_letters_is_asked_in_ascii() -> None:
    found = target_of("https://bücher.example/", resolve=answers(WORLD))
    assert found.host == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("said", "url", "goes"),
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9000/x", True),
        ("a.example:1, 127.0.0.1:9000", "https://127.0.0.1:9000/x", True),
        ("[::1]:9000", "http://[::1]:9000/", True),
        ("crm.internal:443", "https://CRM.internal/", True),
        ("crm.internal:443", "http://crm.internal/", False),
        ("127.0.0.1:9000", "http://127.0.0.1:9001/x", False),
        ("127.0.0.1", "http://127.0.0.1/x", False),
        ("127.0.0.1:9000", "http://127.1:9000/", False),
        ("127.0.0.1:9000", "http://user@127.0.0.1:9000/", False),
        ("", "http://127.0.0.1:9000/x", False),
    ],
)
def test_inside_only_what_is_listed_may_be_reached(said: str, url: str, goes: bool) -> None:
    resolve = answers("127.0.0.1")
    if goes:
        assert target_of(url, allowed(said), resolve).addresses == ("127.0.0.1",)
    else:
        with pytest.raises(CallRefused):
            target_of(url, allowed(said), resolve)
