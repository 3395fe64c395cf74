"""The daemon's thread that keeps SES's suppression list in step with ours, at night."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lifecycle import log
from lifecycle.cli.place import secret
from lifecycle.clock import Clock
from lifecycle.core.settings import Settings
from lifecycle.engine.in_step import bring_in_step
from lifecycle.engine.parts import Parts
from lifecycle.send.suppression_list import SuppressionList

LOOK_SECONDS = 300.0
"""How often it looks whether the work is due."""
STOP_SECONDS = 5.0


def list_of(settings: Settings, rest: Callable[[float], object]) -> SuppressionList | None:
    """The list of the account that letters go by; None where none is kept in step.

    Raises EnvironmentFailed for a variable that is not set.
    """
    if settings.transport.kind != "ses" or not settings.ses.suppressions_in_step:
        return None
    endpoint = settings.ses.endpoint
    named = secret(endpoint, "the endpoint of SES") if endpoint else None
    return SuppressionList(settings.ses.region, named, rest)


class InStep:
    """Keeps the two lists in step, until it is stopped; a failure harms nothing but itself."""

    def __init__(self, parts: Callable[[], Parts], clock: Clock) -> None:
        self._parts, self._clock = parts, clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="suppressions", daemon=True)

    def start(self) -> Callable[[], None]:
        """Begin; gives what stops it."""
        self._thread.start()
        return self.stop

    def stop(self) -> None:
        """End after the call in hand."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._look()
            except Exception:
                log.failed("suppressions_failed")

    def _look(self) -> None:
        parts = self._parts()
        settings = parts.live.catalog.settings
        listing = list_of(settings, self._stopping.wait)
        if listing is None:
            return
        try:
            bring_in_step(
                parts.database,
                listing,
                parts.key,
                settings.shop.timezone,
                self._clock.now(),
                self._stopping.is_set,
            )
        finally:
            listing.close()
