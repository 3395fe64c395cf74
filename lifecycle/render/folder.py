"""The templates folder: reads files strictly inside it and remembers all that was read."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path, PurePosixPath

from lifecycle.render.problems import refuse

MAX_FILE = 256 * 1024
"""Bytes of one template file."""
MAX_FILES = 100
"""Files that one template may be put together from."""
PRIVATE_MARKS = dict.fromkeys(range(0xE000, 0xE010))
"""Characters the assembling uses as marks; no text of a letter needs them."""


class TemplateFolder:
    """Reads templates for one locale; never outside `root`, whatever a path or symlink says."""

    def __init__(self, root: Path, locale: str | None = None, language: str | None = None) -> None:
        self.root = root.resolve()
        self.suffixes = locale_suffixes(locale, language)
        self.read_files: dict[str, str] = {}
        self.missing: set[str] = set()

    def find(self, name: str, *, beside: str = "", extension: str = ".mjml") -> str | None:
        """Return the relative path of the best variant of `name`, or None if there is none.

        `beside` is the file whose folder is searched first. Raises ValueError if the name leads
        out of the folder.
        """
        bases = [PurePosixPath(beside).parent / name] if beside else []
        bases.append(PurePosixPath(name))
        for base in bases:
            for candidate in self._variants(base, extension):
                if self._inside(candidate).is_file():
                    return candidate
                self.missing.add(candidate)
        return None

    def settle(self, path: str) -> None:
        """Keep to the language of `path` from now on: an English letter has no German footer."""
        for index, suffix in enumerate(self.suffixes):
            stem = path.rpartition(".")[0]
            if suffix and stem.endswith(suffix):
                self.suffixes = (*self.suffixes[index:],)
                return
        self.suffixes = ("",)

    def settle_on(self, path: str, text: str) -> None:
        """Take `text` for the file `path`, which need not be in the folder."""
        self.read_files[path] = text.translate(PRIVATE_MARKS)

    def read(self, path: str, origin: tuple[str, int, int]) -> str:
        """Return the text of a found file; `origin` says who asked, for the problem raised."""
        if path in self.read_files:
            return self.read_files[path]
        if len(self.read_files) >= MAX_FILES:
            raise refuse(*origin, f"This template is put together from over {MAX_FILES} files")
        try:
            raw = self._inside(path).read_bytes()
        except OSError as error:
            reason = error.strerror or "unknown reason"
            raise refuse(*origin, f"The file {path} cannot be read: {reason}") from None
        if len(raw) > MAX_FILE:
            raise refuse(path, 1, 1, f"This file is larger than {MAX_FILE // 1024} KB")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise refuse(
                path, line, 1, "This file is not UTF-8 text", "Save it with the encoding UTF-8"
            ) from None
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        text = text.translate(PRIVATE_MARKS)
        self.read_files[path] = text
        return text

    def version(self, *more: str) -> str:
        """Return the hash, 32 hex characters, of everything read so far and of `more`."""
        digest = hashlib.blake2b(digest_size=16)
        for name, text in sorted(self.read_files.items()):
            for part in (name, text):
                digest.update(f"{len(part)}:{part}".encode("utf-8", "surrogatepass"))
        for part in more:
            digest.update(f"{len(part)}:{part}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def _variants(self, base: PurePosixPath, extension: str) -> list[str]:
        suffix = base.suffix if base.suffix in (".mjml", ".html", ".txt", ".css") else ""
        stem = str(base)[: -len(suffix)] if suffix else str(base)
        ending = suffix or extension
        return [f"{stem}{variant}{ending}" for variant in self.suffixes]

    def _inside(self, path: str) -> Path:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in path or "\0" in path:
            raise ValueError(path)
        full = (self.root / pure).resolve()
        if not full.is_relative_to(self.root):
            raise ValueError(path)
        return full


@lru_cache(maxsize=1_000)
def locale_suffixes(locale: str | None, language: str | None) -> tuple[str, ...]:
    """Return the suffixes to try, best first: `.de-AT`, `.de`, the shop's language, none."""
    found: list[str] = []
    for tag in (locale, language):
        clean = (tag or "").replace("_", "-").strip()
        if not clean or not clean.replace("-", "").isalnum():
            continue
        parts = clean.split("-")
        region = f".{parts[0].lower()}-{parts[-1].upper()}"
        found += [region] if len(parts) > 1 else []
        found.append(f".{parts[0].lower()}")
    return (*dict.fromkeys(found), "")
