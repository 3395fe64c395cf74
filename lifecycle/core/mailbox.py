"""What an address tells by itself: who keeps its mailbox, and whether a person reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Kind = Literal["technical", "shared", "disposable"]
Disposable = Callable[[str], bool]
"""Tells of a domain whether anybody can have an address there for some minutes."""
OTHERS = "others"
_DOMAINS = {
    "gmail": "gmail.com googlemail.com",
    "apple": "icloud.com me.com mac.com privaterelay.appleid.com",
    "gmx": "web.de mail.com email.de 1und1.de online.de",
    "yahoo": "ymail.com rocketmail.com aim.com verizon.net",
    "microsoft": "msn.com passport.com windowslive.com",
}
_FAMILIES = {
    "yahoo": "yahoo aol",
    "microsoft": "outlook hotmail live",
    "gmx": "gmx",
}
"""Names under which a provider has domains in many countries: `hotmail.fr`, `yahoo.co.uk`."""
_PROVIDER = {one: name for name, said in _DOMAINS.items() for one in said.split()}
_FAMILY = {one: name for name, said in _FAMILIES.items() for one in said.split()}
_COUNTRY = 2
PROVIDERS = ("gmail", "microsoft", "yahoo", "apple", "gmx", OTHERS)
_AMONG = frozenset("com net org info co ne".split())
"""What stands between a family's name and a country, or in its place."""
TECHNICAL = frozenset(
    "postmaster hostmaster webmaster abuse security noc mailer-daemon mailerdaemon daemon root "
    "nobody noreply no-reply no_reply donotreply do-not-reply do_not_reply bounce bounces spam "
    "ftp www uucp usenet news-owner list-request majordomo".split()
)
"""Mailboxes of machines and of those who mind them (RFC 2142): nobody signs up with one."""
SHARED = frozenset(
    "info sales support service contact kontakt office buero buro hello hallo mail admin "
    "administrator billing invoice rechnung accounting buchhaltung marketing hr jobs career "
    "careers team help helpdesk enquiries inquiries verkauf vertrieb einkauf datenschutz privacy "
    "legal press presse all everyone staff".split()
)
"""Mailboxes that several people read: one of them agreed, another one complains."""
WHY_NOT = {
    "technical": "marketing does not go to a mailbox of machines",
    "shared": "marketing does not go to a mailbox that several people read",
    "disposable": "marketing does not go to a disposable address",
}


_WITHOUT_DOTS = frozenset({"gmail.com", "googlemail.com"})


def domain_of(address: str) -> str:
    """The domain of an address, in small letters; of `Shop <news@shop.example>` too."""
    return address.rpartition("@")[2].strip().rstrip(">").strip().lower()


SIMULATOR = "simulator.amazonses.com"
"""SES's own mailboxes for trying: `bounce@` there is meant to be written to."""


def provider_of(address: str) -> str:
    """Who keeps the mailbox of an address, as far as its domain tells: one of PROVIDERS.

    A company's own domain that one of them hosts belongs to the others.
    """
    domain = domain_of(address)
    found = _PROVIDER.get(domain)
    if found is not None:
        return found
    name, *rest = domain.split(".")
    country = rest[1:] if rest and rest[0] in _AMONG else rest
    own = rest and (not country or (len(country) == 1 and len(country[0]) == _COUNTRY))
    return _FAMILY.get(name, OTHERS) if own else OTHERS


def mailbox_of(address: str) -> str:
    """Where letters to an address arrive: without its label, and at Google without dots, too."""
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _WITHOUT_DOTS:
        local = local.replace(".", "")
    return f"{local}@{domain}"


def kind_of(address: str, disposable: Disposable | None) -> Kind | None:
    """What kind of address it is that marketing may be kept from; None for a person's own.

    A label (`info+shop@`) does not change what a mailbox is.
    """
    local = address.rpartition("@")[0].strip().lower().partition("+")[0]
    if domain_of(address) == SIMULATOR:
        return None
    if local in TECHNICAL:
        return "technical"
    if local in SHARED:
        return "shared"
    if disposable is not None and disposable(domain_of(address)):
        return "disposable"
    return None
