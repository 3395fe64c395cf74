"""Random rules as marketers write them: every leaf, OP and WINDOW of the language."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from tests.properties.histories import MIDDLE, NUMBERS

Rules = st.SearchStrategy[dict[str, Any]]
LENGTHS = ("12 hours", "1 day", "2 days", "3 days", "1 week")
OWN_LENGTHS = ("1.5 x gap", "2 x orders.usual_gap")
DURING = (
    *("today", "yesterday", "this week", "last week", "this month", "last month"),
    *("this year", "last year", "this month last year"),
)
MOMENTS = (
    date(2026, 3, 28),
    date(2026, 3, 29),
    datetime(2026, 3, 29, 2, 30),
    datetime(2026, 3, 29, 0, 30),
    MIDDLE,
    date(2026, 4, 1),
)
EVENTS = (
    *("order_placed", "order_placed", "order_paid", "page_viewed", "order_*", "p*"),
    *("order_placed", "order_paid", "message_opened", "message_*"),
)
TEXTS = ("x", "y", "Zo\u00eb", "o")


def merged(*parts: Rules) -> Rules:
    """Several tables as one."""
    return st.tuples(*parts).map(lambda tables: {k: v for one in tables for k, v in one.items()})


def said(key: str, *values: Any) -> Rules:
    """One key with one of these values."""
    return st.sampled_from(values).map(lambda value: {key: value})


def nothing() -> Rules:
    """No key at all."""
    return st.just({})


def lengths() -> st.SearchStrategy[str]:
    """A length, at times of the person."""
    return st.sampled_from((*LENGTHS, *LENGTHS, *OWN_LENGTHS))


def number_ops() -> Rules:
    """An OP that asks for a number."""
    words = st.sampled_from(("at_least", "at_most", "more_than", "less_than"))
    bounds = st.sampled_from((0, 1, 2, "2", 0.3, 0.1, 5))
    return st.tuples(words, bounds).map(lambda two: dict([two]))


def still_ops() -> Rules:
    """OPs that time alone does not turn."""
    operands = st.sampled_from((*TEXTS, *(one for one in NUMBERS if one != ""), True, False))
    return st.one_of(
        st.tuples(st.sampled_from(("is", "is_not")), operands).map(lambda two: dict([two])),
        st.tuples(
            st.sampled_from(("is_one_of", "is_none_of")),
            st.lists(operands, min_size=1, max_size=2),
        ).map(lambda two: dict([two])),
        st.tuples(
            st.sampled_from(("contains", "starts_with", "ends_with")), st.sampled_from(TEXTS)
        ).map(lambda two: dict([two])),
        number_ops(),
        st.booleans().map(lambda yes: {"is_set": yes}),
        st.tuples(st.sampled_from(("before", "after")), st.sampled_from(MOMENTS)).map(
            lambda two: dict([two])
        ),
        merged(number_ops(), said("is_not", 1, "x")),
    )


def moving_ops() -> Rules:
    """OPs that time alone turns."""
    words = st.sampled_from(("within_last", "within_next", "anniversary_within_next"))
    return st.tuples(words, lengths()).map(lambda two: dict([two]))


def windows(*, entry: bool = False) -> Rules:
    """A window, or none."""
    within = lengths().map(lambda told: {"within": told})
    edges = (("3 days", "1 day"), ("1 week", "12 hours"), ("2 days", "0 days"))
    between = st.sampled_from(edges).map(
        lambda two: {"between": [f"{two[0]} ago", f"{two[1]} ago"]}
    )
    since, until = said("since", *MOMENTS), said("until", *MOMENTS)
    found = {
        "none": nothing(),
        "within": within,
        "within again": within,
        "within once more": within,
        "between": between,
        "between again": between,
        "since": since,
        "until": until,
        "since until": merged(since, until),
        "within until": merged(within, until),
        "during": said("during", *DURING),
        "during again": said("during", *DURING),
    }
    if entry:
        found |= {"since entry": said("since_entry", True)}
        found |= {"before entry": said("before_entry", True)}
    return one_of(found)


def one_of(kinds: dict[str, Rules]) -> Rules:
    """One of these kinds, each as often; `st.one_of` would prefer kinds of many kinds."""
    return st.sampled_from(sorted(kinds)).flatmap(lambda name: kinds[name])


def conditions() -> Rules:
    """What `where` and `has` hold."""
    one = st.one_of(
        said("sku", "x", "y", ["x", "Zo\u00eb"]),
        still_ops().map(lambda op: {"sku": op}),
        number_ops().map(lambda op: {"total": op}),
        moving_ops().map(lambda op: {"when": op}),
        said("items.sku", "x", "y"),
        merged(said("items.sku", "x"), number_ops().map(lambda op: {"items.n": op})),
        st.just({"items": {"sku": "x", "n": {"at_least": 1}}}),
        said("event_weekday", "sun", "sat"),
        said("event_hour", {"at_least": 12}, 0),
        still_ops().map(lambda op: {"items.n": op}),
    )
    return st.one_of(one, one, merged(one, one))


def where() -> Rules:
    """Conditions, or none."""
    return st.one_of(nothing(), nothing(), conditions().map(lambda told: {"where": told}))


def names() -> st.SearchStrategy[Any]:
    """An event's name, a list of names, a prefix."""
    return st.one_of(
        st.sampled_from(EVENTS), st.lists(st.sampled_from(EVENTS), min_size=1, max_size=2)
    )


def counts() -> Rules:
    """How many, or unsaid."""
    return st.one_of(
        nothing(),
        nothing(),
        said("at_least", 0, 1, 2, 3),
        said("at_most", 0, 1, 2),
        said("exactly", 0, 1, 2),
        st.just({"at_least": 1, "at_most": 2}),
    )


def did() -> Rules:
    """`did` without OP and WINDOW, as in a share too."""
    return merged(names().map(lambda told: {"did": told}), where())


def figured() -> Rules:
    """A figure without OP and WINDOW."""
    words = st.sampled_from(("total_of", "average_of", "smallest_of", "largest_of", "distinct_of"))
    paths = st.sampled_from(("total", "total", "sku", "items.n", "items.sku", "items", "when"))
    name = st.sampled_from(("order_placed", "order_placed", "page_viewed"))
    leaf = st.tuples(words, name, paths).map(lambda three: {three[0]: f"{three[1]}.{three[2]}"})
    return merged(leaf, where())


def ends() -> Rules:
    """`first` and `last`."""
    head = st.tuples(st.sampled_from(("first", "last")), names()).map(lambda two: dict([two]))
    has = st.one_of(nothing(), conditions().map(lambda told: {"has": told}))
    return merged(head, where(), has)


def sequences() -> Rules:
    """`sequence` with what may stand beside it."""
    name = st.sampled_from(("order_placed", "order_placed", "order_paid", "page_viewed"))
    return merged(
        st.lists(name, min_size=2, max_size=3).map(lambda told: {"sequence": told}),
        st.sampled_from((*LENGTHS[:3], "")).map(lambda told: {"inside": told} if told else {}),
        st.one_of(nothing(), said("same", "sku", "items.sku")),
        st.one_of(nothing(), said("without", "ticket_closed", "order_paid")),
    ).filter(lambda told: told.get("without") not in told["sequence"][1:-1])


def followed() -> Rules:
    """`not_followed_by`."""
    return merged(
        said("did", "order_placed", "page_viewed"),
        said("not_followed_by", "order_paid", "ticket_closed"),
        st.one_of(nothing(), said("same", "sku", "items.sku")),
    )


def event_kinds(*, entry: bool) -> dict[str, Rules]:
    """Every leaf on what happened, by its kind."""
    window = windows(entry=entry)
    compared = one_of(
        {
            "number": number_ops(),
            "is": st.tuples(st.sampled_from(("is", "is_not")), st.sampled_from((0, 1, "2"))).map(
                lambda two: dict([two])
            ),
            "known": said("is_set", True, False),
            "one of": said("is_one_of", [0, 1], [2]),
        }
    )
    return {
        "did": merged(did(), counts(), window),
        "one entry": merged(
            said("did", "order_placed", "order_*", ["order_paid", "page_viewed"]),
            merged(said("items.sku", "x", "y"), number_ops().map(lambda op: {"items.n": op})).map(
                lambda told: {"where": told}
            ),
            said("at_least", 1, 2, 3),
        ),
        "figure": merged(figured(), compared, window),
        "share": merged(
            st.tuples(st.one_of(did(), figured()), st.one_of(did(), figured())).map(
                lambda two: {"share": two[0], "of": two[1]}
            ),
            compared,
            window,
        ),
        "ends": merged(ends(), window),
        "sequence": merged(sequences(), window),
        "not_followed_by": merged(followed(), window),
    }


def leaf_kinds(segments: tuple[str, ...], *, entry: bool) -> dict[str, Rules]:
    """Every leaf by its kind."""
    path = said("customer", "plan", "n", "tags", "deep.a b", "deep.items.sku", "language", "gone")
    kinds = {
        "customer": merged(path, still_ops()),
        "moving": merged(said("customer", "birthday", "birthday", "n"), moving_ops()),
        "held_for": merged(
            path, still_ops(), st.sampled_from(LENGTHS).map(lambda told: {"held_for": told})
        ),
        "orders": merged(
            said("customer", "orders.count", "orders.total", "orders.average", "orders.usual_gap"),
            st.one_of(number_ops(), said("is_set", True, False)),
        ),
        "orders_at": merged(
            said("customer", "orders.first_at", "orders.last_at", "engagement.last_click_at"),
            st.one_of(moving_ops(), said("after", *MOMENTS)),
        ),
        **event_kinds(entry=entry),
        "standing": st.one_of(
            said("known_for", "0 days", *LENGTHS[:3]),
            said("agreed_to", "offers"),
            said("random_percent", 0, 30, 50.5, 100),
            st.just({"everyone": True}),
            said("in_segment", *segments) if segments else said("known_for", "1 week"),
        ),
    }
    if entry:
        kinds["event"] = merged(said("event", "sku", "total", "items.sku"), still_ops())
        kinds["same_as"] = merged(
            names().map(lambda told: {"did": told}),
            said("where", {"sku": {"same_as": "sku"}}, {"items.sku": {"same_as": "sku"}}),
            counts(),
            windows(entry=True),
        )
    return kinds


def mailed(campaign: str) -> Rules:
    """Leaves on a campaign of ours."""
    sent = merged(said("was_sent", campaign, f"{campaign}/hello", f"{campaign}/again"), windows())
    return st.one_of(st.just({"in_campaign": campaign}), sent)


SHAPES = (*["leaf"] * 12, "all", "all", "any", "any", "none", "not", "two")
"""What a rule is made of, as often as marketers write it so."""
DEEPEST = 4
OFTEN = ("did", "did", "ends", "figure", "held_for", "moving", "not_followed_by", "sequence")
"""Kinds that are drawn twice as often, and more: there is more that they can say."""


def rules(segments: tuple[str, ...] = (), *, entry: bool = False, campaign: str = "") -> Rules:
    """A rule as written: a leaf, or branches of them."""
    kinds = leaf_kinds(segments, entry=entry)
    if campaign:
        kinds |= {"mailed": mailed(campaign), "mailed again": mailed(campaign)}
    return _rules(kinds, DEEPEST)


@st.composite
def _rules(draw: st.DrawFn, kinds: dict[str, Rules], depth: int) -> dict[str, Any]:
    shape = draw(st.sampled_from(SHAPES)) if depth > 1 else "leaf"
    if shape == "leaf":
        return draw(kinds[draw(st.sampled_from((*sorted(kinds), *OFTEN)))])
    below = _rules(kinds, depth - 1)
    if shape == "not":
        return {"not": draw(below)}
    words = ("all", "any", "none") if shape == "two" else (shape,)
    parts = st.lists(below, min_size=1 if shape == "two" else 2, max_size=3)
    return {word: draw(parts) for word in words[-2:]}
