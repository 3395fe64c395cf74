"""Rules as set queries: how all customers stand to a rule, and who it holds for."""

from lifecycle.store.rule_sql.members import members
from lifecycle.store.rule_sql.stands import all_needs

__all__ = ["all_needs", "members"]
