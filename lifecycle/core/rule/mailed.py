"""Leaves on our own campaigns: whether the customer is in one now, and what was sent."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.event import Event
from lifecycle.core.rule.counts import reach_of
from lifecycle.core.rule.tree import Needs, View, Why
from lifecycle.core.rule.window import Window
from lifecycle.core.words import WordProblem, rfc3339, shown

SENT = "message_sent"
"""Our own event of a letter that was handed over; it names campaign and step."""


@dataclass(frozen=True, slots=True)
class InCampaign:
    """`in_campaign`: an enrollment of the customer in that campaign is running now.

    It runs from the entry until it ends or the last of its letters is out; who was held out is not
    in the campaign.
    """

    name: str

    def matches(self, view: View) -> bool:
        """Whether one runs."""
        return any(one.campaign == self.name and one.running for one in view.facts.enrollments)

    def may_turn_at(self, view: View) -> datetime | None:
        """Time alone does not turn it: what begins or ends an enrollment does."""
        return None

    def needs(self) -> Needs:
        """The enrollments that run."""
        return Needs(running=True)

    def why(self, view: View) -> Why:
        """Since when the customer is in it, or how the last enrollment ended."""
        asks = f"in campaign {self.name}"
        every = [one for one in view.facts.enrollments if one.campaign == self.name]
        running = [one for one in every if one.running]
        if running:
            return Why(asks, True, f"since {rfc3339(min(one.entered_at for one in running))}")
        if not every:
            return Why(asks, False, "never entered")
        last = max(every, key=lambda one: (one.ended_at or one.entered_at, one.id))
        ended = last.state.value.replace("_", " ")
        return Why(asks, False, f"{ended} at {rfc3339(last.ended_at or last.entered_at)}")


@dataclass(frozen=True, slots=True)
class WasSent:
    """`was_sent`: a letter of that campaign, or of that step of it, was handed over."""

    campaign: str
    step: str | None
    window: Window

    def matches(self, view: View) -> bool:
        """Whether one lies in the window."""
        return bool(self.window.pick(self._sent(view), view))

    def may_turn_at(self, view: View) -> datetime | None:
        """When the last one inside leaves the window, or the next one enters it."""
        sent = self._sent(view)
        inside = self.window.pick(sent, view)
        return self.window.may_turn_at(sent, view, spare=max(0, len(inside) - 1))

    def _sent(self, view: View) -> list[Event]:
        """What was sent, in order."""
        return [
            event
            for event in view.facts.events.get(SENT, ())
            if event["campaign"] == self.campaign and self.step in (None, event["step"])
        ]

    def needs(self) -> Needs:
        """What was sent, as far back as the window reaches."""
        reach = reach_of(self.window, None)
        return Needs(
            frozenset(((SENT, reach),)),
            attributes=self.window.attributes,
            entry=self.window.reads_entry,
        )

    def why(self, view: View) -> Why:
        """The last letter there was."""
        named = self.campaign if self.step is None else f"{self.campaign}/{self.step}"
        sent = self._sent(view)
        sent = sent[: bisect_right(sent, view.now, key=lambda event: event.at)]
        saw = f"last at {rfc3339(sent[-1].at)}" if sent else "nothing sent"
        if not self.window.known(view):
            saw = "the length of the window is unknown"
        asks = f"was sent {named}{self.window.words()}"
        return Why(asks, self.matches(view), saw, self.may_turn_at(view))


def sent_name(raw: object) -> tuple[str, str | None]:
    """Read "campaign" or "campaign/step". Raises WordProblem."""
    hint = 'write was_sent = "welcome" or was_sent = "welcome/first_letter"'
    if not isinstance(raw, str) or not raw:
        raise WordProblem(f"`was_sent` takes a campaign, not {shown(raw)}", hint)
    campaign, slash, step = raw.partition("/")
    if not campaign or (slash and not step):
        raise WordProblem(f"“{raw}” names no campaign and step", hint)
    return campaign, step or None
