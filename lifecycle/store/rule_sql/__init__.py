"""Rules as set queries: who a rule holds for, asked of the whole database at once."""

from lifecycle.store.rule_sql.members import all_needs, candidates, exact, members

__all__ = ["all_needs", "candidates", "exact", "members"]
