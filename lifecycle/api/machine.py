"""Tells the opens and clicks of machines from those of people, as far as a request shows."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MACHINES = re.compile(
    r"bot\b|bot/|crawl|spider|scan|slurp|preview|prefetch|monitor|headless|phantom|python|curl|wget"
    r"|go-http|java/|okhttp|libwww|httpclient|axios|node-fetch|barracuda|mimecast|proofpoint"
    r"|safelinks|symantec|trend ?micro|forcepoint|fireeye|sophos|zscaler|urldefense",
    re.IGNORECASE,
)
_BARE = re.compile(r"Mozilla/\d\.\d")
"""All that Apple's mail privacy says of itself when it fetches every picture in advance."""
_PEOPLE = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)
"""Fetched on behalf of a person who opens the letter just then."""


def is_machine(headers: Mapping[str, str]) -> bool:
    """Whether a request looks like a machine's: a scanner, a preview, a privacy proxy.

    `headers` by names in small letters. A guess: a scanner that poses as a browser gets by.
    """
    agent = headers.get("user-agent", "").strip()
    if not agent or _BARE.fullmatch(agent):
        return True
    purposes = (headers.get(name, "") for name in ("purpose", "sec-purpose", "x-purpose", "x-moz"))
    if any("prefetch" in said or "preview" in said for said in purposes):
        return True
    return not _PEOPLE.search(agent) and _MACHINES.search(agent) is not None
