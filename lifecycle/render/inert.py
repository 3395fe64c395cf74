"""Links of a letter that is only looked at: none is counted, and none unsubscribes anybody."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.render.links import LinkSigner, Mode, Signer


class InertSigner(Signer):
    """Makes links that lead to the shop's website and do nothing there."""

    def __init__(self, keys: Sequence[bytes], website: str | None) -> None:
        super().__init__(keys)
        self._website = website

    def for_message(
        self,
        public_url: str,
        message_id: str,
        *,
        mode: Mode = "individual",
        counted_id: str | None = None,
    ) -> LinkSigner:
        """The links of a letter that is only looked at: no click is counted, no pixel is there."""
        base = (self._website or public_url).rstrip("/")
        return LinkSigner(
            unsubscribe_url=f"{base}/#preview-unsubscribe",
            preferences_url=f"{base}/#preview-preferences",
            view_url=f"{base}/#preview-view",
        )

    def confirm_url(self, public_url: str, message_id: str) -> str:
        """A link that confirms nothing."""
        return f"{(self._website or public_url).rstrip('/')}/#preview-confirm"
