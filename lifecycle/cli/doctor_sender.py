"""What doctor tells of the sender's identity, DKIM, SPF and DMARC, and of the configuration set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import parseaddr
from functools import partial
from typing import Any, Literal
from urllib.parse import urlsplit

from lifecycle.send.dns_text import NotAsked, texts_of
from lifecycle.send.set_up import Identity, NotTold, Published, SetUp

State = Literal["ok", "warning", "error"]
Told = tuple[str, State, str]
NEEDED = ("SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY")
NEEDED_IN_BULK = "RENDERING_FAILURE"
NOT_WANTED = frozenset({"OPEN", "CLICK"})
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def sender_standing(settings: Any) -> Iterator[Told]:
    """Each sender, and the configuration set: about what, how it is, and in words."""
    kind = settings.transport.kind
    if kind == "outbox":
        return
    addresses = sorted({parseaddr(one.from_)[1] for one in settings.senders.values()})
    stand_in = kind == "ses" and urlsplit(settings.ses.endpoint or "").hostname in HERE
    if kind == "ses":
        yield from _by_ses(settings.ses, addresses)
    for domain in sorted({one.rpartition("@")[2].lower() for one in addresses}):
        if stand_in:
            yield "dmarc", "ok", f"of {domain} not looked up: [ses] endpoint is on this machine"
            continue
        if kind == "smtp":
            yield from spf(domain)
        yield from dmarc(domain)


def _by_ses(ses: Any, addresses: list[str]) -> Iterator[Told]:
    """What SES tells; one that does not answer is asked no more."""
    set_up = SetUp(ses.region, ses.endpoint)
    try:
        looks = [("identity", partial(_identity, set_up, one)) for one in addresses]
        for about, look in [*looks, ("events", partial(_events, set_up, ses))]:
            try:
                yield from look()
            except NotTold as lacking:
                if lacking.right is None:
                    yield about, "warning", f"not looked at: {lacking.reason}"
                    return
                told = f"not looked at: the credentials lack the right {lacking.right}"
                yield about, "warning", told
    finally:
        set_up.close()


def _identity(set_up: SetUp, address: str) -> Iterator[Told]:
    found = set_up.identity(address)
    domain = address.rpartition("@")[2]
    if found is None:
        told = f"neither {domain} nor the sender's address is an identity of SES in this region"
        yield "identity", "error", f"{told}: verify the domain there"
        return
    name = found.name if "@" not in found.name else f"the address at {domain}"
    if not found.verified:
        yield "identity", "error", f"{name} is not verified for sending"
    else:
        yield "identity", "ok", f"{name} is verified for sending"
    yield _dkim(found, name)
    yield _mail_from(found, name)


def _dkim(found: Identity, name: str) -> Told:
    if found.dkim == "SUCCESS" and found.signs:
        return "dkim", "ok", f"letters of {name} are signed"
    if found.dkim == "SUCCESS":
        return "dkim", "error", f"signing is switched off for {name}"
    told = f"{name} is {found.dkim.lower()}: its CNAME records are not found"
    return "dkim", "error", f"{told}; without DKIM Gmail and Yahoo refuse marketing"


def _mail_from(found: Identity, name: str) -> Told:
    if found.mail_from is None:
        told = f"{name} has no MAIL FROM domain of its own: DMARC rests on DKIM alone"
        return "spf", "ok", told
    if found.mail_from_status == "SUCCESS":
        return "spf", "ok", f"the MAIL FROM domain {found.mail_from} is set up"
    told = f"the MAIL FROM domain {found.mail_from} is {found.mail_from_status.lower()}"
    return "spf", "warning", f"{told}: its MX and TXT records are not found"


def _events(set_up: SetUp, ses: Any) -> Iterator[Told]:
    name = ses.configuration_set
    if name is None:
        told = "[ses] configuration_set is not said: no event of a letter comes back"
        yield "events", "error", told
        return
    sends = set_up.sends(name)
    if not sends:
        what = "is not there" if sends is None else "does not send: its sending is paused"
        yield "events", "error", f"the configuration set {name} {what}"
        if sends is None:
            return
    yield from _published(set_up.published(name), ses)


def _published(found: list[Published], ses: Any) -> Iterator[Told]:
    heard = [one for one in found if one.enabled and one.topic is not None]
    if not heard:
        told = f"the configuration set {ses.configuration_set} publishes to no topic of SNS"
        yield "events", "error", told
        return
    topics = {one.topic for one in heard}
    kinds = frozenset[str]().union(*(one.kinds for one in heard))
    needed = [*NEEDED, NEEDED_IN_BULK] if ses.mode == "bulk" else NEEDED
    missing = [one.lower() for one in needed if one not in kinds]
    if ses.feedback_topics and not topics & set(ses.feedback_topics):
        told = "[ses] feedback_topics lists none of the topics that events are published to"
        yield "events", "error", told
    if missing:
        yield "events", "warning", f"not published: {', '.join(missing)}"
    if kinds & NOT_WANTED:
        told = "SES's own open and click events are published: it rewrites links that are ours"
        yield "events", "warning", f"{told}; leave both out"
    if not missing:
        yield "events", "ok", f"{ses.configuration_set} publishes all that is needed"


def dmarc(domain: str, look: Callable[[str], list[str]] = texts_of) -> Iterator[Told]:
    """Whether a domain, or one above it, says how DMARC is to be held (RFC 7489)."""
    labels = domain.split(".")
    for at in range(max(1, len(labels) - 1)):
        name = ".".join(labels[at:])
        try:
            found = [one for one in look(f"_dmarc.{name}") if one.startswith("v=DMARC1")]
        except NotAsked as error:
            yield "dmarc", "warning", f"of {domain} not looked up: {error}"
            return
        if found:
            tags = dict(part.strip().partition("=")[::2] for part in found[0].split(";"))
            yield "dmarc", "ok", f"{name} says p={tags.get('p', '?')}"
            return
    told = f"{domain} has no DMARC record; Gmail, Yahoo and Microsoft ask for one"
    yield "dmarc", "error", f'{told}: _dmarc.{domain} TXT "v=DMARC1; p=none"'


def spf(domain: str, look: Callable[[str], list[str]] = texts_of) -> Iterator[Told]:
    """Whether a domain names the servers that send for it (RFC 7208)."""
    try:
        found = [one for one in look(domain) if one.lower().startswith("v=spf1")]
    except NotAsked as error:
        yield "spf", "warning", f"of {domain} not looked up: {error}"
        return
    if len(found) == 1:
        yield "spf", "ok", f"{domain} names its servers"
        return
    what = "no SPF record" if not found else f"{len(found)} SPF records, of which none counts"
    yield "spf", "warning", f"{domain} has {what}"
