"""The first migration: every table. Written by lifecycle.store.migrations.regenerate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    for make in EVERY:
        make()


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("told", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("transport"),
    )


def _alias() -> None:
    op.create_table(
        "alias",
        sa.Column("alias_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alias_id"),
    )


def _alias_indexes() -> None:
    op.create_index(op.f("ix_alias_customer_id"), "alias", ["customer_id"], unique=False)


def _allocation() -> None:
    op.create_table(
        "allocation",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("campaign", "step", "occasion", "since", "variant"),
    )


def _allocation_indexes() -> None:
    op.create_index(
        "allocation_in_force",
        "allocation",
        ["campaign"],
        unique=False,
        postgresql_where=sa.text("until IS NULL"),
        sqlite_where=sa.text("until IS NULL"),
    )


def _api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
    )


def _arrived() -> None:
    op.create_table(
        "arrived",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "attempt_id"),
        postgresql_with={"fillfactor": 60},
    )


def _attempt_indexes() -> None:
    op.create_index(
        "attempt_by_id", "attempt", ["attempt_id"], unique=False, postgresql_using="hash"
    )
    op.create_index("attempt_of_message", "attempt", ["customer_id", "message_id"], unique=False)


def _attribute_past() -> None:
    op.create_table(
        "attribute_past",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "own", "name", "since"),
    )


def _breaker_state() -> None:
    op.create_table(
        "breaker_state",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("counted_from", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _broadcast_state() -> None:
    op.create_table(
        "broadcast_state",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moment", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("enrolled", sa.BigInteger(), nullable=False),
        sa.Column("tested", sa.Float(), nullable=True),
        sa.Column("hours", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("campaign", "occasion", "step", "wave"),
    )


def _build() -> None:
    op.create_table(
        "build",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("joined", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name"),
    )


def _campaign_state() -> None:
    op.create_table(
        "campaign_state",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("ordered", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("broken_letters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("campaign"),
    )


def _campaign_version() -> None:
    op.create_table(
        "campaign_version",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "version"),
    )


def _catalog_version() -> None:
    op.create_table(
        "catalog_version",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _confirmation() -> None:
    op.create_table(
        "confirmation",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "topic"),
    )


def _confirmation_indexes() -> None:
    op.create_index("confirmation_due", "confirmation", ["due_at"], unique=False)


def _confirmation_letter() -> None:
    op.create_table(
        "confirmation_letter",
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("mailbox_hash", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", "event_id"),
    )


def _confirmation_letter_indexes() -> None:
    op.create_index("confirmation_letter_at", "confirmation_letter", ["at"], unique=False)
    op.create_index(
        "confirmation_letter_caller", "confirmation_letter", ["caller", "at"], unique=False
    )
    op.create_index(
        "confirmation_letter_mailbox", "confirmation_letter", ["mailbox_hash", "at"], unique=False
    )


def _consent() -> None:
    op.create_table(
        "consent",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "topic"),
    )


def _consent_indexes() -> None:
    op.create_index(
        "consent_withdrawn",
        "consent",
        ["at"],
        unique=False,
        postgresql_where=sa.text("NOT agreed"),
        sqlite_where=sa.text("NOT agreed"),
    )


def _consent_record() -> None:
    op.create_table(
        "consent_record",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "record_id"),
    )


def _counted_hit() -> None:
    op.create_table(
        "counted_hit",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "step", "variant", "what", "machine", "day"),
    )


def _customer() -> None:
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("known_since", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("attributes_at", sa.Text(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id"),
    )


def _customer_indexes() -> None:
    op.create_index("customer_address", "customer", ["address_hash"], unique=False)
    op.create_index(
        "customer_erased",
        "customer",
        ["erased_at"],
        unique=False,
        postgresql_where=sa.text("erased_at IS NOT NULL"),
        sqlite_where=sa.text("erased_at IS NOT NULL"),
    )
    op.create_index("customer_zone", "customer", ["timezone", "customer_id"], unique=False)


def _date_kept() -> None:
    op.create_table(
        "date_kept",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "campaign"),
    )


def _decision() -> None:
    op.create_table(
        "decision",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "decision_id"),
    )


def _decision_indexes() -> None:
    op.create_index("decision_by_campaign", "decision", ["campaign", "what", "at"], unique=False)


def _enrollment() -> None:
    op.create_table(
        "enrollment",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_name", sa.Text(), nullable=False),
        sa.Column("event_at", sa.BigInteger(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("fell_due_at", sa.BigInteger(), nullable=True),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("anchor", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("led_to_letter", sa.Boolean(), nullable=False),
        sa.Column("open_messages", sa.Text(), nullable=False),
        sa.Column("decided_steps", sa.Text(), nullable=False),
        sa.Column("timed", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "enrollment_id"),
        postgresql_with={"fillfactor": 50},
    )


def _enrollment_indexes() -> None:
    op.create_index(
        "enrollment_due",
        "enrollment",
        ["due_at", "customer_id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "enrollment_of_campaign",
        "enrollment",
        ["campaign", "state", "version", "step"],
        unique=False,
    )


def _errand() -> None:
    op.create_table(
        "errand",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("errand_id", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "errand_id"),
        postgresql_with={"fillfactor": 50},
    )


def _errand_indexes() -> None:
    op.create_index(
        "errand_due",
        "errand",
        ["due_at", "customer_id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "errand_ended",
        "errand",
        ["state", "ended_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NOT NULL"),
        sqlite_where=sa.text("ended_at IS NOT NULL"),
    )


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("enters", sa.Boolean(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "event_id"),
    )


def _event_indexes() -> None:
    op.create_index("event_by_name", "event", ["name", "at", "customer_id"], unique=False)
    op.create_index("event_of_customer", "event", ["customer_id", "name", "at"], unique=False)
    op.create_index(
        "event_pending",
        "event",
        ["customer_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("pending"),
        sqlite_where=sa.text("pending = 1"),
    )


def _experiment() -> None:
    op.create_table(
        "experiment",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("capped_at", sa.Text(), nullable=True),
        sa.Column("ratio_wrong_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("campaign", "step", "occasion"),
    )


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dedupe_key"),
    )


def _foregone() -> None:
    op.create_table(
        "foregone",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
    )


def _hook_code() -> None:
    op.create_table(
        "hook_code",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("made_for", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "made_for"),
    )


def _hour_count() -> None:
    op.create_table(
        "hour_count",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("of_group", sa.Text(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("letters", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "of_group", "week", "slot"),
    )


def _hour_fit() -> None:
    op.create_table(
        "hour_fit",
        sa.Column("fit", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("learned", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fit"),
    )


def _hour_state() -> None:
    op.create_table(
        "hour_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("counted_to", sa.BigInteger(), nullable=False),
        sa.Column("fit", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("people_at", sa.BigInteger(), nullable=True),
        sa.Column("visits", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _hour_trial() -> None:
    op.create_table(
        "hour_trial",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("letters", sa.BigInteger(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", "timing"),
    )


def _in_step() -> None:
    op.create_table(
        "in_step",
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("whole_at", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transport"),
    )


def _incentive() -> None:
    op.create_table(
        "incentive",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("incentive_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("percent", sa.Float(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "incentive_id"),
    )


def _incentive_indexes() -> None:
    op.create_index("incentive_code", "incentive", ["code"], unique=False)


def _intake() -> None:
    op.create_table(
        "intake",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("arrivals", sa.BigInteger(), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id"),
        postgresql_with={"fillfactor": 50},
    )


def _intake_indexes() -> None:
    op.create_index(
        "intake_due",
        "intake",
        ["due_at", "customer_id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )


def _letter_count() -> None:
    op.create_table(
        "letter_count",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("letters", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("at"),
    )


def _letter_harm() -> None:
    op.create_table(
        "letter_harm",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("letter_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "message_id", "kind"),
    )


def _letter_harm_indexes() -> None:
    op.create_index("letter_harm_at", "letter_harm", ["letter_at", "kind"], unique=False)


def _letter_of_old() -> None:
    op.create_table(
        "letter_of_old",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )


def _letter_of_old_indexes() -> None:
    op.create_index("letter_of_old_customer", "letter_of_old", ["customer_id"], unique=False)


def _membership() -> None:
    op.create_table(
        "membership",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("member", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "segment"),
    )


def _membership_indexes() -> None:
    op.create_index(
        "membership_of_segment", "membership", ["segment", "member", "customer_id"], unique=False
    )


def _membership_change() -> None:
    op.create_table(
        "membership_change",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "segment", "at", "what"),
    )


def _membership_change_indexes() -> None:
    op.create_index("membership_change_at", "membership_change", ["segment", "at"], unique=False)


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("enrollment_id", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("klass", sa.Text(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("transactional", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("fell_due_at", sa.BigInteger(), nullable=False),
        sa.Column("stale_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("lean", sa.Integer(), nullable=True),
        sa.Column("template_version", sa.Text(), nullable=True),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("links", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("attempted_at", sa.BigInteger(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("uncertain_since", sa.BigInteger(), nullable=True),
        sa.Column("resent_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("clicked_at", sa.BigInteger(), nullable=True),
        sa.Column("bounced_at", sa.BigInteger(), nullable=True),
        sa.Column("bounced_hard_at", sa.BigInteger(), nullable=True),
        sa.Column("complained_at", sa.BigInteger(), nullable=True),
        sa.Column("unsubscribed_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("quarantined_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "message_id"),
        postgresql_with={"fillfactor": 50},
    )


def _message_indexes() -> None:
    op.create_index(
        "message_by_id", "message", ["message_id"], unique=False, postgresql_using="hash"
    )
    op.create_index(
        "message_due",
        "message",
        ["due_at", "customer_id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "message_in_doubt",
        "message",
        ["uncertain_since"],
        unique=False,
        postgresql_where=sa.text("uncertain_since IS NOT NULL"),
        sqlite_where=sa.text("uncertain_since IS NOT NULL"),
    )
    op.create_index(
        "message_in_hand",
        "message",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("state = 'attempting'"),
        sqlite_where=sa.text("state = 'attempting'"),
    )
    op.create_index(
        "message_in_turn",
        "message",
        ["transactional", "priority", "due_at", "customer_id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "message_of_campaign", "message", ["campaign", "step", "variant", "state"], unique=False
    )
    op.create_index(
        "message_of_chosen_hour",
        "message",
        ["attempted_at"],
        unique=False,
        postgresql_where=sa.text("slot IS NOT NULL"),
        sqlite_where=sa.text("slot IS NOT NULL"),
    )
    op.create_index(
        "message_of_customer",
        "message",
        ["customer_id", "attempted_at"],
        unique=False,
        postgresql_where=sa.text("attempted_at IS NOT NULL"),
        sqlite_where=sa.text("attempted_at IS NOT NULL"),
    )


def _nightly() -> None:
    op.create_table(
        "nightly",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id"),
    )


def _pace() -> None:
    op.create_table(
        "pace",
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.Column("begun", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("transport"),
    )


def _past_test() -> None:
    op.create_table(
        "past_test",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("decisive", sa.Boolean(), nullable=False),
        sa.Column("letters", sa.BigInteger(), nullable=False),
        sa.Column("met", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("squares", sa.Float(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("steered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "step", "occasion", "by", "variant"),
    )


def _points_entry() -> None:
    op.create_table(
        "points_entry",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("available_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "entry_id"),
    )


def _pool_code() -> None:
    op.create_table(
        "pool_code",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.Column("given_to", sa.Text(), nullable=True),
        sa.Column("given_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("pool", "code"),
    )


def _pool_code_indexes() -> None:
    op.create_index(
        "pool_code_free",
        "pool_code",
        ["pool", "code"],
        unique=False,
        postgresql_where=sa.text("given_to IS NULL"),
        sqlite_where=sa.text("given_to IS NULL"),
    )
    op.create_index(
        "pool_code_given",
        "pool_code",
        ["given_to"],
        unique=False,
        postgresql_where=sa.text("given_to IS NOT NULL"),
        sqlite_where=sa.text("given_to IS NOT NULL"),
    )


def _preference() -> None:
    op.create_table(
        "preference",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("at_most", sa.Integer(), nullable=True),
        sa.Column("per_days", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id"),
    )


def _proof() -> None:
    op.create_table(
        "proof",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("proved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id"),
    )


def _proof_indexes() -> None:
    op.create_index("proof_begun", "proof", ["path", "begun_at"], unique=False)


def _receipt() -> None:
    op.create_table(
        "receipt",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id"),
    )


def _referral() -> None:
    op.create_table(
        "referral",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("friend_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("qualified_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "friend_id"),
    )


def _referral_indexes() -> None:
    op.create_index("referral_due", "referral", ["due_at"], unique=False)
    op.create_index("referral_friend", "referral", ["friend_id"], unique=False)


def _referral_code() -> None:
    op.create_table(
        "referral_code",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )


def _referral_code_indexes() -> None:
    op.create_index(
        op.f("ix_referral_code_customer_id"), "referral_code", ["customer_id"], unique=False
    )


def _restoration() -> None:
    op.create_table(
        "restoration",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("backed_up_at", sa.BigInteger(), nullable=False),
        sa.Column("restored_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )


def _settled() -> None:
    op.create_table(
        "settled",
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("segment", "customer_id"),
    )


def _shares_said() -> None:
    op.create_table(
        "shares_said",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("shares", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "step", "version"),
    )


def _silence() -> None:
    op.create_table(
        "silence",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("silence_id", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "silence_id"),
    )


def _soft_bounce() -> None:
    op.create_table(
        "soft_bounce",
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", "day"),
    )


def _stoppage() -> None:
    op.create_table(
        "stoppage",
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transport", "scope"),
    )


def _suppression() -> None:
    op.create_table(
        "suppression",
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash"),
    )


def _suppression_indexes() -> None:
    op.create_index("suppression_at", "suppression", ["at"], unique=False)


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _template_version() -> None:
    op.create_table(
        "template_version",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("compiled", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )


def _this_database() -> None:
    op.create_table(
        "this_database",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("database_id", sa.Text(), nullable=False),
        sa.Column("backed_up_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )


def _verdict() -> None:
    op.create_table(
        "verdict",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "step", "occasion"),
    )


def _warm_up_day() -> None:
    op.create_table(
        "warm_up_day",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("letters", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "provider", "day"),
    )


EVERY = (
    _account,
    _alias,
    _alias_indexes,
    _allocation,
    _allocation_indexes,
    _api_key,
    _arrived,
    _attempt,
    _attempt_indexes,
    _attribute_past,
    _breaker_state,
    _broadcast_state,
    _build,
    _campaign_state,
    _campaign_version,
    _catalog_version,
    _confirmation,
    _confirmation_indexes,
    _confirmation_letter,
    _confirmation_letter_indexes,
    _consent,
    _consent_indexes,
    _consent_record,
    _counted_hit,
    _customer,
    _customer_indexes,
    _date_kept,
    _decision,
    _decision_indexes,
    _enrollment,
    _enrollment_indexes,
    _errand,
    _errand_indexes,
    _event,
    _event_indexes,
    _experiment,
    _feedback,
    _foregone,
    _hook_code,
    _hour_count,
    _hour_fit,
    _hour_state,
    _hour_trial,
    _in_step,
    _incentive,
    _incentive_indexes,
    _intake,
    _intake_indexes,
    _letter_count,
    _letter_harm,
    _letter_harm_indexes,
    _letter_of_old,
    _letter_of_old_indexes,
    _membership,
    _membership_indexes,
    _membership_change,
    _membership_change_indexes,
    _message,
    _message_indexes,
    _nightly,
    _pace,
    _past_test,
    _points_entry,
    _pool_code,
    _pool_code_indexes,
    _preference,
    _proof,
    _proof_indexes,
    _receipt,
    _referral,
    _referral_indexes,
    _referral_code,
    _referral_code_indexes,
    _restoration,
    _settled,
    _shares_said,
    _silence,
    _soft_bounce,
    _stoppage,
    _suppression,
    _suppression_indexes,
    _task,
    _template_version,
    _this_database,
    _verdict,
    _warm_up_day,
)
