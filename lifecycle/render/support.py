"""What mail programs do not show: features of HTML, CSS and pictures, and who lacks them.

The facts are those of Can I email (caniemail.com, MIT), restated for the features that marketers
write by hand; `tests/render/test_support.py` holds them against that collection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Where = Literal["style", "markup"]
GMAIL, OUTLOOK, OUTLOOK_COM = "Gmail", "Outlook for Windows", "Outlook.com"
YAHOO, GMX, SAMSUNG = "Yahoo", "GMX and WEB.DE", "Samsung Email"
THUNDERBIRD = "Thunderbird"


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: how it is written, who does not show it, and what to write instead.

    `slug` names it at Can I email; `where` it is looked for: in styles, or in tags.
    """

    slug: str
    name: str
    pattern: re.Pattern[str]
    lacking: tuple[str, ...]
    hint: str
    where: Where = field(default="style")


def _declared(
    slug: str, pattern: str, lacking: tuple[str, ...], hint: str, name: str = ""
) -> Feature:
    said = name or pattern
    return Feature(slug, said, re.compile(rf"(?<![\w-])(?:{pattern})", re.I), lacking, hint)


def _tag(slug: str, tag: str, lacking: tuple[str, ...], hint: str) -> Feature:
    found = re.compile(rf"<{tag}(?=[\s>/])", re.I)
    return Feature(slug, f"<{tag}>", found, lacking, hint, "markup")


def _in_tags(slug: str, name: str, pattern: str, lacking: tuple[str, ...], hint: str) -> Feature:
    return Feature(slug, name, re.compile(pattern, re.I), lacking, hint, "markup")


_COLUMNS = "Use mj-section and mj-column, which every program lays out"
_PLAIN = "The letter must read well without it"
_PICTURE = "Show a picture that links to it"
_FORM = "Link to a page that holds the form"
_JPEG = "Use JPEG, PNG or GIF"

FEATURES: tuple[Feature, ...] = (
    _declared("css-display-flex", r"display\s*:\s*flex", (OUTLOOK, GMX), _COLUMNS, "display: flex"),
    _declared("css-display-grid", r"display\s*:\s*grid", (OUTLOOK, GMX), _COLUMNS, "display: grid"),
    _declared(
        "css-variables",
        r"var\s*\(",
        (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX),
        "Write the value itself; mj-attributes says it once for all",
        "var()",
    ),
    _declared(
        "css-at-font-face",
        r"@font-face\b",
        (GMAIL, OUTLOOK_COM, YAHOO, GMX),
        "Name a font after it that the reader has, such as Helvetica, Arial, sans-serif",
        "@font-face",
    ),
    _declared(
        "css-at-import",
        r"@import\b",
        (GMAIL, OUTLOOK_COM, YAHOO, GMX, SAMSUNG, THUNDERBIRD),
        "Write the styles into the layout",
        "@import",
    ),
    _declared(
        "css-animation",
        r"animation(?:-[\w]+)*\s*:",
        (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX, THUNDERBIRD),
        _PLAIN,
        "animation",
    ),
    _declared(
        "css-transform",
        r"transform\s*:",
        (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX),
        _PLAIN,
        "transform",
    ),
    _declared(
        "css-filter", r"filter\s*:", (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX), _PLAIN, "filter"
    ),
    _declared(
        "css-clip-path",
        r"clip-path\s*:",
        (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX),
        "Cut the picture itself",
        "clip-path",
    ),
    _declared(
        "css-box-shadow", r"box-shadow\s*:", (GMAIL, OUTLOOK, YAHOO, GMX), _PLAIN, "box-shadow"
    ),
    _declared(
        "css-text-shadow",
        r"text-shadow\s*:",
        (GMAIL, OUTLOOK, OUTLOOK_COM),
        _PLAIN,
        "text-shadow",
    ),
    _declared(
        "css-background-image",
        r"background-image\s*:",
        (OUTLOOK,),
        "Give mj-section or mj-hero its background-url, and a background-color beneath it",
        "background-image",
    ),
    _declared(
        "css-linear-gradient",
        r"(?:repeating-)?linear-gradient\s*\(",
        (OUTLOOK, OUTLOOK_COM, YAHOO, GMX),
        "Give a plain background-color beneath it",
        "linear-gradient()",
    ),
    _declared(
        "css-position",
        r"position\s*:\s*(?:absolute|fixed|sticky|relative)",
        (GMAIL, OUTLOOK),
        _COLUMNS,
        "position",
    ),
    _declared(
        "css-object-fit",
        r"object-fit\s*:",
        (OUTLOOK, YAHOO, GMX),
        "Cut the picture to its size",
        "object-fit",
    ),
    _declared(
        "css-aspect-ratio",
        r"aspect-ratio\s*:",
        (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX, SAMSUNG, THUNDERBIRD),
        "Give width and height",
        "aspect-ratio",
    ),
    _declared("css-unit-calc", r"calc\s*\(", (OUTLOOK, OUTLOOK_COM, YAHOO, GMX), _PLAIN, "calc()"),
    _declared(
        "css-function-clamp",
        r"clamp\s*\(",
        (OUTLOOK, OUTLOOK_COM, YAHOO, GMX),
        "Write one size, and another one for small screens in a media query",
        "clamp()",
    ),
    _declared("css-opacity", r"opacity\s*:", (OUTLOOK, GMX), _PLAIN, "opacity"),
    _declared(
        "css-column-count",
        r"column-count\s*:",
        (OUTLOOK, YAHOO, GMX),
        _COLUMNS,
        "column-count",
    ),
    _declared(
        "css-pseudo-element-before",
        r":{1,2}(?:before)\b",
        (GMAIL, OUTLOOK, YAHOO, GMX),
        "Write it as text",
        "::before",
    ),
    _declared(
        "css-pseudo-class-checked",
        r":checked\b",
        (GMAIL, OUTLOOK, GMX),
        _FORM,
        ":checked",
    ),
    _tag("html-video", "video", (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX), _PICTURE),
    _tag("html-audio", "audio", (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX), _PICTURE),
    _tag("html-svg", "svg", (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX), "Use PNG"),
    _tag("html-picture", "picture", (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX), _JPEG),
    _tag("html-form", "form", (OUTLOOK, GMX), _FORM),
    _tag("html-select", "select", (OUTLOOK, GMX), _FORM),
    _tag("html-textarea", "textarea", (OUTLOOK, GMX, SAMSUNG), _FORM),
    _tag("html-dialog", "dialog", (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX), _PLAIN),
    _tag("html-object", "object", (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX), _PICTURE),
    _tag("html-marquee", "marquee", (GMAIL, OUTLOOK, GMX), "Moving text tires readers"),
    _in_tags(
        "html-srcset",
        "srcset",
        r"<img\b[^>]*\ssrcset\s*=",
        (GMAIL, OUTLOOK, OUTLOOK_COM, YAHOO, GMX),
        "Give src a picture of twice the shown width",
    ),
    _in_tags(
        "image-svg",
        "a picture in SVG",
        r"\ssrc\s*=\s*[\"'][^\"'{}]*\.svgz?(?:[?#][^\"']*)?[\"']",
        (GMAIL,),
        "Use PNG",
    ),
    _in_tags(
        "image-avif",
        "a picture in AVIF",
        r"\ssrc\s*=\s*[\"'][^\"'{}]*\.avif(?:[?#][^\"']*)?[\"']",
        (OUTLOOK, GMX),
        _JPEG,
    ),
    _in_tags(
        "image-heif",
        "a picture in HEIF",
        r"\ssrc\s*=\s*[\"'][^\"'{}]*\.hei[cf](?:[?#][^\"']*)?[\"']",
        (OUTLOOK, OUTLOOK_COM, GMX, SAMSUNG, THUNDERBIRD),
        _JPEG,
    ),
    _in_tags(
        "image-tiff",
        "a picture in TIFF",
        r"\ssrc\s*=\s*[\"'][^\"'{}]*\.tiff?(?:[?#][^\"']*)?[\"']",
        (OUTLOOK, OUTLOOK_COM, YAHOO, GMX, SAMSUNG, THUNDERBIRD),
        _JPEG,
    ),
    _in_tags(
        "image-base64",
        "a picture inside the letter (data:)",
        r"\ssrc\s*=\s*[\"']data:",
        (GMAIL,),
        "Put the picture on the web and name its address",
    ),
)
