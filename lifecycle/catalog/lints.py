"""Doubts: what is legal and works, but is probably not meant; warnings all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS, SEGMENTS, SETTINGS
from lifecycle.catalog.lints_certain import decided
from lifecycle.catalog.lints_windows import doubtful_windows
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, nearest, of_file
from lifecycle.catalog.project import Leaf, Project, leaves, walk
from lifecycle.catalog.retention import messages_kept
from lifecycle.catalog.steps import Written, emitted, steps_written
from lifecycle.catalog.tables import keys_of, shape_of
from lifecycle.catalog.told_of import spoken
from lifecycle.core.campaign import Flow, letters_of
from lifecycle.core.kept import LEAVES
from lifecycle.core.mailbox import domain_of
from lifecycle.core.step import Step

SHOP_EVENTS = (
    *("newsletter_joined", "customer_created", "site_visited", "product_viewed"),
    *("product_searched", "cart_updated", "cart_emptied", "checkout_started", "order_placed"),
    *("order_fulfilled", "order_delivered", "order_cancelled", "order_refunded"),
    *("review_submitted", "survey_answered", "referral_claimed", "waitlist_joined"),
    *("product_restocked", "price_dropped", "ticket_opened", "ticket_closed"),
)
"""What shops commonly say; a shop's own names are free."""
ENGINE_EVENTS = (
    *("message_sent", "message_delivered", "message_opened", "message_clicked"),
    *("message_bounced", "message_complained", "message_unsubscribed", "segment_joined"),
    *("segment_left", "consent_given", "consent_withdrawn", "points_earned", "points_expiring"),
    *("tier_reached", "incentive_issued", "incentive_redeemed", "referral_qualified"),
    *("referral_granted", "referral_refused", "referral_reversed"),
    *("confirmation_wanted", "confirmation_called_off"),
    *("message_rejected", "message_unrendered"),
)
"""What the engine itself says."""
_EVENT_KEYS = {
    *(("enter", "when"), ("exit", "when"), ("goal", "when")),
    *(("points", "earn", "when"), ("referral", "qualifies")),
}
_SEGMENT_KEYS = {
    *(("enter", "joins"), ("enter", "leaves"), ("waves", "first"), ("warm_up", "engaged")),
}
_SATISFACTION = ("rating", "score", "stars", "satisfaction", "nps", "sentiment")


def lint(project: Project, hook_events: Collection[str] = ()) -> Iterator[Problem]:
    """A warning for each doubt; nothing about unused files while files with errors are left."""
    yield from _unheard_events(project, hook_events)
    yield from _settings(project)
    if not project.has_errors:
        yield from _unused_segments(project)
    yield from doubtful_windows(project)
    yield from decided(project)
    for name, document in project.of(CAMPAIGNS):
        campaign = project.campaigns.get(name)
        if isinstance(campaign, Flow):
            yield from _flow(document, name, campaign)


def _unheard_events(project: Project, hook_events: Collection[str]) -> Iterator[Problem]:
    known = {*SHOP_EVENTS, *ENGINE_EVENTS, *hook_events}
    for document in project.case_documents:
        for place, value in walk(document.data):
            if shape_of(place) == ("case", "happens", "event") and isinstance(value, str):
                known.add(value)
    known |= emitted(document for _, document in project.of(CAMPAIGNS))
    for document in project.ruled:
        for place, name in _named_events(document):
            stem = name.removesuffix("*")
            if name in known or (stem != name and any(one.startswith(stem) for one in known)):
                continue
            near = nearest(name, sorted(known))
            hint = "if the shop sends it, let a case in tests/campaigns/ speak of it"
            hint = f"did you mean “{near}”? {hint.capitalize()}" if near else hint
            yield document.problem(
                place, f"nothing else speaks of an event “{name}”", hint, "warning"
            )


def _named_events(document: Document) -> Iterator[tuple[Place, str]]:
    for place, value in walk(document.data):
        if shape_of(place) in _EVENT_KEYS and isinstance(value, str):
            yield place, value
    for step in steps_written(document):
        silence = step.said.get("suppress")
        until = silence.get("until") if isinstance(silence, dict) else None
        yield from _texts(until, (*step.place, "suppress", "until"))
        yield from _texts(step.said.get("wait_for"), (*step.place, "wait_for"))
    for one in spoken(document):
        if not one.path:
            yield one.place, one.names[0]


def _texts(said: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if not isinstance(said, dict):
        yield from ((at, one) for at, one in walk(said, place) if isinstance(one, str))


def _settings(project: Project) -> Iterator[Problem]:
    """What the settings say that is not done as said."""
    document, settings = project.documents.get(SETTINGS), project.settings
    if document is None or settings is None:
        return
    senders = {domain_of(one.from_) for one in settings.senders.values()}
    if settings.warm_up is not None and settings.warming_domain not in senders:
        problem = f"no sender writes from {settings.warming_domain}: nothing is warmed up"
        hint = f"senders write from {', '.join(sorted(senders))}"
        yield document.problem(("warm_up", "domain"), problem, hint, "warning")
    said = settings.retention.messages
    kept = messages_kept(settings, project.campaigns.values())
    if said is not None and kept is not None and kept > said:
        problem = f"messages are kept for {kept.days} days all the same"
        hint = "unsubscribe links, caps and running tests need them"
        yield document.problem(("retention", "messages"), problem, hint, "warning")


def _unused_segments(project: Project) -> Iterator[Problem]:
    used: set[Any] = set()
    for document in project.ruled:
        used |= {leaf.said["in_segment"] for leaf in leaves(document) if _says_name(leaf)}
        for place, value in walk(document.data):
            if shape_of(place) in _SEGMENT_KEYS and isinstance(value, str):
                used.add(value)
    for name, document in project.of(SEGMENTS):
        if name not in used:
            problem = "no campaign and no other segment uses this segment"
            yield of_file(document.file, problem, severity="warning")


def _says_name(leaf: Leaf) -> bool:
    return isinstance(leaf.said.get("in_segment"), str)


def _flow(document: Document, name: str, flow: Flow) -> Iterator[Problem]:
    letters = [step for _, step in letters_of(flow)]
    if len(letters) > 1 and not flow.exit.when and flow.exit.if_ is None:
        problem = "a flow of several letters without [exit] goes on whatever the customer does"
        hint = 'say what ends it: [exit] when = "order_placed"'
        yield document.problem(("enter",), problem, hint, "warning")
    for step in steps_written(document):
        yield from _set(document, step)
    if "review" not in f"{name} {flow.name}".lower():
        return
    rules = [
        leaf for leaf in leaves(document) if leaf.place[-1] != "if" and "exit" not in leaf.place
    ]
    for leaf in rules:
        if any(word in str(leaf.said).lower() for word in _SATISFACTION):
            problem = (
                "asking only satisfied customers for reviews misleads, and is unlawful in places"
            )
            hint = "ask everyone who got the order"
            yield document.problem(leaf.place, problem, hint, "warning")


def _set(document: Document, step: Written) -> Iterator[Problem]:
    """Keys of a step that stand under [step.set], and attributes that the engine keeps itself."""
    said = step.said.get("set")
    for place, _ in walk(said if isinstance(said, dict) else {}):
        path = tuple(part for key in place for part in str(key).split("."))
        at: Place = (*step.place, "set", *place)
        if len(place) == 1 and place[0] in keys_of(Step) and place[0] not in ("name", "on"):
            problem = f"this sets an attribute “{place[0]}” of the customer"
            hint = "if the step is meant, move it above the heading that ends in set"
            yield document.problem(at, problem, hint, "warning")
        elif len(path) == 2 and path[1] in LEAVES.get(path[0], ()):
            problem = f"the engine keeps “{'.'.join(path)}” itself: from here on this one counts"
            yield document.problem(at, problem, "choose another name", "warning")
