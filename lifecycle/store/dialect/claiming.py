"""The statements that claim rows of the queues, in each database's fastest way."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import column, text

from lifecycle.store.prepared import Statement

CLOCK = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
}
BEFORE = "due_at IS NOT NULL AND (due_at, customer_id) <= (:upto, :who)"
"""What stands before a place in the order of claims; the queues' indexes hold what is ever due."""
NEAR = 1_000
"""So many rows before a place are looked through on PostgreSQL: what failed stands first."""
_PLACE = {"sqlite": "q.rowid", "postgresql": "q.ctid"}
"""Where a row is, which saves looking for it by its key once it is locked."""
KEYS = {
    "intake": ("customer_id",),
    "enrollment": ("customer_id", "enrollment_id"),
    "message": ("customer_id", "message_id"),
    "errand": ("customer_id", "errand_id"),
}
ORDER = {  # Each queue's index has the first two, so a claim reads no more than it takes.
    "intake": "due_at, customer_id",
    "enrollment": "due_at, customer_id, campaign, enrollment_id",
    "message": "due_at, customer_id, priority DESC, fell_due_at, message_id",
    "errand": "due_at, customer_id, errand_id",
}
_HEARD = (
    " AND NOT EXISTS (SELECT 1 FROM intake WHERE intake.customer_id = q.customer_id "
    "AND intake.due_at <= :now AND intake.quarantined_at IS NULL)"
)
_WALKED = (
    " AND NOT EXISTS (SELECT 1 FROM enrollment WHERE enrollment.customer_id = q.customer_id "
    "AND enrollment.due_at <= :now AND enrollment.quarantined_at IS NULL)"
)
_ALSO = {"intake": "", "enrollment": _HEARD, "message": _HEARD + _WALKED, "errand": ""}
"""A customer's work is done in the order of the queues, whoever does it; errands were decided."""
_RETURNS = {
    "intake": "customer_id, customer_id AS id, arrivals, fence, attempts, everything, due_at",
    "enrollment": "customer_id, enrollment_id AS id, 0 AS arrivals, fence, attempts, false, due_at",
    "message": "customer_id, message_id AS id, 0 AS arrivals, fence, attempts, false, due_at",
    "errand": "customer_id, errand_id AS id, 0 AS arrivals, fence, attempts, false, due_at",
}


CLAIMED = ("customer_id", "id", "arrivals", "fence", "attempts", "everything", "due_at")


@lru_cache(maxsize=60)
def claiming(kind: str, queue: str, which: str) -> Statement:
    """Claim the first rows of a queue that are `which`: binds `now`, `lease` and `batch`."""
    return _claiming(kind, queue, f"due_at <= :now AND {which}")


@lru_cache(maxsize=60)
def claiming_before(kind: str, queue: str, which: str, of: str) -> Statement:
    """Claim the first rows that are `which`, of those `of` a rank that stand before a place.

    Binds `now`, `lease`, `batch`, and the place: `upto` and `who`.
    """
    if kind == "sqlite":
        return _claiming(kind, queue, f"{BEFORE} AND {of} AND {which}")
    return _claiming(kind, queue, f"q.{_near(queue, of)} AND {which}")


def _near(queue: str, of: str) -> str:
    """The first rows before a place, by the index: PostgreSQL would rather read the whole queue."""
    return (
        f"ctid = ANY(ARRAY(SELECT ctid FROM {queue} WHERE {BEFORE} AND {of} "
        f"ORDER BY due_at, customer_id LIMIT {NEAR}))"
    )


def _claiming(kind: str, queue: str, which: str) -> Statement:
    due = (
        f"SELECT {_PLACE[kind]} FROM {queue} AS q "
        f"WHERE {which} AND quarantined_at IS NULL "
        f"AND (lease_until IS NULL OR lease_until < {CLOCK[kind]}){_ALSO[queue]} "
        f"ORDER BY {ORDER[queue]} LIMIT :batch"
    )
    claim = (
        f"UPDATE {queue} SET lease_until = {CLOCK[kind]} + :lease, fence = fence + 1, "
        "attempts = attempts + 1"
    )
    whole = text(
        f"WITH due AS MATERIALIZED ({due} FOR UPDATE SKIP LOCKED) {claim} FROM due "
        f"WHERE {queue}.ctid = due.ctid RETURNING {_RETURNS[queue]}"
        if kind == "postgresql"
        else f"{claim} WHERE rowid IN ({due}) RETURNING {_RETURNS[queue]}"
    )
    return Statement(whole.columns(*(column(name) for name in CLAIMED)), quiet=True)


@lru_cache(maxsize=20)
def setting_aside(kind: str, queue: str) -> Statement:
    """Put rows aside that killed their workers too often: binds `now` and `most`."""
    return _setting_aside(kind, queue, "due_at <= :now")


@lru_cache(maxsize=20)
def setting_aside_before(kind: str, queue: str, of: str) -> Statement:
    """The same of those `of` a rank that stand before a place: binds `upto` and `who` beside."""
    if kind == "sqlite":
        return _setting_aside(kind, queue, f"{BEFORE} AND {of}")
    return _setting_aside(kind, queue, _near(queue, of))


def _setting_aside(kind: str, queue: str, which: str) -> Statement:
    aside = text(
        f"UPDATE {queue} SET quarantined_at = :now WHERE {which} AND quarantined_at IS NULL "
        "AND attempts >= :most "
        f"AND (lease_until IS NULL OR lease_until < {CLOCK[kind]}) RETURNING {_RETURNS[queue]}"
    )
    return Statement(aside.columns(*(column(name) for name in CLAIMED)))
