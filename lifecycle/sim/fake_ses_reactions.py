"""What becomes of an accepted letter: by its address as in SES's simulator, or by seeded shares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from html import unescape
from types import MappingProxyType
from typing import Any

from lifecycle.core.chance import fraction
from lifecycle.sim.fake_ses_account import BOUNCE, FakeAccount, simulated

LINKS_KEPT = 50
DELIVERY_SECONDS = 0.2
BOUNCE_SECONDS = 0.4
COMPLAINT_SECONDS = 1.0
DELAY_SECONDS = 0.3
SCANNER_SECONDS = 0.6
"""Machines look at a letter as soon as it is there."""
NOTHING: Mapping[str, Any] = MappingProxyType({})

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
PEOPLE = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_WEBKIT} Mobile/15E148",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
)
IMAGE_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko (via ggpht.com GoogleImageProxy)"
MAIL_PRIVACY = "Mozilla/5.0"
SCANNERS = ("Mozilla/5.0 (compatible; Barracuda Sentinel)", "", "Mimecast-URL-Scanner/1.0")

_LINK = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*["'](https?://[^"']+)["']""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reactions:
    """Shares from 0 to 1 of the recipients who react so, and how long people take to read.

    A hard bounce is the address's own, whatever is sent to it; the others are drawn by letter.
    """

    bounce: float = 0.0
    soft_bounce: float = 0.0
    complaint: float = 0.0
    delay: float = 0.0
    reject: float = 0.0
    open: float = 0.0
    click: float = 0.0
    """Of those who open."""
    machine: float = 0.0
    """Of the delivered: opened by a privacy proxy, and every link followed by a scanner."""
    reading_seconds: float = 30.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value < 0 or (one.name != "reading_seconds" and value > 1):
                raise ValueError(f"the share of {one.name} is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that comes of a letter, so many seconds after its acceptance."""

    kind: str
    """Its `eventType`."""
    after: float
    told: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


SENT = Happening("Send", 0.0)
DELIVERED = Happening("Delivery", DELIVERY_SECONDS)
HARD = Happening(
    "Bounce",
    BOUNCE_SECONDS,
    {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    },
)
SOFT = Happening(
    "Bounce",
    BOUNCE_SECONDS,
    {
        "bounceType": "Transient",
        "bounceSubType": "MailboxFull",
        "status": "4.2.2",
        "diagnosticCode": "smtp; 452 4.2.2 mailbox full",
    },
)
SUPPRESSED = Happening(
    "Bounce", BOUNCE_SECONDS, {"bounceType": "Permanent", "bounceSubType": "Suppressed"}
)
ON_OUR_LIST = Happening(
    "Bounce",
    BOUNCE_SECONDS,
    {
        "bounceType": "Permanent",
        "bounceSubType": "OnAccountSuppressionList",
        "diagnosticCode": "Amazon SES did not send the message to this address because it is on"
        " the suppression list for your account.",
    },
)
COMPLAINED_BEFORE = Happening(
    "Complaint", COMPLAINT_SECONDS, {"complaintSubType": "OnAccountSuppressionList"}
)
COMPLAINED = Happening("Complaint", COMPLAINT_SECONDS, {"complaintFeedbackType": "abuse"})
DELAYED = Happening("DeliveryDelay", DELAY_SECONDS, {"delayType": "MailboxFull"})
REJECTED = Happening("Reject", DELIVERY_SECONDS, {"reason": "Bad content"})

_NAMED: dict[str, tuple[Happening, ...]] = {
    "success": (SENT, DELIVERED),
    "ooto": (SENT, DELIVERED),
    "bounce": (SENT, HARD),
    "complaint": (SENT, DELIVERED, COMPLAINED),
    "suppressionlist": (SENT, SUPPRESSED),
    "softbounce": (SENT, SOFT),
    "delay": (SENT, DELAYED, DELIVERED),
    "reject": (SENT, REJECTED),
    "open": (SENT, DELIVERED),
    "click": (SENT, DELIVERED),
    "machine": (SENT, DELIVERED),
}
"""By the mailbox of the simulator, or by what follows the `+` of any other address: as in
`ann+bounce@shop.example`. From softbounce on they are not SES's but ours."""


def is_named(address: str) -> bool:
    """Whether an address itself says what comes of letters to it."""
    label = address.partition("@")[0].lower().partition("+")[2]
    return simulated(address) or label in _NAMED


def reactions_to(
    address: str, letter: str, html: str, reactions: Reactions, account: FakeAccount, seed: str
) -> Iterator[Happening]:
    """What comes of a letter to one address; `letter` is its id, for the dice."""
    local, _, label = address.partition("@")[0].lower().partition("+")
    on_list = account.suppressed.get(address.lower())
    if on_list is not None:
        yield SENT
        yield ON_OUR_LIST if on_list.reason == BOUNCE else COMPLAINED_BEFORE
        return
    said = local if simulated(address) else label
    if said in _NAMED or simulated(address):
        yield from _NAMED.get(said, (SENT, DELIVERED))
        if said in ("open", "click"):
            yield from _person(letter, html, reactions, seed, clicks=said == "click")
        if said == "machine":
            yield from _machine(html)
        return
    yield SENT

    def drawn(share: float, what: str, of: str = letter) -> bool:
        return share > 0 and fraction(seed, what, of) < share

    if drawn(reactions.reject, "reject"):
        yield REJECTED
    elif drawn(reactions.bounce, "bounce", address.lower()):
        yield HARD
    elif drawn(reactions.soft_bounce, "soft_bounce"):
        yield SOFT
    else:
        if drawn(reactions.delay, "delay"):
            yield DELAYED
        yield DELIVERED
        if drawn(reactions.complaint, "complaint"):
            yield COMPLAINED
        if drawn(reactions.machine, "machine"):
            yield from _machine(html)
        if drawn(reactions.open, "open"):
            yield from _person(
                letter, html, reactions, seed, clicks=drawn(reactions.click, "click")
            )


def _person(
    letter: str, html: str, reactions: Reactions, seed: str, *, clicks: bool
) -> Iterator[Happening]:
    thrown = fraction(seed, "reads", letter)
    after = DELIVERY_SECONDS + (0.1 + 0.9 * thrown) * reactions.reading_seconds
    agents = (*PEOPLE, IMAGE_PROXY)
    agent = agents[int(thrown * 1000) % len(agents)]
    yield Happening("Open", after, {"userAgent": agent, "ipAddress": "198.51.100.7"})
    links = links_of(html) if clicks else []
    if links:
        link = links[int(thrown * 997) % len(links)]
        person = PEOPLE[int(thrown * 1000) % len(PEOPLE)]
        told = {"userAgent": person, "ipAddress": "198.51.100.7", "link": link}
        yield Happening("Click", after + 0.1 * reactions.reading_seconds, told)


def _machine(html: str) -> Iterator[Happening]:
    told = {"userAgent": MAIL_PRIVACY, "ipAddress": "203.0.113.20"}
    yield Happening("Open", SCANNER_SECONDS, told)
    for number, link in enumerate(links_of(html)):
        agent = SCANNERS[number % len(SCANNERS)]
        scanned = {"userAgent": agent, "ipAddress": "203.0.113.99", "link": link}
        yield Happening("Click", SCANNER_SECONDS + 0.01 * number, scanned)


def links_of(html: str) -> list[str]:
    """The web addresses that a letter links to, each once, in their order."""
    return list(dict.fromkeys(unescape(one) for one in _LINK.findall(html)))[:LINKS_KEPT]
