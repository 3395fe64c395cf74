"""Files that go with letters: which kinds there are, how many, and how large."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MAX_ATTACHED = 10
"""Files that go with one letter."""
MAX_ATTACHED_BYTES = 5 * 1024 * 1024
"""All files of a project that go with letters, together: they are kept with each version of it."""

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "application/pdf",
        "ics": "text/calendar",
        "txt": "text/plain",
        "csv": "text/csv",
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
        "webp": "image/webp",
        "mp3": "audio/mpeg",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "pkpass": "application/vnd.apple.pkpass",
        "epub": "application/epub+zip",
    }
)
"""By the ending of the file's name; receivers refuse programs, and distrust archives and HTML."""

ENCODED = ".base64"
"""Ends the name under which a file's content is kept as text, in base64, among the definitions."""


def kind_of(path: str) -> str | None:
    """The kind of a file by the ending of its name; None for one that does not go with letters."""
    return KINDS.get(path.rpartition(".")[2].lower())


def kept_as(path: str) -> str:
    """Where a file below templates/ is kept among the texts of the definitions."""
    return f"templates/{path}{ENCODED}"
