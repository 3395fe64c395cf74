"""Looks a finished letter over: what receivers punish, what readers miss, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from lifecycle.render.check import CLIPPED_BYTES

SHOWN_SUBJECT = 60
"""Characters of a subject that a list of letters shows; a phone shows about 40."""
LEAST_TEXT = 200
"""Characters a letter with pictures should say in words."""
MOST_LINKS = 60
LEAST_TEXT_PART = 0.3
"""Of what the HTML says, the text part should say as much at least."""
NEAR_CLIPPING = 0.85
SHORTENERS = frozenset(
    "bit.ly tinyurl.com t.co goo.gl ow.ly buff.ly is.gd cutt.ly rebrand.ly rb.gy t.ly"
    " tiny.cc".split()
)
FREE_MAIL = frozenset(
    "gmail.com googlemail.com yahoo.com yahoo.de outlook.com hotmail.com live.com aol.com"
    " icloud.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de mail.ru".split()
)
_NO_REPLY = re.compile(
    r"^(?:no|do-?not|don-?t)[-_.]?reply|^noreply|^nepasrepondre|^keine-?antwort", re.I
)
_FAKE_REPLY = re.compile(r"^\s*(?:re|aw|fwd?|wg|sv|tr)\s*:", re.I)
_SHOUTED = re.compile(r"[!?]{2,}|[!?]\s+[!?]")
_MONEY = re.compile(r"[$€£]{2,}")
_LEFT_OVER = re.compile(r"\{\{|\}\}|\{%|%\}|\b(?:undefined|NaN)\b")
_GAP = re.compile(r"(?:hello|hi|dear|hallo|liebe[r]?)\s+[,!]", re.I)
_ADDRESS_SHOWN = re.compile(r"^(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[/?#]\S*)?$", re.I)
_SIZE = re.compile(r"font-size\s*:\s*(\d+(?:\.\d+)?)px", re.I)
LEAST_SIZE = 4.0
"""Pixels; nobody reads smaller words."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing doubtful in a letter: what, and why it matters or what to do."""

    problem: str
    reason: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A letter as it is looked over, its links as they truly lead."""

    subject: str
    html: str
    text: str
    sender: str
    marketing: bool = True
    reply_to: str = ""


def lint_letter(letter: Looked) -> list[Doubt]:
    """Tell what is doubtful in a finished letter, each thing once."""
    read = _Read()
    read.feed(letter.html)
    read.close()
    found = [
        *_of_the_subject(letter.subject),
        *_of_the_sender(letter.sender, letter.reply_to),
        *_of_the_size(letter.html),
        *_of_the_links(read),
        *_of_the_pictures(read),
        *_of_the_words(letter, read),
    ]
    return list(dict.fromkeys(found))


class _Read(HTMLParser):
    """What a letter's HTML holds: links with their words, pictures, and the words a reader sees."""

    _VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
    _SILENT = frozenset({"style", "script", "title", "head"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []
        self.pictures: list[dict[str, str]] = []
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.tiny = False
        self.begins_hidden: bool | None = None
        """Whether the first words are hidden, as a preheader is; None without any words."""
        self._hidden: list[str] = []
        self._sizes: list[tuple[str, float | None]] = []
        self._link: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        style = told.get("style", "")
        silent = tag in self._SILENT or bool(_HIDDEN.search(style))
        if self._hidden or silent:
            if tag not in self._VOID:
                self._hidden.append(tag)
            return
        if tag not in self._VOID:
            size = _SIZE.search(style)
            self._sizes.append((tag, float(size[1]) if size else None))
        if tag == "a" and "href" in told:
            self._link = (told["href"].strip(), [])
        elif tag == "img":
            self.pictures.append(told)
            if self._link is not None:
                self._link[1].append(told.get("alt", ""))

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag in self._hidden:
                while self._hidden and self._hidden.pop() != tag:
                    pass
            return
        if any(tag == one for one, _ in self._sizes):
            while self._sizes and self._sizes.pop()[0] != tag:
                pass
        if tag == "a" and self._link is not None:
            href, words = self._link
            self.links.append((href, " ".join(" ".join(words).split())))
            self._link = None

    def handle_data(self, data: str) -> None:
        if not data.strip() or "head" in self._hidden or "title" in self._hidden:
            return
        if self.begins_hidden is None:
            self.begins_hidden = bool(self._hidden)
        if self._hidden:
            return
        self.words.append(data)
        size = next((one for _, one in reversed(self._sizes) if one is not None), None)
        self.tiny = self.tiny or (size is not None and size < LEAST_SIZE)
        if self._link is not None:
            self._link[1].append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.words).split())


def _of_the_subject(subject: str) -> Iterator[Doubt]:
    letters = [one for one in subject if one.isalpha()]
    if len(subject) > SHOWN_SUBJECT:
        yield Doubt(
            f"The subject has {len(subject)} characters",
            f"Lists of letters cut it after about {SHOWN_SUBJECT}, phones after 40: "
            "say what matters first",
        )
    if len(letters) >= 8 and sum(one.isupper() for one in letters) > 0.7 * len(letters):
        yield Doubt("The subject is written in capitals", "Filters count it as shouting")
    if _SHOUTED.search(subject) or _MONEY.search(subject):
        yield Doubt("The subject repeats ! ? or signs of money", "Filters count it as shouting")
    if _FAKE_REPLY.search(subject):
        yield Doubt(
            "The subject poses as an answer or a forwarded letter",
            "The law calls that a deceptive subject, and readers complain",
        )
    if _LEFT_OVER.search(subject):
        yield Doubt("The subject shows signs of a template", "A value may be missing there")


def _of_the_sender(sender: str, reply_to: str) -> Iterator[Doubt]:
    answers = _bare(reply_to or sender)
    domain = _bare(sender).rpartition("@")[2]
    if _NO_REPLY.search(answers.rpartition("@")[0]):
        yield Doubt(
            f"Nobody can answer to {answers}",
            "Receivers value answers, and some laws want a working address: add reply_to",
        )
    if domain.lower() in FREE_MAIL:
        yield Doubt(
            f"The sender's domain is {domain}",
            "Its owner tells receivers to refuse letters that others send in its name (DMARC)",
        )


def _bare(mailbox: str) -> str:
    return mailbox.rpartition("<")[2].rstrip("> ").strip()


def _of_the_size(html: str) -> Iterator[Doubt]:
    size = len(html.encode("utf-8", "replace"))
    if size > NEAR_CLIPPING * CLIPPED_BYTES:
        over = "cuts it" if size > CLIPPED_BYTES else "soon cuts it"
        yield Doubt(
            f"The letter's HTML has {size // 1024} KB",
            f"Gmail {over} at 102 KB, and the unsubscribe link with it",
        )


def _of_the_links(read: _Read) -> Iterator[Doubt]:
    if len(read.links) > MOST_LINKS:
        yield Doubt(f"The letter has {len(read.links)} links", "Filters distrust so many")
    for href, words in read.links:
        if not href or href == "#":
            yield Doubt(f"A link leads nowhere: {words[:40] or 'without words'}", "Name its target")
            continue
        target = urlsplit(href) if _splits(href) else None
        if target is None:
            yield Doubt(f"A link's address cannot be read: {href[:60]}", "Write it anew")
        elif target.scheme in ("http", "https"):
            yield from _of_target(href, words, target)
        if not words:
            yield Doubt(
                f"A link has no words: {href[:60]}",
                "Screen readers read its address out: write words, or the picture's alt",
            )


def _of_target(href: str, words: str, target: SplitResult) -> Iterator[Doubt]:
    host = (target.hostname or "").lower()
    if target.scheme == "http":
        yield Doubt(f"A link is not encrypted: {href[:60]}", "Browsers warn of it: write https://")
    if host in SHORTENERS:
        yield Doubt(
            f"A link goes through {host}",
            "Shortened addresses hide where they lead: filters punish it",
        )
    if _is_number(host):
        yield Doubt(f"A link leads to a bare number: {host}", "Only attackers write such links")
    if target.username or target.password:
        yield Doubt(f"A link carries a user name: {host}", "It looks like a forged address")
    shown = _ADDRESS_SHOWN.match(words)
    if shown and _site(shown[1]) != _site(host):
        yield Doubt(
            f"A link shows {shown[1]} and leads to {host}", "Filters take that for phishing"
        )


def _splits(href: str) -> bool:
    try:
        urlsplit(href)
    except ValueError:
        return False
    return True


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host.isdigit()
    return True


def _site(host: str) -> str:
    """The last two parts of a host, by which a shop's own sites are one."""
    return ".".join(host.lower().removeprefix("www.").split(".")[-2:])


def _of_the_pictures(read: _Read) -> Iterator[Doubt]:
    for one in read.pictures:
        source = one.get("src", "").strip()
        if one.get("width") == "1" and one.get("height") == "1":
            continue
        shown = source[:60] or "without a source"
        if source.startswith("http://"):
            yield Doubt(f"A picture is not encrypted: {shown}", "Many programs do not load it")
        elif not source.startswith(("https://", "cid:", "data:")):
            yield Doubt(f"A picture has no whole address: {shown}", "No reader will see it")
        if "alt" not in one:
            yield Doubt(
                f"A picture has no alt: {shown}",
                'Half of the readers see no pictures at first: say it in words, or alt=""',
            )
        if "width" not in one:
            yield Doubt(
                f"A picture has no width: {shown}", "Outlook for Windows shows it in its full size"
            )


def _of_the_words(letter: Looked, read: _Read) -> Iterator[Doubt]:
    said = read.said
    if read.pictures and len(said) < LEAST_TEXT:
        yield Doubt(
            f"The letter says {len(said)} characters in words, the rest in pictures",
            "Filters cannot read pictures and distrust them; many readers see none at first",
        )
    if len(letter.text.split()) < LEAST_TEXT_PART * len(said.split()):
        yield Doubt(
            "The text part says much less than the HTML",
            "Filters compare the two, and some readers see it alone",
        )
    if letter.marketing and not read.begins_hidden:
        yield Doubt(
            "There is no preheader",
            "Lists of letters show the letter's first words beside the subject, whatever they are",
        )
    if read.tiny:
        yield Doubt("Some words are too small to be read", "Filters take them for hidden")
    for tag in ("script", "iframe", "embed", "applet"):
        if tag in read.tags:
            yield Doubt(f"The letter holds <{tag}>", "Receivers refuse letters with programs")
    if _LEFT_OVER.search(said):
        yield Doubt("The letter shows signs of a template", "A value may be missing there")
    if _GAP.search(said):
        yield Doubt(
            "The greeting has no name in it", "Give a name for those of whom none is known: default"
        )
