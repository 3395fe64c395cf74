"""What errands say: the JSON of a call, and the note of a `notify`, fixed at the first try."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.message import Letter
from lifecycle.core.step import Step
from lifecycle.core.words import rfc3339
from lifecycle.engine.letters import Letters
from lifecycle.engine.parts import Parts
from lifecycle.render.note import fill
from lifecycle.render.problems import BrokenTemplate

MAX_BODY = 500_000
"""Bytes of what a call sends."""
MAX_NOTE = 100_000
MAX_SUBJECT = 300
"""Characters of a note once filled in."""
_NO_NAME = re.compile(r"[^A-Za-z0-9_]")


class Unsayable(Exception):
    """An errand that can never be run; the text tells why and names nobody."""


def body_of(parts: Parts, row: Any, facts: Facts, enrollment: Enrollment) -> str:
    """What an errand sends, as text that is kept until it is over. Raises Unsayable."""
    if row.kind == "call":
        return _call(row, facts, enrollment)
    try:
        return _note(parts, row, facts, enrollment)
    except BrokenTemplate as broken:
        problem = f"the {broken.file} of the note cannot be written: {broken.problem}"
        raise Unsayable(problem) from broken


def _call(row: Any, facts: Facts, enrollment: Enrollment) -> str:
    said = {
        "type": f"lifecycle.{_NO_NAME.sub('_', row.campaign)}.{_NO_NAME.sub('_', row.step)}",
        "timestamp": rfc3339(row.made_at),
        "data": {
            "customer": {
                "id": facts.customer_id,
                "email": facts.email,
                "locale": facts.locale,
                "timezone": facts.zone.key,
                "attributes": dict(facts.attributes),
            },
            "event": {
                "name": enrollment.event_name,
                "at": rfc3339(enrollment.event_at),
                "properties": dict(enrollment.properties),
            },
            "campaign": row.campaign,
            "step": row.step,
            "entry": row.entry,
            "enrollment": row.enrollment_id,
        },
    }
    try:
        body = json.dumps(said, separators=(",", ":"), allow_nan=False)
    except (ValueError, TypeError) as error:
        raise Unsayable("what is known cannot be written as JSON") from error
    if len(body) > MAX_BODY:
        raise Unsayable(f"what is to be sent is longer than {MAX_BODY} bytes")
    return body


def _note(parts: Parts, row: Any, facts: Facts, enrollment: Enrollment) -> str:
    """The subject and text of a note, filled in with what a letter of the step would see."""
    # A note that was decided goes, though its campaign is gone by now.
    named = parts.live.campaign(row.campaign, row.version) or _gone(row, enrollment)
    step = Step.model_construct(name=row.step)
    link = parts.referral_link(facts.customer_id)
    seen = Letters(parts).context(named, step, enrollment, facts, None, link)
    filters = tuple(sorted(parts.live.filters.items()))
    text = fill(row.said["text"], seen, filters, where="text")
    subject = " ".join(fill(row.said.get("subject") or "", seen, filters, where="subject").split())
    if not text.strip():
        raise BrokenTemplate("The note is empty", file="text")
    subject = subject or f"{named.name}: {row.step}"
    return json.dumps({"subject": subject[:MAX_SUBJECT], "text": text[:MAX_NOTE]})


def _gone(row: Any, enrollment: Enrollment) -> Flow:
    """Of a campaign whose file is gone what a note may name."""
    step = {"name": row.step, "leave": True}
    enter = {"when": enrollment.event_name}
    said = {"id": row.campaign, "name": row.campaign, "kind": "flow", "enter": enter}
    return Flow.model_validate({**said, "step": [step]})


def note_letter(parts: Parts, row: Any, body: str, now: datetime) -> Letter:
    """The note as a letter: plain text from the shop's first sender, nothing of it followed.

    Its attempt id is the errand's own: it is handed over once.
    """
    settings = parts.live.catalog.settings
    sender = settings.senders[settings.first_sender]
    said = json.loads(body)
    return Letter(
        message_id=row.errand_id,
        attempt_id=row.errand_id,
        campaign=row.campaign,
        step=row.step,
        variant="",
        sender=sender.from_,
        reply_to=sender.reply_to,
        to=row.said["to"],
        subject=said["subject"],
        html="",
        text=said["text"],
        at=now,
        headers=(("Auto-Submitted", "auto-generated"),),
    )
