"""Tells the opens and clicks of machines from those of people: a score, and the signs for it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any

from crawleruseragents import is_crawler

MACHINE_FROM = 0.5
"""From this score on it is taken for a machine's; the score is the sum of its signs, 1 at most."""
RIGHT_AFTER = timedelta(seconds=3)
"""Nobody opens and reads a letter so soon after it left us; a scanner on its way does."""
SETTLES_WITHIN = timedelta(minutes=2)
"""So long after it left scanners come; the engine hears of clicks in that time a little later."""
SETTLE = timedelta(seconds=3)
"""How much later: by then the other links that a scanner follows have been followed too."""
BURST = timedelta(seconds=2)
BURST_LINKS = 3
"""So many different links within `BURST` no hand follows."""
KEPT_MESSAGES = 10_000
AGENT_CHARACTERS = 512
SIGNS = {
    "no user agent": 1.0,
    "privacy proxy": 1.0,
    "known program": 1.0,
    "fetched in advance": 1.0,
    "many links at once": 1.0,
    "right after sending": 0.3,
    "no language": 0.15,
}
_OTHERS = re.compile(
    r"scan|preview|prefetch|monitor|headless|phantom|slurp|java/|libwww|httpclient|axios"
    r"|barracuda|mimecast|proofpoint|safelinks|symantec|trend ?micro|forcepoint|fireeye|sophos"
    r"|zscaler|urldefense|cisco|fortimail|cloudmark",
    re.IGNORECASE,
)
"""Scanners of mail, which a collection of web crawlers does not name."""
_BARE = re.compile(r"Mozilla/\d\.\d")
"""All that Apple's mail privacy says of itself when it fetches every picture in advance."""
_PEOPLE = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)
"""Fetched on behalf of a person who opens the letter just then."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How likely a hit was a machine's, from 0 to 1, and the signs that say so."""

    signs: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """The sum of the signs, 1 at most."""
        return round(min(1.0, sum(SIGNS[one] for one in self.signs)), 2)

    @property
    def is_machine(self) -> bool:
        """Whether it counts as a machine's: kept as evidence, never as engagement."""
        return self.score >= MACHINE_FROM

    def told(self) -> dict[str, Any]:
        """What an event says of it: nothing where nothing speaks for a machine."""
        if not self.signs:
            return {}
        said: dict[str, Any] = {"machine": True} if self.is_machine else {}
        return {**said, "machine_score": self.score, "machine_signs": list(self.signs)}


def judge(
    headers: Mapping[str, str], sent_at: datetime | None, at: datetime, *, browses: bool = True
) -> Judged:
    """Judge one hit at `at` on a letter that left at `sent_at` by what its request shows.

    `headers` by names in small letters; `browses` where a browser would tell its language. A
    guess: a scanner that poses as a browser, and waits, gets by.
    """
    agent = headers.get("user-agent", "").strip()[:AGENT_CHARACTERS]
    purposes = (headers.get(name, "") for name in ("purpose", "sec-purpose", "x-purpose", "x-moz"))
    signs = []
    if not agent:
        signs.append("no user agent")
    elif _BARE.fullmatch(agent):
        signs.append("privacy proxy")
    elif _is_program(agent):
        signs.append("known program")
    if any("prefetch" in said or "preview" in said for said in purposes):
        signs.append("fetched in advance")
    if sent_at is not None and at - sent_at < RIGHT_AFTER:
        signs.append("right after sending")
    if browses and agent and not _PEOPLE.search(agent) and "accept-language" not in headers:
        signs.append("no language")
    return Judged(tuple(signs))


@lru_cache(maxsize=4096)
def _is_program(agent: str) -> bool:
    return not _PEOPLE.search(agent) and (bool(_OTHERS.search(agent)) or is_crawler(agent))


@dataclass
class Bursts:
    """The latest clicks of each message, by which many links at once are seen; for one process."""

    _of: OrderedDict[str, list[tuple[datetime, int, str]]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def click(self, message_id: str, number: int, event_id: str, at: datetime) -> list[str]:
        """Note a click on a link; gives the ids of all clicks of the burst it makes, or none."""
        with self._lock:
            latest = [one for one in self._of.get(message_id, ()) if at - one[0] <= BURST]
            latest.append((at, number, event_id))
            self._of[message_id] = latest
            self._of.move_to_end(message_id)
            while len(self._of) > KEPT_MESSAGES:
                self._of.popitem(last=False)
        if len({one for _, one, _ in latest}) < BURST_LINKS:
            return []
        return [one for _, _, one in latest]
