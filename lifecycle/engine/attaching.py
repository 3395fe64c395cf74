"""The files that go with a letter, as they were when the definitions went live."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from functools import lru_cache

from lifecycle.core.attaching import kept_as, kind_of
from lifecycle.core.message import Attachment
from lifecycle.core.step import Step
from lifecycle.render.problems import BrokenTemplate

FILES_KEPT = 64
"""Files kept in memory as bytes; all files of a project come to 5 MB."""


def attached(files: Mapping[str, str], step: Step) -> tuple[Attachment, ...]:
    """The files that a step's letter takes along. Raises BrokenTemplate for one that is gone.

    A flow as it was may name a file that the definitions no longer have.
    """
    return tuple(_file(path, _content(files, path)) for path in step.attach)


def _content(files: Mapping[str, str], path: str) -> str:
    content = files.get(kept_as(path))
    if content is None:
        raise BrokenTemplate("a file that goes with the letter is gone", file=path)
    return content


@lru_cache(maxsize=FILES_KEPT)
def _file(path: str, content: str) -> Attachment:
    kind = kind_of(path)
    assert kind is not None, "no definitions go live with a file of another kind"
    return Attachment(path.rpartition("/")[2], kind, b64decode(content))
