"""Poison: hooks and letters that fail or never end, among thousands that do not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from faults.events import events, letters_of
from faults.experiment import SETTLE_SECONDS, Asked, Experiment, Finding, finding
from faults.judge import judge
from faults.place import Place, Wanted

SENDS = 4_000
CUSTOMERS = 1_000
ROUNDS = 3
KINDS_OF_POISON = ("hook raises", "letter fails", "letter never ends", "hook never ends")
HOOK = '''"""A trigger that fails on one order, and never ends on another."""

from lifecycle.hooks import Event, Facts, trigger


@trigger("looked_over", listens_to="order_placed", looks_back="1 hour")
def looked_over(event: Event, facts: Facts) -> Event | None:
    """Nothing ever comes of it."""
    if event["poison"] == "hook raises":
        raise RuntimeError("poison")
    while event["poison"] == "hook never ends":
        pass
    return None
'''
TEXT = "Thank you for order"
POISONED = (
    "{% if event.poison | default('') == 'letter fails' %}{{ event.there.is.none }}{% endif %}"
    "{% if event.poison | default('') == 'letter never ends' %}"
    "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}"
    "{% endfor %}{% endfor %}{% endfor %}{% endif %}Thank you for order"
)


def run(asked: Asked) -> Iterator[Finding]:
    """Once for each database: rounds without and with poison by turns, in one daemon."""
    for kind in asked.kinds:
        asked.tell(f"{kind}: {len(KINDS_OF_POISON)} poisoned orders among thousands")
        yield _once(asked, kind)


def _once(asked: Asked, kind: str) -> Finding:
    begun = time.monotonic()
    with asked.shop("poison", Wanted(kind, CUSTOMERS, "bulk")) as place:
        (place.root / "hooks").mkdir()
        (place.root / "hooks" / "poison.py").write_text(HOOK, "utf-8")
        place.write("campaigns/receipt.toml", {TEXT: POISONED})
        place.command("apply")
        place.start()
        answered: list[str] = []
        _round(place, answered, asked.of(SENDS), "w")
        ratios: dict[str, list[float]] = {poison: [] for poison in KINDS_OF_POISON}
        more: dict[str, list[float]] = {poison: [] for poison in KINDS_OF_POISON}
        for number in range(ROUNDS):
            clean = _round(place, answered, asked.of(SENDS), f"a{number}x")
            for place_, poison in enumerate(KINDS_OF_POISON):
                name = f"b{number}y{place_}x"
                mixed = _round(place, answered, asked.of(SENDS), name, poison)
                ratios[poison].append(clean / mixed)
                more[poison].append(mixed - clean)
        alive = place.daemon.runs and len(place.daemon.started_at) == 1
        place.prove(SETTLE_SECONDS)
        place.daemon.stop()
        verdict = judge(place, answered)
        if not alive:
            verdict.wrong.append("the daemon ended")
        told = {
            "throughput": {one: round(median(found), 3) for one, found in ratios.items()},
            "seconds_more": {one: round(median(found), 2) for one, found in more.items()},
            "poisoned": ROUNDS * len(KINDS_OF_POISON),
            "letters_a_round": asked.of(SENDS),
            "hooks_failed": len(place.daemon.said("hook_failed")),
        }
        return finding(kind, begun, verdict, **told)


def _round(place: Place, answered: list[str], count: int, name: str, poison: str = "") -> float:
    """Send events, one of them poisoned, and say how long it took until all were settled."""
    feed = place.feed(at_once=250)
    begun = time.monotonic()
    feed.begin(_poisoned(count, name, poison) if poison else events(count, CUSTOMERS, name))
    feed.wait(SETTLE_SECONDS)
    answered += feed.answered
    place.settle(letters_of(answered), SETTLE_SECONDS)
    return time.monotonic() - begun


def _poisoned(count: int, name: str, poison: str) -> Iterator[dict[str, Any]]:
    """The events, with poison in the first order of the second half."""
    waits = True
    for number, one in enumerate(events(count, CUSTOMERS, name)):
        if waits and number * 2 >= count and one["event"] == "order_placed":
            one["properties"]["poison"] = poison
            waits = False
        yield one


EXPERIMENT = Experiment(
    "poison",
    "What does one bad event, hook or letter cost the others?",
    "rounds of events without and with one poisoned by turns, in one life of one daemon: a trigger "
    "that raises, one that never ends, a letter that cannot be rendered, one that never ends.",
    run,
    (
        ("poisoned", "poisoned"),
        ("seconds more for one", "seconds_more"),
        ("throughput with one", "throughput"),
    ),
)
