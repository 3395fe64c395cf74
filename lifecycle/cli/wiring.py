"""Puts the parts of an engine together as the settings say: definitions, transport, keys."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lifecycle import log
from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import load
from lifecycle.cli.place import FOLDER, secret, signing_keys
from lifecycle.core.account import Told
from lifecycle.core.message import Outcome
from lifecycle.core.settings import Settings
from lifecycle.engine.account import RATE_UNKNOWN
from lifecycle.engine.apply import applied
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.engine.versions import in_use
from lifecycle.errors import EnvironmentFailed, LifecycleError
from lifecycle.hooks import Registry, find
from lifecycle.render.links import Signer
from lifecycle.render.rendering import Rendering, RenderingHere
from lifecycle.send.bulk import SHARE_FROM, BulkSes
from lifecycle.send.gate import Turnstile
from lifecycle.send.journal import Journal
from lifecycle.send.outbox import Outbox
from lifecycle.send.path import feedback_path
from lifecycle.send.ses import Ses, SesUnavailable
from lifecycle.send.smtp import Smtp
from lifecycle.send.sqs import SqsFeedback
from lifecycle.send.starts import Starts
from lifecycle.send.transport import Transport
from lifecycle.store.database import Database

LIVE_FOLDER = "live"
NO_THREADS = 1
SEND_THREADS = 8
"""How many letters are under way at once to a transport that answers over the network."""


def transport_of(root: Path, settings: Settings) -> Transport:
    """The way out that the settings choose. Raises EnvironmentFailed for a secret not there."""
    if settings.transport.kind == "outbox":
        return Outbox(root / settings.transport.folder)
    if settings.transport.kind == "ses":
        return bulk_of(settings) if settings.ses.mode == "bulk" else Ses(*_place_of(settings))
    smtp = settings.smtp
    return Smtp(
        secret(smtp.host, "the SMTP host"),
        smtp.port,
        secret(smtp.user, "the SMTP user") if smtp.user else None,
        secret(smtp.password, "the SMTP password") if smtp.password else None,
    )


def bulk_of(settings: Settings, *, share_from: int = SHARE_FROM) -> BulkSes:
    """SES in bulk, whatever mode the settings choose. Raises EnvironmentFailed as above."""
    return BulkSes(*_place_of(settings), threads=SEND_THREADS, share_from=share_from)


def _place_of(settings: Settings) -> tuple[str, str | None, str | None]:
    """Region, configuration set and endpoint of SES."""
    ses = settings.ses
    configuration = ses.configuration_set
    return (
        ses.region,
        secret(configuration, "the configuration set") if configuration else None,
        secret(ses.endpoint, "the endpoint of SES") if ses.endpoint else None,
    )


def queue_of(settings: Settings) -> SqsFeedback | None:
    """The queue that SES's feedback comes by; None where none is named, or nothing goes by SES.

    A variable that is not set keeps nobody from sending: it is logged, and `doctor` tells.
    """
    said = settings.ses.feedback_queue
    if said is None or settings.transport.kind != "ses":
        return None
    try:
        return SqsFeedback(secret(said, "the feedback queue"), settings.ses.region)
    except EnvironmentFailed as missing:
        log.warned("feedback_queue_unknown", problem=missing.cause)
        return None


def parts_of(
    root: Path,
    catalog: Catalog,
    hooks: Registry,
    database: Database,
    key: bytes,
    rendering: Rendering | None = None,
    journal: Journal | None = None,
    starts: Starts | None = None,
) -> Parts:
    """The parts of an engine on these definitions; it renders here unless told where.

    Without a `journal` attempts are noted in the database alone.
    """
    settings = catalog.settings
    threads = NO_THREADS if settings.transport.kind == "outbox" else SEND_THREADS
    transport = transport_of(root, settings)
    with database.read() as connection:
        versions = in_use(connection, catalog, hooks, alone=database.is_sqlite)
    return Parts(
        database,
        Live(catalog, hooks, versions=versions),
        transport,
        key,
        Signer(signing_keys(root, settings, key)),
        threads=threads,
        rendering=rendering or RenderingHere(),
        path=feedback_path(settings),
        journal=journal,
        starts=starts if starts is not None and starts.token else None,
        turnstile=turnstile_of(transport, database),
        account=partial(account_of, transport) if isinstance(transport, Ses) else None,
    )


def turnstile_of(transport: Transport, database: Database) -> Turnstile | None:
    """What keeps a transport's pace: SES has a rate, SMTP only rests; the outbox takes all."""
    if isinstance(transport, Outbox):
        return None
    rate = RATE_UNKNOWN if isinstance(transport, Ses) else None
    return Turnstile(database, transport.name, rate)


def account_of(ses: Ses) -> Told | Outcome:
    """What SES tells of the account, or why it does not."""
    try:
        found = ses.get_account()
    except SesUnavailable as unavailable:
        return unavailable.outcome
    return Told(
        found.per_second,
        found.per_day,
        found.sent_last_day,
        found.sending_enabled,
        found.production,
        found.enforcement,
    )


def live_parts(root: Path, settings: Settings, database: Database, key: bytes) -> Parts | None:
    """The parts of an engine on what is live; None while nothing is."""
    hooks, _ = find(root)
    found = applied(database, root, hooks)
    return None if found is None else parts_of(root, found[1], hooks, database, key)


def kept_catalog(root: Path, catalog: Catalog, hooks: Registry) -> Catalog:
    """The same definitions, read from a copy of their files below .lifecycle/live.

    Templates are compiled from their files as letters need them: the copy keeps an edit in the
    project's folder from reaching a letter before it is applied. Raises LifecycleError.
    """
    folder = root.resolve() / FOLDER / LIVE_FOLDER / catalog.fingerprint
    for path, text in catalog.files.items():
        file = folder / path
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_name(f".{file.name}.new")
            unfinished.write_text(text, encoding="utf-8", newline="")
            unfinished.replace(file)
    filters = {name: one.function for name, one in hooks.filters.items()}
    loaded = load(folder, filters=filters, events=tuple(hooks.triggers))
    if loaded.catalog is None or loaded.catalog.fingerprint != catalog.fingerprint:
        raise LifecycleError(
            "the copy of the live definitions is damaged",
            cause=str(folder),
            remedy="remove that folder, it is made again",
        )
    return loaded.catalog
