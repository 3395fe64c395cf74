"""Every table, in reading order: customers, events and memberships, flows, operations."""

from sqlmodel import SQLModel

from lifecycle.store.tables.breaker import BreakerState, LetterCount, LetterHarm
from lifecycle.store.tables.builds import Build, Settled
from lifecycle.store.tables.customers import (
    Alias,
    AttributePast,
    Consent,
    ConsentRecord,
    Customer,
    Incentive,
    Nightly,
    PointsEntry,
    Referral,
    ReferralCode,
    Suppression,
)
from lifecycle.store.tables.delivery import (
    Account,
    Confirmation,
    Foregone,
    Pace,
    Preference,
    Proof,
    Restoration,
    SoftBounce,
    Stoppage,
    WarmUpDay,
)
from lifecycle.store.tables.errands import ErrandRow, HookCode, PoolCode, SilenceRow
from lifecycle.store.tables.events import Arrived, EventRow, Intake, Membership, MembershipChange
from lifecycle.store.tables.flows import (
    Attempt,
    DateKeptRow,
    Decision,
    EnrollmentRow,
    MessageRow,
    Receipt,
)
from lifecycle.store.tables.operations import (
    ApiKey,
    BroadcastState,
    CampaignState,
    CampaignVersion,
    CatalogVersion,
    Feedback,
    Task,
    TemplateVersion,
    Verdict,
)

METADATA = SQLModel.metadata

__all__ = [
    "METADATA",
    "Account",
    "Alias",
    "ApiKey",
    "Arrived",
    "Attempt",
    "AttributePast",
    "BreakerState",
    "BroadcastState",
    "Build",
    "CampaignState",
    "CampaignVersion",
    "CatalogVersion",
    "Confirmation",
    "Consent",
    "ConsentRecord",
    "Customer",
    "DateKeptRow",
    "Decision",
    "EnrollmentRow",
    "ErrandRow",
    "EventRow",
    "Feedback",
    "Foregone",
    "HookCode",
    "Incentive",
    "Intake",
    "LetterCount",
    "LetterHarm",
    "Membership",
    "MembershipChange",
    "MessageRow",
    "Nightly",
    "Pace",
    "PointsEntry",
    "PoolCode",
    "Preference",
    "Proof",
    "Receipt",
    "Referral",
    "ReferralCode",
    "Restoration",
    "Settled",
    "SilenceRow",
    "SoftBounce",
    "Stoppage",
    "Suppression",
    "Task",
    "TemplateVersion",
    "Verdict",
    "WarmUpDay",
]
