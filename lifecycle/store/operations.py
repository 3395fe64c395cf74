"""What operators and upkeep keep: pauses by command, verdicts, tasks, templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from lifecycle.core.policy import Experiment
from lifecycle.store import occasions, register
from lifecycle.store.dialect.lists import among
from lifecycle.store.experiments import of_experiment
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new, upsert

STATE = METADATA.tables["campaign_state"]
VERDICT = METADATA.tables["verdict"]
TASK = METADATA.tables["task"]
TEMPLATE = METADATA.tables["template_version"]
BROKEN_LETTERS_PAUSE = 3
"""After so many letters of a campaign in a row that cannot be rendered it is paused."""


def ordered(connection: Connection) -> dict[str, str]:
    """Campaigns paused or stopped by command, or by ourselves for broken letters."""
    query = select(STATE.c.campaign, STATE.c.ordered).where(STATE.c.ordered != "")
    return {row.campaign: row.ordered for row in connection.execute(query)}


def order(connection: Connection, campaign: str, what: str, reason: str, now: datetime) -> None:
    """Pause ("paused"), stop ("stopped") or resume ("") a campaign by command."""
    row = {"campaign": campaign, "ordered": what, "reason": reason, "at": now, "broken_letters": 0}
    upsert(connection, STATE, [row])
    if not what:
        occasions.go_on(connection, campaign)


def broken_letter(connection: Connection, campaign: str, now: datetime) -> bool:
    """Count a letter that could not be rendered; pauses the campaign after a few, and says so."""
    first = {"campaign": campaign, "ordered": "", "reason": "", "at": now, "broken_letters": 0}
    insert_new(connection, STATE, [first])
    found = connection.execute(select(STATE).where(STATE.c.campaign == campaign)).one()
    broken = found.broken_letters + 1
    change: dict[str, Any] = {"broken_letters": broken}
    pauses = broken >= BROKEN_LETTERS_PAUSE and not found.ordered
    if pauses:
        change |= {"ordered": "paused", "reason": "broken_template", "at": now}
    connection.execute(update(STATE).where(STATE.c.campaign == campaign).values(**change))
    return pauses


def letters_made(connection: Connection, campaigns: Collection[str]) -> None:
    """Letters of campaigns could be made: those before that could not are no sign of a fault."""
    mended = STATE.c.campaign.in_(sorted(campaigns)) & (STATE.c.broken_letters > 0)
    connection.execute(update(STATE).where(mended).values(broken_letters=0))


def verdict_at(connection: Connection, of: Experiment) -> datetime | None:
    """When a winner was given, by campaign, step and occasion; None while there is none."""
    query = select(VERDICT.c.at).where(*of_experiment(VERDICT, of))
    found: datetime | None = connection.execute(query).scalar()
    return found


def verdicts(connection: Connection) -> dict[Experiment, str]:
    """The winning variant by campaign, step and, of a recurring broadcast, occurrence."""
    rows = connection.execute(select(VERDICT))
    return {(row.campaign, row.step, row.occasion): row.variant for row in rows}


def give_verdict(
    connection: Connection,
    of: Experiment,
    variant: str,
    *,
    proven: bool,
    detail: str,
    now: datetime,
) -> None:
    """Record the winner by campaign, step and occasion; the first verdict stays.

    What the test came to is written down at once.
    """
    row = dict(zip(("campaign", "step", "occasion"), of, strict=True))
    told = {"variant": variant, "proven": proven, "detail": detail, "at": now}
    insert_new(connection, VERDICT, [{**row, **told}])
    set_task(connection, register.task_of(of), now)


def tasks_due(connection: Connection, now: datetime) -> list[str]:
    """The names of upkeep tasks that are due."""
    query = select(TASK.c.name).where(TASK.c.due_at <= now).order_by(TASK.c.name)
    return list(connection.execute(query).scalars())


def tasks_named(connection: Connection, beginning: str) -> dict[str, datetime]:
    """When the tasks are due whose names begin so."""
    query = select(TASK.c.name, TASK.c.due_at).where(
        TASK.c.name.startswith(beginning, autoescape=True)
    )
    return {row.name: row.due_at for row in connection.execute(query)}


def take_task(connection: Connection, name: str, now: datetime, next_at: datetime) -> bool:
    """Take a due task and say when it is due next; False where another process has taken it.

    Whoever dies before the commit has not taken it.
    """
    mine = update(TASK).where(TASK.c.name == name, TASK.c.due_at <= now).values(due_at=next_at)
    return connection.execute(mine).rowcount == 1


def set_task(connection: Connection, name: str, due_at: datetime) -> None:
    """Say when a task is due next."""
    upsert(connection, TASK, [{"name": name, "due_at": due_at, "fence": 0}])


def set_task_once(connection: Connection, name: str, due_at: datetime) -> None:
    """Say when a task is due, unless that is said already."""
    insert_new(connection, TASK, [{"name": name, "due_at": due_at, "fence": 0}])


_FORGET_TASKS = Statement(TASK.delete().where(among(TASK.c.name, "names")))


def forget_tasks(connection: Connection, names: Sequence[str]) -> None:
    """Strike tasks that are done for good."""
    if names:
        _FORGET_TASKS.each(connection, [{"names": list(names)}])


def keep_template(connection: Connection, version: str, compiled: Mapping[str, Any]) -> None:
    """Keep a compiled template for clicks and the view in the browser."""
    insert_new(connection, TEMPLATE, [{"version": version, "compiled": dict(compiled)}])


def template(connection: Connection, version: str) -> dict[str, Any] | None:
    """A kept template, None when it is not there."""
    query = select(TEMPLATE.c.compiled).where(TEMPLATE.c.version == version)
    found: dict[str, Any] | None = connection.execute(query).scalar()
    return found
