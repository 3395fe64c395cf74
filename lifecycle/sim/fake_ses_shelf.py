"""The accepted letters, to be looked at: the last ones in memory, all in a folder if asked for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

from lifecycle.sim.fake_ses_letters import Posted

LETTERS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Shelved:
    """One accepted letter."""

    identity: str
    at: datetime
    letter: Posted

    def told(self) -> dict[str, Any]:
        """What it is, without its bodies."""
        return {
            "ses_message_id": self.identity,
            "at": self.at.isoformat(),
            "from": self.letter.source,
            "to": list(self.letter.recipients),
            "subject": self.letter.subject,
            "by": self.letter.by,
            "tags": dict(self.letter.tags),
            "headers": [list(one) for one in self.letter.headers],
            "not_rendered_for": self.letter.missing,
        }

    def eml(self) -> bytes:
        """The letter as a file that mail software opens."""
        if self.letter.raw:
            return self.letter.raw
        text, html = self.letter.bodies
        made = EmailMessage()
        made["From"] = self.letter.source
        made["To"] = ", ".join(self.letter.recipients)
        made["Subject"] = self.letter.subject
        made["Date"] = format_datetime(self.at)
        made["Message-ID"] = f"<{self.identity}@eu-central-1.amazonses.com>"
        for name, value in self.letter.headers:
            if name not in made:
                made[name] = value
        made.set_content(text or "(no text)")
        if html:
            made.add_alternative(html, subtype="html")
        return made.as_bytes()


class Shelf:
    """Keeps letters as they are accepted."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._letters: deque[Shelved] = deque(maxlen=LETTERS_KEPT)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def keep(self, letter: Posted, identity: str, at: datetime) -> None:
        """Put one letter on the shelf, and into the folder if it is one that is delivered."""
        one = Shelved(identity, at, letter)
        self._letters.append(one)
        if self._folder is not None and not letter.missing:
            (self._folder / f"{identity}.eml").write_bytes(one.eml())
            html = letter.bodies[1]
            if html:
                (self._folder / f"{identity}.html").write_text(html, encoding="utf-8")

    def letters(self) -> list[Shelved]:
        """The last letters, newest first."""
        return list(reversed(self._letters))

    def one(self, identity: str) -> Shelved | None:
        """One of the last letters."""
        return next((one for one in self._letters if one.identity == identity), None)

    def page(self) -> str:
        """All that are kept, as a page to click through."""
        rows = "".join(
            f"<tr><td>{escape(one.at.strftime('%H:%M:%S'))}</td>"
            f"<td>{escape(', '.join(one.letter.recipients))}</td>"
            f'<td><a href="/letters/{escape(one.identity)}.html">'
            f"{escape(one.letter.subject)}</a></td>"
            f'<td><a href="/letters/{escape(one.identity)}.eml">eml</a></td></tr>'
            for one in self.letters()
        )
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Accepted letters</title>'
            "<style>body{font:16px sans-serif;margin:2em}td{padding:.2em 1em .2em 0}</style>"
            f"<h1>The last {LETTERS_KEPT} accepted letters</h1><table>{rows}</table></html>"
        )
