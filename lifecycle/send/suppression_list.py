"""The suppression list of an SES account: read page by page, added to, and taken from.

Asking twice comes to the same, so whatever fails is simply asked again another day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from lifecycle.log import redacted
from lifecycle.send.ses_client import Access, SesClient

PAGE = 1_000
"""Addresses a page: what SES gives at most."""
REST_SECONDS = 0.2
"""Between two calls: SES takes a few of these a second, and letters go first."""
Reason = Literal["bounced", "complained"]
_REASONS: dict[str, Reason] = {"BOUNCE": "bounced", "COMPLAINT": "complained"}
_THEIRS: dict[Reason, str] = {ours: theirs for theirs, ours in _REASONS.items()}
_NOT_THERE = "NotFoundException"


class ListUnavailable(Exception):
    """SES did not do as asked; `reason` says why, without an address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Listed:
    """An address on SES's list."""

    address: str
    reason: Reason
    at: datetime


class SuppressionList:
    """The list of one account; `rest` is told for how many seconds to wait between two calls."""

    def __init__(self, region: str, endpoint: str | None, rest: Callable[[float], object]) -> None:
        self._client = SesClient(Access(region, endpoint, connections=1))
        self._rest = rest

    def pages(self, since: datetime | None) -> Iterator[list[Listed]]:
        """All addresses, or those listed since an instant, page by page.

        Raises ListUnavailable.
        """
        asked: dict[str, Any] = {"PageSize": PAGE}
        if since is not None:
            asked["StartDate"] = since
        while True:
            answer = self._do("list_suppressed_destinations", asked)
            found = answer.get("SuppressedDestinationSummaries") or []
            yield [listed for one in found if (listed := _listed(one)) is not None]
            token = answer.get("NextToken")
            if not token:
                return
            asked["NextToken"] = token

    def put(self, address: str, reason: Reason) -> None:
        """Put an address on the list, if it is not there. Raises ListUnavailable."""
        self._do("put_suppressed_destination", {"EmailAddress": address, "Reason": _THEIRS[reason]})

    def delete(self, address: str) -> None:
        """Take an address off the list, if it is there. Raises ListUnavailable."""
        self._do("delete_suppressed_destination", {"EmailAddress": address}, absent=True)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _do(self, operation: str, asked: dict[str, Any], *, absent: bool = False) -> dict[str, Any]:
        self._rest(REST_SECONDS)
        try:
            call = getattr(self._client.opened(), operation)
            answer: dict[str, Any] = call(**asked)
            return answer
        except Exception as error:
            code = str(_answered(error).get("Code", ""))
            if absent and code.rpartition("#")[2] == _NOT_THERE:
                return {}
            told = _answered(error).get("Message") or f"{type(error).__name__}: {error}"
            raise ListUnavailable(redacted(f"{code} {told}".strip())) from error


def _answered(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    said = response.get("Error") if isinstance(response, dict) else None
    return said if isinstance(said, dict) else {}


def _listed(one: Any) -> Listed | None:
    """An entry of the answer; None for what cannot be one of ours."""
    address, at = one.get("EmailAddress"), one.get("LastUpdateTime")
    reason = _REASONS.get(str(one.get("Reason")))
    if not isinstance(address, str) or reason is None:
        return None
    known = at.astimezone(UTC) if isinstance(at, datetime) and at.tzinfo else None
    return Listed(address, reason, known or datetime.fromtimestamp(0, UTC))
