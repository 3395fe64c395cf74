"""`lifecycle fake-ses`: a stand-in for Amazon SES on this machine, to try and to break things."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.app import EVERYWHERE, app, asked
from lifecycle.errors import EnvironmentFailed, UsageError

PORT = 8005
LOG = Path("fake-ses.jsonl")
SANDBOX_RATE, SANDBOX_QUOTA = 1.0, 200.0
RATE, QUOTA = 14.0, 50_000.0
PARTS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _seconds(words: str) -> float:
    """Read 30ms, 2s, 5m or 1h. Raises UsageError."""
    for unit, seconds in PARTS.items():
        number = words.strip().removesuffix(unit)
        if number != words.strip():
            try:
                return float(number) * seconds
            except ValueError:
                continue
    raise UsageError(f"“{words}” is not a length", remedy="write 30ms, 2s, 5m or 1h")


def _delay(words: str) -> list[float]:
    """Read 2s, or 0s-2h for anything between."""
    least, _, most = words.partition("-")
    return [_seconds(least), _seconds(most or least)]


Port = Annotated[int, typer.Option(help="Where it listens, on 127.0.0.1.")]
Log = Annotated[
    Path, typer.Option(metavar="FILE", help="The truth log; carried on with if it is there.")
]
Seed = Annotated[int, typer.Option(help="Feeds every draw.")]
Rate = Annotated[float | None, typer.Option(help="Recipients a second.", show_default="14")]
Quota = Annotated[
    float | None,
    typer.Option(help="Recipients in 24 hours; -1 = unlimited.", show_default="50000"),
]
Sandbox = Annotated[bool, typer.Option("--sandbox", help="A new account: 1 a second, 200 a day.")]
Identities = Annotated[
    list[str] | None,
    typer.Option(metavar="DOMAIN", help="A verified identity; without any, all are."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A configuration set; without any, all are there."),
]
Faults = Annotated[
    str, typer.Option(metavar="SHARES", help='As in "throttled=0.1,failed_after=0.02".')
]
Hang = Annotated[str, typer.Option(metavar="LENGTH", help="How long a hang_ fault hangs.")]
Latency = Annotated[str, typer.Option(metavar="LENGTH", help="Before each answer.")]
BulkCalls = Annotated[
    float | None, typer.Option(metavar="NUMBER", help="At most so many bulk calls a second.")
]
Events = Annotated[
    str, typer.Option(metavar="TARGET", help='"queue", "off", or an address to post to.')
]
Loss = Annotated[float, typer.Option(metavar="SHARE", help="Of events, lost.")]
Late = Annotated[str, typer.Option(metavar="LENGTH", help="How late events are: 2s, or 0s-2h.")]
Copies = Annotated[int, typer.Option(metavar="NUMBER", help="Each event comes so often.")]
Shuffle = Annotated[bool, typer.Option("--shuffle", help="Events come in any order.")]
Bounce = Annotated[float, typer.Option(metavar="SHARE", help="Of addresses, dead.")]
Soft = Annotated[float, typer.Option(metavar="SHARE", help="Of letters: the mailbox is full.")]
Complaint = Annotated[float, typer.Option(metavar="SHARE", help="Of letters, complained of.")]
Open = Annotated[float, typer.Option(metavar="SHARE", help="Of letters, opened by people.")]
Click = Annotated[float, typer.Option(metavar="SHARE", help="Of those opened, clicked.")]
Machine = Annotated[
    float, typer.Option(metavar="SHARE", help="Of letters, opened and clicked by machines.")
]
Reading = Annotated[str, typer.Option(metavar="LENGTH", help="People open within so long.")]
Outbox = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Accepted letters go here, .eml and .html.")
]
Certificate = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Where the signatures' certificate goes.")
]


@app.command("fake-ses", epilog=EVERYWHERE)
def fake_ses(
    ctx: typer.Context,
    port: Port = PORT,
    log: Log = LOG,
    seed: Seed = 0,
    rate: Rate = None,
    quota: Quota = None,
    sandbox: Sandbox = False,
    identity: Identities = None,
    configuration_set: Sets = None,
    faults: Faults = "",
    hang: Hang = "60s",
    latency: Latency = "0ms",
    bulk_calls: BulkCalls = None,
    events: Events = "queue",
    event_loss: Loss = 0.0,
    event_delay: Late = "0s",
    event_copies: Copies = 1,
    shuffle: Shuffle = False,
    bounce: Bounce = 0.0,
    soft_bounce: Soft = 0.0,
    complaint: Complaint = 0.0,
    open: Open = 0.0,
    click: Click = 0.0,
    machine: Machine = 0.0,
    reading: Reading = "30s",
    outbox: Outbox = None,
    certificate: Certificate = None,
) -> None:
    """Stand in for Amazon SES on this machine: limits, faults, events, and a log of the truth.

    It says at its start which settings point at it. GET /control counts, POST /control changes
    things while it runs, /letters shows what was accepted. Ctrl-C ends it.
    """
    from lifecycle.clock import SystemClock
    from lifecycle.sim.fake_ses import FakeSes

    target = None if events == "off" else events
    given = ctx.params
    clock = SystemClock()
    try:
        limits = _limits(given)
        stand_in = FakeSes(log, clock, limits=limits, events=target, seed=seed, outbox=outbox)
        stand_in.control(_changes(given))
    except ValueError as error:
        raise UsageError(str(error), remedy="lifecycle fake-ses --help tells more") from error
    if certificate is not None and stand_in.signing is not None:
        certificate.write_bytes(stand_in.signing.pem)
    _serve(asked(ctx), stand_in, port, log)


def _limits(given: Mapping[str, Any]) -> Any:
    """The account that the options describe."""
    from lifecycle.sim.fake_ses_limits import Limits

    rate, quota = (SANDBOX_RATE, SANDBOX_QUOTA) if given["sandbox"] else (RATE, QUOTA)
    identities, sets = given["identity"], given["configuration_set"]
    return Limits(
        per_second=rate if given["rate"] is None else given["rate"],
        per_day=quota if given["quota"] is None else given["quota"],
        sender_domains=frozenset(one.lower() for one in identities) if identities else None,
        configuration_sets=frozenset(sets) if sets else None,
        sandbox=given["sandbox"],
        bulk_calls_per_second=given["bulk_calls"],
    )


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of faults and events, as the control path takes it."""
    plain = ("faults", "seed", "shuffle", "bounce", "soft_bounce", "complaint")
    return {
        **{name: given[name] for name in (*plain, "open", "click", "machine")},
        "hang_seconds": _seconds(given["hang"]),
        "latency": _seconds(given["latency"]),
        "event_loss": given["event_loss"],
        "event_delay": _delay(given["event_delay"]),
        "event_copies": given["event_copies"],
        "reading_seconds": _seconds(given["reading"]),
    }


def _serve(said: Any, stand_in: Any, port: int, log: Path) -> None:
    """Serve until a signal says to end."""
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        endpoint = stand_in.start(port)
    except OSError as error:
        raise EnvironmentFailed(
            f"port {port} cannot be had", cause=str(error), remedy="name another with --port"
        ) from error
    told = {"endpoint": endpoint, **_feedback(stand_in, endpoint), "log": str(log)}

    def human(out: Any) -> None:
        out.print(f"A stand-in for SES listens at {endpoint}. In settings.toml:\n")
        out.print('[transport]\nkind = "ses"\n', markup=False)
        out.print(f'[ses]\nendpoint = "{endpoint}"', markup=False)
        out.print('configuration_set = "lifecycle"', markup=False)
        for name, value in _feedback(stand_in, endpoint).items():
            out.print(f"{name} = {json.dumps(value)}", markup=False)
        out.print(f"\nLetters: {endpoint}/letters   Counts: {endpoint}/control   Truth: {log}")

    said.answer(told, human)
    sys.stdout.flush()
    signal.sigwait(signals)
    stand_in.stop()


def _feedback(stand_in: Any, endpoint: str) -> dict[str, Any]:
    """The setting by which its events come to the daemon; none where it tells of none."""
    from lifecycle.sim.fake_ses_events import TOPIC_ARN

    if stand_in.events is None:
        return {}
    if stand_in.signing is not None:
        return {"feedback_topics": [TOPIC_ARN]}
    return {"feedback_queue": stand_in.queue_url(endpoint)}
