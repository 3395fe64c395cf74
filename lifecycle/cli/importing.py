"""Takes imported lines in: checked one by one, written in one transaction, letting nobody in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle.cli.desk import Desk
from lifecycle.core.campaign import Campaign
from lifecycle.core.event import Event
from lifecycle.core.policy import Policy
from lifecycle.engine.ingest import ingest
from lifecycle.engine.parts import Parts
from lifecycle.engine.ruled import policy_now
from lifecycle.errors import UsageError
from lifecycle.failpoints import reach
from lifecycle.sources import code_line, consent_line, customer_line, event_line, suppression_line
from lifecycle.sources.fields import Line
from lifecycle.sources.refused import Refused
from lifecycle.store import customers, pools
from lifecycle.store.consents import Word
from lifecycle.store.events import NewEvent, append

MOST_POOL_NAME = 200

Read = Callable[[Line, datetime], Any]
Write = Callable[[Connection, Sequence[Any], datetime, bytes, bool, int], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: its columns, where other columns belong, how it is read and written.

    Writing is told the place of a batch in its file, so that events keep the file's order.
    """

    columns: tuple[str, ...]
    extra: str
    read: Read
    write: Write
    pooled: bool = False
    """Whether what is read goes into a pool that the command names."""


class LetsNobodyIn(Policy):
    """The policy under which history is taken in: no campaign lets anybody in."""

    def lets_in(self, campaign: Campaign) -> bool:
        """Never."""
        return False


def take_lines(desk: Desk, arguments: Mapping[str, Any]) -> Any:
    """Take in a batch of lines of one kind: how many were, and the refused with their reasons.

    Inside the daemon what they lead to is worked out at once, and lets in nobody without `enroll`.
    Raises UsageError for an unknown kind.
    """
    kind = kind_named(str(arguments["kind"]))
    if kind.pooled:
        kind = replace(kind, write=_into_pool(pool_named(arguments.get("pool"))))
    enroll = bool(arguments["enroll"])
    now = desk.clock.now()
    # All batches of one import arrive at one instant, so that no rule is asked half-way.
    arrived = min(datetime.fromisoformat(arguments["begun"]), now)
    good: list[Any] = []
    refused: list[tuple[int, str, str, str]] = []
    for place, line in enumerate(arguments["lines"]):
        try:
            good.append(kind.read(line, arrived))
        except Refused as no:
            refused.append((place, no.field, no.problem, no.hint))
    with desk.alone(), desk.database.exclusive():
        parts = desk.parts() if desk.in_daemon and not enroll else None
        if parts is not None:
            take_in(parts, now, enroll=True)
        with desk.database.write() as connection:
            kind.write(connection, good, arrived, desk.key, enroll, int(arguments["place"]))
            reach("import_written")
        reach("import_committed")
        if parts is not None:
            take_in(parts, now, enroll=False)
    desk.wake()
    return {"taken": len(good), "refused": refused}


def take_in(parts: Parts, now: datetime, *, enroll: bool) -> int:
    """Work out what has come in; without `enroll` it lets nobody into any campaign."""
    with parts.database.read() as connection:
        policy = policy_now(connection, parts.live)
    if not enroll:
        policy = LetsNobodyIn(**{one.name: getattr(policy, one.name) for one in fields(policy)})
    total = 0
    while done := ingest(parts, policy, now):
        total += done
    return total


def _confirmed(line: Line, now: datetime) -> consent_line.ConsentIn:
    """A line of a consent. Raises Refused, for a yes too that says it is not confirmed."""
    read = consent_line.read_consent(line, at=now, latest=now)
    if read.agreed and read.confirmed is False:
        hint = "over HTTP it has a letter ask for it; leave the line out here"
        raise Refused("confirmed", "a yes that is not confirmed is none yet", hint)
    return read


def kind_named(name: str) -> Kind:
    """What is known of a kind of file. Raises UsageError."""
    if name in KINDS:
        return KINDS[name]
    if name == "products":
        raise UsageError("products are not taken in yet")
    raise UsageError(f"“{name}” is nothing to import", remedy=f"one of {', '.join(KINDS)}")


def pool_named(said: object) -> str:
    """The name of a pool, as campaigns name it. Raises UsageError where it is none."""
    name = said.strip() if isinstance(said, str) else ""
    if not name or len(name) > MOST_POOL_NAME or not name.isprintable():
        raise UsageError("the codes need a pool", remedy="--pool NAME, as campaigns name it")
    return name


def _into_pool(pool: str) -> Write:
    def write(
        connection: Connection,
        read: Sequence[Any],
        now: datetime,
        key: bytes,
        enroll: bool,
        place: int,
    ) -> None:
        pools.bring(connection, pool, (one.code for one in read), now)

    return write


def _events(
    connection: Connection,
    read: Sequence[Any],
    now: datetime,
    key: bytes,
    enroll: bool,
    place: int,
) -> None:
    append(
        connection,
        [
            NewEvent(
                one.customer,
                Event(one.at, one.id, one.event, one.properties, one.received_at, enroll),
                one.received_at,
                arrival,
            )
            for arrival, one in enumerate(read, place)
        ],
    )


def _customers(
    connection: Connection,
    read: Sequence[Any],
    now: datetime,
    key: bytes,
    enroll: bool,
    place: int,
) -> None:
    customers.say(connection, read, now=now, address_key=key, enters=enroll)


def _consents(
    connection: Connection,
    read: Sequence[Any],
    now: datetime,
    key: bytes,
    enroll: bool,
    place: int,
) -> None:
    words = [
        Word(one.customer, one.topic, one.agreed, one.at, one.source, one.wording) for one in read
    ]
    customers.consent_many(connection, words, now=now, enters=enroll)


def _suppressions(
    connection: Connection,
    read: Sequence[Any],
    now: datetime,
    key: bytes,
    enroll: bool,
    place: int,
) -> None:
    said = [(one.email, one.reason, one.at) for one in read]
    customers.suppress(connection, said, now=now, address_key=key)


KINDS: dict[str, Kind] = {
    "events": Kind(
        event_line.KNOWN,
        "properties",
        lambda line, now: event_line.read_event(line, received=now, live=False),
        _events,
    ),
    "customers": Kind(
        customer_line.KNOWN,
        "attributes",
        lambda line, now: customer_line.read_customer(line, at=now, latest=now),
        _customers,
    ),
    "consents": Kind(
        consent_line.KNOWN,
        "",
        _confirmed,
        _consents,
    ),
    "suppressions": Kind(
        suppression_line.KNOWN,
        "",
        lambda line, now: suppression_line.read_suppression(line, at=now, latest=now),
        _suppressions,
    ),
    "codes": Kind(
        code_line.KNOWN,
        "",
        lambda line, now: code_line.read_code_line(line),
        _into_pool(""),
        pooled=True,
    ),
}
