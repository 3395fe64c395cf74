"""The commands that write, each a function of the desk and plain arguments, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lifecycle import log
from lifecycle.cli.building import told_of
from lifecycle.cli.desk import Desk
from lifecycle.cli.importing import take_lines
from lifecycle.cli.project import Project, read_project
from lifecycle.engine.apply import Applied, Told, apply, rollback
from lifecycle.engine.live import Live
from lifecycle.engine.migrating import Deleted
from lifecycle.engine.resolve import resolve
from lifecycle.engine.resuming import CaughtUp, resume
from lifecycle.errors import EnvironmentFailed, LifecycleError, UsageError
from lifecycle.store import (
    account,
    breaker,
    catalog_versions,
    customers,
    keys,
    operations,
    restored,
)
from lifecycle.store.erase import erase, scrub
from lifecycle.store.events import wake
from lifecycle.store.facts import customer_exists
from lifecycle.store.lifted import lift
from lifecycle.store.merge import merge
from lifecycle.store.tables import METADATA

Arguments = dict[str, Any]
BY_HAND = "by hand"
CUSTOMER = METADATA.tables["customer"]


def carry_out(desk: Desk, command: str, arguments: Arguments) -> Any:
    """Carry out a command by its name. Raises LifecycleError."""
    found = COMMANDS.get(command)
    if found is None:
        raise UsageError(
            f"the daemon does not know “{command}”", remedy="does it run an older version?"
        )
    return found(desk, arguments)


def _which_database(desk: Desk, arguments: Arguments) -> str:
    return desk.database.url


def _apply(desk: Desk, arguments: Arguments) -> Any:
    """Put the folder's files live; `fingerprint` is what the caller saw and wants."""
    _same_folder(desk, arguments)
    project = read_project(desk.root, tried=True)
    if project.catalog is None:
        raise LifecycleError("the definitions have errors", remedy="lifecycle check tells them")
    if project.catalog.fingerprint != arguments["fingerprint"]:
        raise LifecycleError("the files have just been changed", remedy="repeat the command")
    with desk.alone():
        now = desk.clock.now()
        who = str(arguments["who"])
        done = apply(
            desk.database,
            project.catalog,
            project.hooks,
            who,
            now,
            background=desk.in_daemon,
            tell=told_of(desk.database),
            told=_said(desk, arguments),
        )
        desk.go_live(project.catalog, project.hooks)
    return _told(done)


def _rollback(desk: Desk, arguments: Arguments) -> Any:
    _same_folder(desk, arguments)
    project: Project = read_project(desk.root, tried=True)
    with desk.alone():
        now = desk.clock.now()
        who = str(arguments["who"])
        done, catalog = rollback(
            desk.database,
            desk.root,
            project.hooks,
            who,
            now,
            background=desk.in_daemon,
            tell=told_of(desk.database),
            told=_said(desk, arguments),
        )
        desk.go_live(catalog, project.hooks)
    return _told(done)


def _said(desk: Desk, arguments: Arguments) -> Told:
    """What the command says along with a change. Where it cannot be read, nothing is live yet."""
    deleted: Deleted = "refuse"
    if arguments.get("let_go"):
        deleted = "let go"
    elif arguments.get("keep_waiting"):
        deleted = "keep"
    return Told(deleted, _pace(desk))


def _live(desk: Desk) -> Live | None:
    try:
        parts = desk.parts()
    except LifecycleError as error:
        log.warned("live_definitions_unreadable", problem=error.cause)
        return None
    return parts.live if parts is not None else None


def _pace(desk: Desk) -> float | None:
    """Letters a second that the running engine's transport takes; elsewhere none is kept."""
    parts = desk.parts() if desk.in_daemon else None
    if parts is None or parts.turnstile is None or parts.turnstile.rate is None:
        return None
    with desk.database.read() as connection:
        told = account.known(connection, parts.turnstile.transport).told
    return told.per_second if told is not None else parts.turnstile.rate


def _same_folder(desk: Desk, arguments: Arguments) -> None:
    if Path(arguments["root"]) != desk.root.resolve():
        raise EnvironmentFailed(
            "the daemon on this database serves another folder",
            cause=str(desk.root.resolve()),
            remedy="go there, or stop the daemon",
        )


def _told(done: Applied) -> Any:
    return asdict(done)


def _order(desk: Desk, arguments: Arguments) -> Any:
    """Pause, stop or resume a campaign by command."""
    campaign, ordered = str(arguments["campaign"]), str(arguments["ordered"])
    _known_campaign(desk, campaign)
    # What a pause held is let go by the definitions that are live; a pause needs none.
    live, pace = (None, None) if ordered else (_live(desk), _pace(desk))
    now = desk.clock.now()
    with desk.alone(), desk.database.write() as connection:
        before = operations.ordered(connection).get(campaign, "")
        operations.order(connection, campaign, ordered, BY_HAND, now)
        said = live.campaign(campaign) if live is not None else None
        status = said.status if said is not None else "live"
        caught_up = CaughtUp()
        if live is not None and not ordered and before == "paused" and status != "paused":
            caught_up = resume(connection, live, campaign, now, pace)
    desk.wake()
    answer = {"campaign": campaign, "before": before, "ordered": ordered, "status": status}
    return {**answer, "resumed": asdict(caught_up)}


def _close_breaker(desk: Desk, arguments: Arguments) -> Any:
    """Let marketing letters go again, and count bounces and complaints from now on."""
    with desk.database.write() as connection:
        waiting = breaker.close(connection, desk.clock.now())
    log.happened("breaker_closed_by_hand", letters=waiting)
    desk.wake()
    return {"waiting": waiting}


def _lift_quarantine(desk: Desk, arguments: Arguments) -> Any:
    """Let rows that were put aside be tried once more."""
    with desk.database.write() as connection:
        lifted = lift(connection, str(arguments["rows"]))
    for queue, name in lifted:
        log.happened("quarantine_lifted", queue=queue, id=name)
    desk.wake()
    return {"lifted": [{"queue": queue, "id": name} for queue, name in lifted]}


def _known_campaign(desk: Desk, campaign: str) -> None:
    from lifecycle.catalog.problem import did_you_mean

    with desk.database.read() as connection:
        live = catalog_versions.latest(connection)
    there = {path.stem for path in (desk.root / "campaigns").glob("*.toml")}
    if live is not None:
        there |= {Path(name).stem for name in live.files if name.startswith("campaigns/")}
    if campaign not in there:
        hint = did_you_mean(campaign, there)
        raise UsageError(f"there is no campaign “{campaign}”", remedy=hint)


def _erase(desk: Desk, arguments: Arguments) -> Any:
    from lifecycle.api.erasure import remove_letters

    customer_id = str(arguments["customer"])
    with desk.alone():
        with desk.database.write() as connection:
            erased = erase(connection, customer_id, desk.clock.now(), desk.key)
        if erased is None:
            raise UsageError("there is no such customer", state={"customer": customer_id})
        scrub(desk.database)
    remove_letters(desk.root / desk.settings.transport.folder, frozenset(erased.message_ids))
    log.happened("customer_erased", pseudonym=erased.pseudonym)
    return {"pseudonym": erased.pseudonym}


def _suppress(desk: Desk, arguments: Arguments) -> Any:
    """Suppress the address of a customer."""
    from sqlalchemy import select

    customer_id, reason = str(arguments["customer"]), str(arguments["reason"])
    if arguments.get("lift"):
        return _lift(desk, customer_id)
    now = desk.clock.now()
    with desk.database.write() as connection:
        owner = customers.owner_of(connection, customer_id)
        _exists(customer_exists(connection, owner), customer_id)
        email = connection.execute(
            select(CUSTOMER.c.email).where(CUSTOMER.c.customer_id == owner)
        ).scalar()
        if not email:
            raise LifecycleError("the customer has no address", state={"customer": customer_id})
        said = [(email, reason, now)]
        customers.suppress(connection, said, now=now, address_key=desk.key)
    desk.wake()
    return {"customer": owner, "suppressed": reason}


def _lift(desk: Desk, customer_id: str) -> Any:
    """Let letters go to a customer's address again, here and, before that, by SES's list."""
    from lifecycle.cli.in_step import list_of
    from lifecycle.send.suppression_list import ListUnavailable
    from lifecycle.store import in_step

    with desk.database.read() as connection:
        owner = customers.owner_of(connection, customer_id)
        _exists(customer_exists(connection, owner), customer_id)
        row = connection.execute(CUSTOMER.select().where(CUSTOMER.c.customer_id == owner)).one()
    if not row.email:
        raise LifecycleError("the customer has no address", state={"customer": customer_id})
    listing = list_of(desk.settings, lambda _: None)
    if listing is not None:
        try:
            listing.delete(row.email)
        except ListUnavailable as unavailable:
            remedy = "try it again once SES answers"
            raise LifecycleError("nothing was changed", unavailable.reason, remedy) from unavailable
        finally:
            listing.close()
    with desk.database.write() as connection:
        reason = in_step.lift(connection, row.address_hash)
        wake(connection, {owner: desk.clock.now()})
    log.happened("suppression_lifted", customer=owner, reason=reason or "none")
    desk.wake()
    return {"customer": owner, "lifted": reason}


def _merge(desk: Desk, arguments: Arguments) -> Any:
    keep, other = str(arguments["customer"]), str(arguments["other"])
    with desk.alone(), desk.database.write() as connection:
        owner = customers.owner_of(connection, keep)
        _exists(customer_exists(connection, owner), keep)
        merge(connection, owner, other, desk.clock.now())
    desk.wake()
    return {"customer": owner, "merged": other}


def _exists(there: bool, customer_id: str) -> None:
    if not there:
        raise UsageError("there is no such customer", state={"customer": customer_id})


def _resolve(desk: Desk, arguments: Arguments) -> Any:
    message_id, fate = str(arguments["message"]), str(arguments["fate"])
    with desk.database.write() as connection:
        state = resolve(connection, message_id, fate, desk.clock.now())
    desk.wake()
    return {"message": message_id, "state": state}


def _confirm_restored(desk: Desk, arguments: Arguments) -> Any:
    """The journal is whole: what it does not know goes its normal way."""
    with desk.alone(), desk.database.write() as connection:
        found = restored.restoration(connection)
        if found is None:
            raise LifecycleError("this database was never restored", remedy="nothing is to be done")
        let_go = restored.confirm(connection, desk.clock.now())
        left = len(restored.doubted(connection))
    desk.wake()
    return {"let_go": len(let_go), "in_doubt": left}


def _key_create(desk: Desk, arguments: Arguments) -> Any:
    with desk.database.write() as connection:
        made = keys.create_key(connection, list(arguments["scopes"]), desk.clock.now())
    return {"key": made, "scopes": sorted(set(arguments["scopes"]))}


def _key_revoke(desk: Desk, arguments: Arguments) -> Any:
    key_id = str(arguments["id"])
    with desk.database.write() as connection:
        if not keys.revoke_key(connection, key_id, desk.clock.now()):
            raise LifecycleError("there is no such key, or it was revoked", state={"key": key_id})
    return {"revoked": key_id}


COMMANDS: dict[str, Callable[[Desk, Arguments], Any]] = {
    "which_database": _which_database,
    "apply": _apply,
    "rollback": _rollback,
    "order": _order,
    "close_breaker": _close_breaker,
    "lift_quarantine": _lift_quarantine,
    "import": take_lines,
    "erase": _erase,
    "suppress": _suppress,
    "merge": _merge,
    "resolve": _resolve,
    "confirm_restored": _confirm_restored,
    "key_create": _key_create,
    "key_revoke": _key_revoke,
}
"""What a writing command is called on the local socket."""
