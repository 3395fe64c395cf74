"""What of a letter is followed, by the shop's word and the customer's, and how links are named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from lifecycle.core.settings import Settings, Topic

Mode = Literal["off", "aggregate", "individual"]
TRACKING = "tracking"
"""The topic by which a customer agrees to being followed letter by letter."""


def mode_for(settings: Settings, topic: str | None, consents: Mapping[str, bool]) -> Mode:
    """How one customer's letter of a topic is followed.

    Where the topic says “by consent”, a customer who has not agreed to the topic `tracking` is
    counted among all, and not by name.
    """
    said = settings.tracking.mode
    known: Topic | None = settings.topics.get(topic) if topic else None
    if said != "individual" or known is None or known.tracking is None:
        return said
    return said if consents.get(TRACKING, False) else "aggregate"


@dataclass(frozen=True, slots=True)
class Naming:
    """Names the links to the shop's own site for its web statistics (utm_source and its like)."""

    site: str
    parameters: tuple[tuple[str, str], ...]

    def name(self, url: str) -> str:
        """The address with what it lacks of the parameters; another site's stays as it is."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower().removeprefix("www.")
        except ValueError:
            return url
        own = host == self.site or host.endswith(f".{self.site}")
        if parts.scheme not in ("http", "https") or not own:
            return url
        there = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        added = "&".join(
            f"{name}={quote(value, safe='')}"
            for name, value in self.parameters
            if value and name not in there
        )
        if not added:
            return url
        query = f"{parts.query}&{added}" if parts.query else added
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def naming_of(settings: Settings, campaign: str, step: str, variant: str) -> Naming | None:
    """How the links of one step's letters are named; None where the settings say nothing of it.

    `{campaign}`, `{step}` and `{variant}` stand for those of the letter.
    """
    utm = settings.tracking.utm
    if utm is None:
        return None
    site = (urlsplit(settings.shop.website).hostname or "").lower().removeprefix("www.")
    if not site:
        return None
    told = {"campaign": campaign, "step": step, "variant": variant}

    def filled(text: str) -> str:
        for name, value in told.items():
            text = text.replace(f"{{{name}}}", value)
        return text.strip(" -_/")

    said = (
        ("utm_source", utm.source),
        ("utm_medium", utm.medium),
        ("utm_campaign", utm.campaign),
        ("utm_content", utm.content),
    )
    return Naming(site, tuple((name, filled(value)) for name, value in said))
