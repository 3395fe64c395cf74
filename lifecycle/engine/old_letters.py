"""Letters that went, shown again in the browser from what was kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from lifecycle.core.tracking import mode_for
from lifecycle.engine import seen
from lifecycle.engine.parts import Parts
from lifecycle.render.compile import CompiledTemplate
from lifecycle.render.letter import LetterTexts
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.rendering import Asked
from lifecycle.store import operations

MAX_OLD_TEMPLATES = 64
"""Stored templates kept in memory for the view in the browser."""


class OldLetters:
    """Renders letters that went from their stored template version and context."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._kept: dict[str, CompiledTemplate] = {}

    def view(self, connection: Connection, row: Any) -> str | None:
        """The HTML of a letter that went, for the view in the browser; None when it is gone."""
        context = seen.whole(connection, row)
        if row.template_version is None or context is None:
            return None
        stored = operations.template(connection, row.template_version)
        if stored is None:
            return None
        settings = self._parts.live.catalog.settings
        campaign = self._parts.live.campaign(row.campaign)
        # Whether its customer agreed is not asked here: then nothing is followed.
        mode = mode_for(settings, campaign.topic if campaign else None, {})
        links = self._parts.signer.for_message(settings.http.public_url, row.message_id, mode=mode)
        subject = str(context.get("_subject") or "-")
        texts = LetterTexts("{% raw %}" + subject.replace("{%", "{ %") + "{% endraw %}")
        restored = self._restored(row.template_version, stored)
        seen_again = self._parts.rendering.render([Asked(restored, texts, context, links)])[0]
        return None if isinstance(seen_again, BrokenTemplate) else seen_again.html

    def _restored(self, version: str, stored: Mapping[str, Any]) -> CompiledTemplate:
        """A stored template; the same object for the same version, so that it is compiled once."""
        if version in self._kept:
            return self._kept[version]
        if len(self._kept) >= MAX_OLD_TEMPLATES:
            self._kept.clear()
        self._kept[version] = restored = CompiledTemplate(
            name=stored["name"],
            version=version,
            html=stored["html"],
            text=stored["text"],
            links=tuple(stored["links"]),
            problems=(),
            files=(),
            imports=tuple((name, source) for name, source in stored["imports"]),
            filters=tuple(sorted(self._parts.live.filters.items())),
        )
        return restored


def stored_template(template: CompiledTemplate) -> dict[str, Any]:
    """What is kept of a template version that letters go out with."""
    return {
        "name": template.name,
        "html": template.html,
        "text": template.text,
        "links": list(template.links),
        "imports": [list(pair) for pair in template.imports],
    }
