"""A picture as the bytes of a PNG or an SVG: the same bytes for the same figures."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from lifecycle.insight.pictures.page import Panel, Picture, Words, one_line
from lifecycle.insight.pictures.style import SETTINGS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, MARGIN = 7.0, 0.22
"""In inches: 700 pixels on a plain screen."""
PNG_DOTS = 200
"""Dots an inch: sharp on a fine screen, and when it is printed."""
NEARLY = 0.97
"""How much of the width a line may take: letters on a grid of dots are wider than their shapes."""
LINE_HEIGHT = 1.35 / 72
"""Of a line of text, in inches a point of its size."""


def as_png(picture: Picture) -> bytes:
    """The picture as a PNG, 1,400 pixels wide; title and description are in its metadata."""
    told = one_line(picture.told)
    about = {"Title": one_line(picture.title), "Description": told, "Software": None}
    return _saved(picture, "png", about)


def as_svg(picture: Picture) -> bytes:
    """The picture as an SVG that says to a screen reader what it shows."""
    about = {"Title": one_line(picture.title), "Date": None, "Creator": None}
    plain = _saved(picture, "svg", about).decode("utf-8")
    title = f"<title>{escape(one_line(picture.title), quote=False)}</title>"
    told = f'<desc id="told">{escape(one_line(picture.told), quote=False)}</desc>'
    head, _, rest = plain.partition("<svg ")
    _, _, body = rest.partition("</title>")
    attributes = rest[: rest.index(">")]
    named = title.replace("<title>", '<title id="title">')
    return (
        f'{head}<svg role="img" aria-labelledby="title told" {attributes}>\n {named}\n {told}{body}'
    ).encode()


WRITERS: Mapping[str, Callable[[Picture], bytes]] = {".png": as_png, ".svg": as_svg}
"""By the ending of a file."""


def _saved(picture: Picture, kind: str, about: Mapping[str, str | None]) -> bytes:
    import matplotlib

    settings: Any = SETTINGS
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # A script that the font lacks is drawn as boxes; the text alternative has it in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        out = io.BytesIO()
        _figure(picture).savefig(out, format=kind, dpi=PNG_DOTS, metadata=dict(about))
    return out.getvalue()


def _figure(picture: Picture) -> Figure:
    """The parts from top to bottom."""
    from matplotlib.figure import Figure

    broken = [(one, _lines(one) if isinstance(one, Words) else []) for one in picture.parts]
    height = 2 * MARGIN + sum(_height(part, lines) for part, lines in broken)
    figure = Figure(figsize=(WIDTH, height))
    top = height - MARGIN
    for part, lines in broken:
        if isinstance(part, Words):
            figure.text(
                MARGIN / WIDTH,
                top / height,
                "\n".join(lines),
                fontsize=part.size,
                fontweight="bold" if part.bold else "normal",
                color=part.colour,
                va="top",
                linespacing=1.25,
            )
        else:
            wide = WIDTH - 2 * MARGIN - part.left - part.right
            axes = figure.add_axes(
                (
                    (MARGIN + part.left) / WIDTH,
                    (top - part.height) / height,
                    wide / WIDTH,
                    part.height / height,
                )
            )
            part.draw(axes)
        top -= _height(part, lines)
    return figure


def _height(part: Words | Panel, lines: list[str]) -> float:
    if isinstance(part, Words):
        return len(lines) * part.size * LINE_HEIGHT + part.gap
    return part.height + part.below


def _lines(words: Words) -> list[str]:
    """A paragraph broken into lines that fit; a word that does not fit alone is cut."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(
        family="DejaVu Sans", size=words.size, weight="bold" if words.bold else "normal"
    )
    most = (WIDTH - 2 * MARGIN) * 72 * NEARLY

    def fits(text: str) -> bool:
        return float(text_to_path.get_text_width_height_descent(text, font, False)[0]) <= most

    lines: list[str] = [""]
    for word in one_line(words.text).replace(" %", "\u00a0%").split(" "):
        tried = f"{lines[-1]} {word}".strip()
        if fits(tried):
            lines[-1] = tried
            continue
        if lines[-1]:
            lines.append("")
        while not fits(word):
            cut = next(end for end in range(len(word) - 1, 0, -1) if fits(word[:end]))
            lines[-1], word = word[:cut], word[cut:]
            lines.append("")
        lines[-1] = word
    return lines
