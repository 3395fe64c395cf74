"""The keys and values of the language that this version does not carry out yet."""

from __future__ import annotations

Shape = tuple[str, ...]
_DEEDS = (
    *("wait_for", "up_to", "then", "otherwise", "branch", "split", "emit", "set", "award"),
    *("issue", "call", "notify", "suppress", "join", "leave", "text", "until"),
)
LATER_KEYS: dict[tuple[str, Shape], tuple[str, ...]] = {
    ("campaign", ()): ("anchor", "every", "waves", "migrate", "on", "text"),
    ("campaign", ("enter",)): ("on_date", "yearly", "each", "at_most"),
    ("campaign", ("step",)): _DEEDS,
    ("campaign", ("step", "variant")): ("text",),
    ("campaign", ("variant",)): ("text",),
    ("campaign", ("step", "winner")): ("policy",),
    ("campaign", ("winner",)): ("policy",),
    ("settings", ("referral", "gives")): ("valid_for",),
    ("settings", ("referral", "gets")): ("valid_for",),
}
"""By kind of file and table; `not_yet` says it."""
LATER_VALUES: dict[tuple[str, Shape], tuple[str, ...]] = {
    ("campaign", ("at",)): ("best*",),
    ("campaign", ("step", "at")): ("best day*", "T*"),
    ("campaign", ("step", "variant", "at")): ("best day*", "T*"),
    ("campaign", ("variant", "at")): ("best*", "T*"),
    ("campaign", ("step", "not_after")): ("T*",),
    ("campaign", ("winner", "test_percent")): ("auto",),
    ("campaign", ("step", "winner", "test_percent")): ("auto",),
    ("campaign", ("step", "not_on")): ("holidays",),
    ("campaign", ("sending", "resend_uncertain")): ("true",),
    ("campaign", ("winner", "by")): ("revenue",),
    ("campaign", ("step", "winner", "by")): ("revenue",),
    ("settings", ("ses", "mode")): ("bulk",),
    **{
        ("campaign", (*where, "incentive", "kind")): ("pool",)
        for where in ((), ("step",), ("variant",), ("step", "variant"))
    },
}
"""By kind of file and key; a * stands for any ending."""


def not_yet(what: str) -> str:
    """The sentence that refuses a key or value of the language."""
    return f"{what} belongs to the language, but this version does not carry it out yet"
