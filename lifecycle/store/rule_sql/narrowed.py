"""Leaves that may hold only for those to whom something else has happened that SQL knows."""

from __future__ import annotations

from lifecycle.core.rule.compare import Comparison, Op
from lifecycle.core.rule.counts import Did
from lifecycle.core.rule.edges import EdgeOf
from lifecycle.core.rule.followed import NotFollowed
from lifecycle.core.rule.mailed import SENT, WasSent
from lifecycle.core.rule.tree import Rule
from lifecycle.core.rule.where import Where
from lifecycle.store.rule_sql.answers import FAILS, UNSURE, Ask, Row
from lifecycle.store.rule_sql.counted import counted, not_followed
from lifecycle.store.rule_sql.probe import Asking, Probe
from lifecycle.store.rule_sql.understood import understood


def narrowed(rule: Rule, asking: Asking) -> Probe | None:
    """The probe of a leaf that can only hold where another holds that SQL knows; None if none."""
    needed = _needed(rule)
    if needed is None or not understood(needed) or needed.window.reads_entry:
        return None
    if isinstance(rule, NotFollowed) and rule.same is None:
        probe = not_followed(needed, rule.by, asking)
        if probe is not None:
            return probe
    probe = counted(needed, asking)

    def ask(place: int) -> Ask:
        answer = probe.ask(place)

        def doubted(row: Row) -> tuple[bool | None, int]:
            return FAILS if answer(row) == FAILS else UNSURE

        return doubted

    return Probe(probe.layer, probe.columns, ask, probe.soon, driver=probe.driver)


def _needed(rule: Rule) -> Did | None:
    """What must have happened, and often enough, for the leaf to hold now or by time alone."""
    if isinstance(rule, NotFollowed) and rule.did.at_most is None and rule.did.at_least:
        return rule.did
    if isinstance(rule, EdgeOf):
        return Did(rule.names, 1, None, rule.where, rule.window)
    if isinstance(rule, WasSent):
        said = [(("campaign",), rule.campaign), (("step",), rule.step)]
        conditions = tuple(
            (at, Comparison((Op("is", name),))) for at, name in said if name is not None
        )
        return Did((SENT,), 1, None, Where(conditions), rule.window)
    return None
