"""Files that go with letters, from the project's folder to the mailbox."""

from __future__ import annotations

from base64 import b64encode
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from lifecycle.catalog.load import from_files
from lifecycle.core.attaching import kept_as
from lifecycle.core.message import Attachment
from lifecycle.core.step import Step
from lifecycle.engine.attaching import attached
from lifecycle.render.problems import BrokenTemplate
from lifecycle.send.outbox import Outbox
from tests.faults.running import Post, Running
from tests.simulation.shop import LETTER, event, flow, person, settings, step
from tests.store.prepared import with_tables

START = "2026-05-04T09:00:00"
TERMS = b"%PDF-1.7\r\n\x00\xff terms"


def run(folder: Path, transport: Any, more: str) -> None:
    url = f"sqlite:///{folder / 'shop.db'}"
    with_tables(url)
    files = {
        "settings.toml": settings(),
        "templates/hello.mjml": LETTER,
        "campaigns/f.toml": flow('when = "seen"', step("hello", more)),
        kept_as("files/terms.pdf"): b64encode(TERMS).decode(),
    }
    loaded = from_files(files)
    assert loaded.catalog is not None, loaded.problems
    running = Running(url, loaded.catalog, transport)
    running.start(START)
    running.say(person(), at=START)
    running.hear(event("2026-05-04T10:00:00", "seen"))
    running.run("2026-05-04T12:00:00")
    running.close()


@pytest.mark.parametrize("transactional", [True, False])
def test_a_letter_takes_its_files_along(tmp_path: Path, transactional: bool) -> None:
    post = Post()
    also = "transactional = true" if transactional else ""
    run(tmp_path, post, f'attach = ["files/terms.pdf"]\n{also}')
    (letter,) = post.accepted
    assert letter.attachments == (Attachment("terms.pdf", "application/pdf", TERMS),)


def test_a_letter_without_files_takes_none(tmp_path: Path) -> None:
    post = Post()
    run(tmp_path, post, "")
    (letter,) = post.accepted
    assert letter.attachments == ()


def test_the_outbox_shows_the_letter_with_its_files(tmp_path: Path) -> None:
    run(tmp_path, Outbox(tmp_path / "outbox"), 'attach = ["files/terms.pdf"]')
    (file,) = (tmp_path / "outbox").glob("*.eml")
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    (found,) = message.iter_attachments()
    assert found.get_filename() == "terms.pdf"
    assert found.get_payload(decode=True) == TERMS


def test_a_file_that_is_gone_keeps_its_letter_from_going() -> None:
    said = Step(name="hello", template="hello", subject="Hello", attach=("files/gone.pdf",))
    with pytest.raises(BrokenTemplate, match="is gone"):
        attached({}, said)
