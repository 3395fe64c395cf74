"""A letter rendered plainly: the whole template as one program, all it says joined, then tidied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.render.compile import CompiledTemplate, environment
from lifecycle.render.dynamic import DynamicLinks
from lifecycle.render.letter import KNOWN_NAMES
from lifecycle.render.links import LinkSigner
from lifecycle.render.sandbox import new_budget
from lifecycle.render.text_part import tidy


def plain_letter(
    compiled: CompiledTemplate,
    subject: str,
    preheader: str,
    context: Mapping[str, Any],
    links: LinkSigner | None,
) -> tuple[str, str]:
    """The HTML and the text part. Raises whatever Jinja raises."""
    names: dict[str, Any] = {**dict.fromkeys(KNOWN_NAMES), **context}
    names |= {"subject": subject, "preheader": preheader, "_pixel": None}
    prefix = links.click_prefix if links else None
    count = len(compiled.links)
    names["_links"] = compiled.links
    if prefix is not None:
        names["_links"] = [f"{prefix}{number}" for number in range(1, count + 1)]
    if links is not None:
        names["_pixel"] = links.pixel_url
        for name in ("unsubscribe_url", "preferences_url", "view_url"):
            names[name] = getattr(links, name)
    dynamic = DynamicLinks(prefix if links and links.tracks_dynamic else None, count + 1)
    names["_dynamic"] = dynamic
    told = []
    for source, escaping in ((compiled.html, True), (compiled.text, False)):
        env = environment(dict(compiled.filters), dict(compiled.imports), autoescape=escaping)
        new_budget()
        template = env.from_string(source)
        told.append("".join(template.root_render_func(template.new_context(names))))
        dynamic.new_numbers = False
    return told[0], tidy(told[1])
