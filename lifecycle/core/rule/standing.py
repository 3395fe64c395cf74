"""Leaves on how a customer stands: segment, consent, tenure, suppression, a random share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.chance import fraction
from lifecycle.core.rule.compare import moved
from lifecycle.core.rule.length import Length, attributes_of, length_of, words_of
from lifecycle.core.rule.tree import Needs, View, Why
from lifecycle.core.words import rfc3339


@dataclass(frozen=True, slots=True)
class InSegment:
    """`in_segment`: that segment's rule holds at this very moment."""

    name: str

    def matches(self, view: View) -> bool:
        """Whether the segment's rule holds now; a segment that is not there holds for nobody."""
        if self.name not in view.answers:
            rule = view.segments.get(self.name)
            view.answers[self.name] = False if rule is None else rule.matches(_without_entry(view))
        return view.answers[self.name]

    def may_turn_at(self, view: View) -> datetime | None:
        """When the segment may turn."""
        rule = view.segments.get(self.name)
        return None if rule is None else rule.may_turn_at(_without_entry(view))

    def needs(self) -> Needs:
        """That segment."""
        return Needs(segments=frozenset((self.name,)))

    def why(self, view: View) -> Why:
        """The segment's own answer below."""
        rule = view.segments.get(self.name)
        parts = () if rule is None else (rule.why(_without_entry(view)),)
        return Why(f"in segment {self.name}", self.matches(view), "", self.may_turn_at(view), parts)


def _without_entry(view: View) -> View:
    return View(view.facts, view.now, view.segments, None, view.answers)


@dataclass(frozen=True, slots=True)
class AgreedTo:
    """`agreed_to`: the latest recorded consent to that topic is a yes."""

    topic: str

    def matches(self, view: View) -> bool:
        """Whether there is a yes that was not taken back."""
        return view.facts.consents.get(self.topic, False)

    def may_turn_at(self, view: View) -> datetime | None:
        """Time alone does not turn it."""
        return None

    def needs(self) -> Needs:
        """That topic."""
        return Needs(topics=frozenset((self.topic,)))

    def why(self, view: View) -> Why:
        """What was recorded."""
        said = view.facts.consents.get(self.topic)
        saw = "nothing recorded" if said is None else ("yes" if said else "taken back")
        return Why(f"agreed to {self.topic}", self.matches(view), saw)


@dataclass(frozen=True, slots=True)
class KnownFor:
    """`known_for`: the customer has been known to us for at least so long."""

    length: Length

    def matches(self, view: View) -> bool:
        """Whether the tenure has been reached."""
        reached = self._reached(view)
        return reached is not None and reached <= view.now

    def may_turn_at(self, view: View) -> datetime | None:
        """The instant at which the tenure is reached."""
        reached = self._reached(view)
        return reached if reached is not None and reached > view.now else None

    def _reached(self, view: View) -> datetime | None:
        since, length = view.facts.known_since, length_of(self.length, view)
        return None if since is None or length is None else moved(since, length)

    def needs(self) -> Needs:
        """The attribute in which a length of the person is told."""
        return Needs(attributes=attributes_of(self.length))

    def why(self, view: View) -> Why:
        """Since when the customer is known."""
        since = view.facts.known_since
        saw = "never seen" if since is None else f"known since {rfc3339(since)}"
        if length_of(self.length, view) is None:
            saw += ", and the length is unknown"
        asks = f"known for {words_of(self.length)}"
        return Why(asks, self.matches(view), saw, self.may_turn_at(view))


@dataclass(frozen=True, slots=True)
class Suppressed:
    """`suppressed = true`: the customer's address must not be mailed."""

    def matches(self, view: View) -> bool:
        """Whether the address is suppressed."""
        return view.facts.suppressed is not None

    def may_turn_at(self, view: View) -> datetime | None:
        """Time alone does not turn it."""
        return None

    def needs(self) -> Needs:
        """The suppression."""
        return Needs(suppression=True)

    def why(self, view: View) -> Why:
        """The reason of the suppression."""
        return Why("suppressed", self.matches(view), view.facts.suppressed or "not suppressed")


@dataclass(frozen=True, slots=True)
class RandomPercent:
    """`random_percent`: that share of all customers, by hash, always the same ones for a seed."""

    percent: float
    seed: str

    def matches(self, view: View) -> bool:
        """Whether the customer's number falls into the share."""
        return fraction(self.seed, "random_percent", view.facts.customer_id) * 100 < self.percent

    def may_turn_at(self, view: View) -> datetime | None:
        """Never."""
        return None

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def why(self, view: View) -> Why:
        """The customer's number."""
        number = fraction(self.seed, "random_percent", view.facts.customer_id) * 100
        return Why(f"random {self.percent} %", self.matches(view), f"{number:.2f}")
