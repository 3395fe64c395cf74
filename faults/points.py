"""The named failpoints: where each lies, and what has the daemon come by it."""

from __future__ import annotations

from dataclasses import dataclass

from faults.ground import KINDS

SQLITE = ("sqlite",)


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the code at which `reach` is told; `deed` is what leads there."""

    name: str
    where: str
    deed: str = "orders"
    kinds: tuple[str, ...] = KINDS
    turns: int = 3
    """The turn at which it is set off is one of so many, by the seed."""
    mode: str = "single"


POINTS: tuple[Point, ...] = (
    Point("events_to_write", "a request is read, its events are not written yet"),
    Point("events_written", "events are written, not committed, nobody was answered"),
    Point("events_committed", "events are committed, nobody was answered yet"),
    Point("arrived_entered", "what was noted is entered, and not struck yet", kinds=SQLITE),
    Point("arrived_struck", "what was noted is struck, not committed", kinds=SQLITE),
    Point("intake_claimed", "customers are claimed, nothing is read"),
    Point("intake_decided", "what follows from events is decided, not written"),
    Point("intake_written", "decisions are written, not committed"),
    Point("intake_committed", "decisions are committed"),
    Point("enrollments_claimed", "enrollments are claimed"),
    Point("enrollments_decided", "the next steps are decided, not written"),
    Point("enrollments_written", "messages are planned, not committed"),
    Point("enrollments_committed", "messages are planned and committed"),
    Point("messages_claimed", "messages are claimed"),
    Point("letters_rendered", "letters are rendered, no attempt is written"),
    Point("refusals_written", "holds and drops are written, attempts are not"),
    Point("attempts_written", "attempts are written, not committed"),
    Point("attempts_committed", "attempts are committed, not in the journal yet"),
    Point("journal_written", "attempts are in the journal, not on disk"),
    Point("journal_synced", "attempts are in the journal and on disk"),
    Point("attempts_noted", "attempts are in the journal, no letter has begun"),
    Point("pace_granted", "a share of the rate is taken, nothing has begun by it"),
    Point("letter_begun", "a letter is about to go into the socket", turns=20),
    Point("letter_answered", "SES has answered, nothing is recorded", turns=20),
    Point("bulk_begun", "a bulk call is about to go into the socket", turns=3, mode="bulk"),
    Point("bulk_answered", "SES has answered a bulk call, nothing is recorded", mode="bulk"),
    Point("handed_over", "the whole batch has its answers, none is recorded"),
    Point("outcomes_written", "outcomes are written, not committed"),
    Point("outcomes_committed", "outcomes are committed"),
    Point(
        "abandoned_written",
        "attempts of a dead daemon are put down, not committed",
        deed="dead before",
        turns=1,
    ),
    Point(
        "resending_written",
        "a letter of unknown fate is to go again, not committed",
        deed="resend",
        turns=1,
    ),
    Point("start_written", "all is put ready at the start, not committed", deed="start", turns=1),
    Point("daemon_started", "the daemon has just said that it runs", deed="start", turns=1),
    Point(
        "night_portion_committed",
        "a portion of the nightly reckoning is committed",
        deed="night",
        turns=1,
    ),
    Point("night_written", "the nightly reckoning is over, not committed", deed="night", turns=1),
    Point("hours_counted", "letters are counted by hour, not written", deed="hours", turns=1),
    Point("hours_written", "what hours came to is written, not committed", deed="hours", turns=1),
    Point("shares_written", "a bandit's shares are written, not committed", deed="shares", turns=1),
    Point("forgotten_committed", "a batch of old facts is deleted", deed="forget", turns=1),
    Point(
        "forgetting_written", "the nightly deletion is over, not committed", deed="forget", turns=1
    ),
    Point("queue_received", "feedback is fetched, none of it taken in", deed="feedback"),
    Point("feedback_written", "feedback is written, not committed", deed="feedback", turns=20),
    Point(
        "feedback_committed",
        "feedback is committed, and still in the queue",
        deed="feedback",
        turns=20,
    ),
    Point(
        "queue_to_delete",
        "a batch of feedback is taken in, and still in the queue",
        deed="feedback",
    ),
    Point("queue_deleted", "a batch of feedback is deleted from the queue", deed="feedback"),
    Point("click_noted", "a click is committed, its reader not sent on yet", deed="click", turns=1),
    Point(
        "unsubscribe_written",
        "an unsubscribe is written, not committed",
        deed="unsubscribe",
        turns=1,
    ),
    Point(
        "unsubscribe_committed",
        "an unsubscribe is committed, nobody was answered",
        deed="unsubscribe",
        turns=1,
    ),
    Point("spool_written", "an unsubscribe is in the spool, not on disk", deed="spool", turns=1),
    Point("spool_synced", "an unsubscribe is in the spool and on disk", deed="spool", turns=1),
    Point("spool_put_aside", "the spool is put aside to be taken in", deed="spool", turns=1),
    Point(
        "spool_taken_in", "the spool is taken in, its file is still there", deed="spool", turns=1
    ),
    Point(
        "customer_written",
        "what is said of a customer is written, not committed",
        deed="customer",
        turns=1,
    ),
    Point("erasure_written", "a customer is erased, not committed", deed="erase", turns=1),
    Point(
        "erasure_committed",
        "a customer is erased, the log still holds the pages",
        deed="erase",
        turns=1,
    ),
    Point(
        "log_emptied",
        "the write-ahead log is checkpointed and emptied",
        deed="erase",
        kinds=SQLITE,
        turns=1,
    ),
    Point("errand_counted", "the try of a note is counted, nothing has gone", deed="note", turns=1),
    Point("errand_answered", "a note has gone, nothing is recorded", deed="note", turns=1),
    Point("errand_settled", "what came of a note is written, not committed", deed="note", turns=1),
    Point(
        "import_written", "a batch of an import is written, not committed", deed="import", turns=1
    ),
    Point(
        "import_committed",
        "a batch of an import is committed, the command does not know",
        deed="import",
        turns=1,
    ),
    Point("catalog_written", "definitions are written, not committed", deed="apply", turns=1),
    Point(
        "catalog_committed",
        "definitions are committed, the engine has the old ones",
        deed="apply",
        turns=1,
    ),
    Point(
        "build_portion_written",
        "a portion of a segment's build is written, not committed",
        deed="apply",
        turns=1,
    ),
    Point(
        "build_to_finish",
        "a segment is built, that it is built is not written",
        deed="apply",
        turns=1,
    ),
    Point(
        "page_written", "a page of a broadcast is written, not committed", deed="broadcast", turns=1
    ),
    Point("page_committed", "a page of a broadcast is committed", deed="broadcast", turns=1),
    Point(
        "migrations_carried_out",
        "tables are made or changed, not committed",
        deed="upgrade",
        turns=1,
    ),
)


def point(name: str) -> Point:
    """The point of this name. Raises KeyError."""
    return {one.name: one for one in POINTS}[name]
