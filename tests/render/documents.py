"""Short ways to write a whole MJML document around the part a test is about."""

from __future__ import annotations

from collections.abc import Callable

from lifecycle.render.compile import CompiledTemplate

Write = Callable[..., CompiledTemplate]


def page(inner: str, head: str = "") -> str:
    """Wrap MJML sections into a whole document."""
    return f"<mjml><mj-head>{head}</mj-head><mj-body>{inner}</mj-body></mjml>"


def words(inner: str, head: str = "") -> str:
    """Wrap text into a document with one mj-text."""
    return page(f"<mj-section><mj-column><mj-text>{inner}</mj-text></mj-column></mj-section>", head)
