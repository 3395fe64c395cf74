"""What is fuzzed: a parser, what it may refuse by, and what must hold of what it gives."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from lifecycle.catalog.load import from_files
from lifecycle.errors import LifecycleError
from lifecycle.render.compile import CompiledTemplate, compile_template, compile_text
from lifecycle.render.letter import LetterTexts, render, render_text
from lifecycle.render.links import Signer
from lifecycle.render.problems import BrokenTemplate
from lifecycle.send.envelope import LetterRefused, mailbox
from lifecycle.send.feedback import FeedbackRefused, feedback_of
from lifecycle.send.sns import SnsRefused, SnsVerifier
from lifecycle.sources.address import normalized
from lifecycle.sources.code_line import read_code_line
from lifecycle.sources.consent_line import read_consent
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_batch import read_sound
from lifecycle.sources.event_line import read_event
from lifecycle.sources.files import read_lines
from lifecycle.sources.product_line import read_product
from lifecycle.sources.refused import Refused
from lifecycle.sources.suppression_line import read_suppression

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-central-1:111122223333:feedback"
MOST_BYTES = 64 * 1024
SETTINGS = """
[shop]
name = "Shop"
address = "1 Street"
seed = "s"
[senders]
shop = { from = "Shop <news@shop.example>" }
[topics]
offers = { about = "x" }
"""
CAMPAIGN = """
name = "Hello"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "joined"
[[step]]
name = "hello"
after = "1 day"
text = "Hello {{ customer.first_name | default('you') }}"
subject = "Hello"
"""
SEGMENT = 'name = "Buyers"\n[match]\nall = [ { did = "order_placed", within = "30 days" } ]\n'
CASE = """
campaign = "hello"
[[case]]
name = "one"
happens = [ { at = 2026-03-02T14:00:00, event = "joined" } ]
expect = [ { at = 2026-03-03T14:00:00, sent = "hello" } ]
"""
TEMPLATE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>{% for one in items %}{{ one.name | upper }}{% else %}none{% endfor %}</mj-text>
<mj-button href="{{ shop.website }}/a?b={{ 1 + 2 }}">Go</mj-button>
</mj-column></mj-section></mj-body></mjml>"""
CONTEXT = {"items": [{"name": "Lamp"}], "shop": {"website": "https://shop.example", "name": "S"}}

Target = Callable[[bytes], None]


def _says_why(words: str) -> None:
    if not words.strip():
        raise AssertionError("a refusal that does not say why")


def _definitions(place: str, data: bytes) -> None:
    """Loading tells problems and raises nothing, whatever a file holds."""
    files = {
        "settings.toml": SETTINGS,
        "campaigns/hello.toml": CAMPAIGN,
        "segments/buyers.toml": SEGMENT,
        "tests/campaigns/hello.toml": CASE,
    }
    text = data.decode("utf-8", "replace")
    loaded = from_files({**files, place: text})
    if loaded.catalog is None:
        assert any(one.severity == "error" for one in loaded.problems)
    for one in loaded.problems:
        assert one.problem.strip()


def _event_body(data: bytes) -> None:
    """A whole request of events: sound and counted, or left to the slow reader."""
    batch = read_sound(data, NOW)
    assert batch is None or batch.count >= 0


def _line(read: Callable[[bytes], object], data: bytes) -> None:
    """One line of a file: a value, or a refusal that says why."""
    try:
        read(data)
    except Refused as refused:
        _says_why(refused.problem)


def _file(ending: str, read: Callable[..., object], data: bytes) -> None:
    """A whole file: each line gives a value or a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"lines{ending}"
        path.write_bytes(data)
        known = ("id", "at", "event", "customer", "email", "code", "topic", "agreed")
        try:
            for number, found in read_lines(path, read, known=known, extra="properties"):
                assert number > 0 and found is not None
        except LifecycleError as refused:
            _says_why(str(refused))


def _sns(data: bytes) -> None:
    """Nothing that is not signed is ever let in, and no address but Amazon's is fetched."""

    def fetch(url: str) -> bytes:
        assert url.startswith("https://sns.eu-central-1.amazonaws.com/"), url
        raise SnsRefused("no certificate here")

    try:
        SnsVerifier(frozenset({TOPIC}), fetch).verify(data, NOW)
    except SnsRefused as refused:
        _says_why(refused.reason)
    else:
        raise AssertionError("an unsigned message was let in")


def _feedback(data: bytes) -> None:
    """What a queue holds: an event of SES, or a refusal."""
    try:
        found = feedback_of(data, NOW)
    except FeedbackRefused as refused:
        _says_why(refused.reason)
    else:
        assert found.dedupe_key and found.at.tzinfo is not None


_SIGNER = Signer([b"a key of sixteen bytes"])


def _token(data: bytes) -> None:
    """No token that we did not make opens."""
    assert _SIGNER.open(data.decode("latin-1")) is None


def _template(data: bytes) -> None:
    """A template compiles or tells its problems; a letter is made or told to be broken."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "letter.mjml").write_bytes(data)
        compiled = compile_template("letter", root)
        _rendered(compiled)


def _markdown(data: bytes) -> None:
    """The same of a text that a step holds itself."""
    with tempfile.TemporaryDirectory() as folder:
        _rendered(compile_text("step", data.decode("utf-8", "replace"), Path(folder)))


def _rendered(compiled: CompiledTemplate) -> None:
    try:
        links = _SIGNER.for_message("https://mail.example", "ab" * 16)
        made = render(compiled, LetterTexts("Hello"), CONTEXT, links)
    except BrokenTemplate as broken:
        _says_why(broken.problem)
    else:
        assert "\n" not in made.subject and "\r" not in made.subject


def _subject(data: bytes) -> None:
    """A subject holds no line break, whatever is written in it."""
    try:
        made = render_text(data.decode("utf-8", "replace"), CONTEXT, where="subject")
    except BrokenTemplate as broken:
        _says_why(broken.problem)
    else:
        assert isinstance(made, str)


def _mailbox(data: bytes) -> None:
    """A mailbox never becomes two, nor a header more."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        found = mailbox(text)
    except LetterRefused as refused:
        _says_why(refused.reason)
    else:
        header = found.header(fold=" ")
        assert "\n" not in header and "\r" not in header and header.isascii()
        assert found.address.count("@") == 1 and "," not in found.address


def _address(data: bytes) -> None:
    """An address is normalized once and for all."""
    try:
        found = normalized(data.decode("utf-8", "replace"))
    except Refused as refused:
        _says_why(refused.problem)
    else:
        assert normalized(found) == found


_READ: dict[str, Callable[..., object]] = {
    "event": partial(read_event, received=NOW, live=True),
    "customer": partial(read_customer, at=NOW),
    "consent": partial(read_consent, at=NOW),
    "suppression": partial(read_suppression, at=NOW),
    "product": read_product,
    "code": read_code_line,
}

TARGETS: dict[str, Target] = {
    "settings": partial(_definitions, "settings.toml"),
    "campaign": partial(_definitions, "campaigns/hello.toml"),
    "segment": partial(_definitions, "segments/buyers.toml"),
    "case": partial(_definitions, "tests/campaigns/hello.toml"),
    "event_body": _event_body,
    **{f"{name}_line": partial(_line, read) for name, read in _READ.items()},
    "jsonl": partial(_file, ".jsonl", _READ["event"]),
    "csv": partial(_file, ".csv", _READ["event"]),
    "sns": _sns,
    "feedback": _feedback,
    "token": _token,
    "template": _template,
    "markdown": _markdown,
    "subject": _subject,
    "mailbox": _mailbox,
    "address": _address,
}
"""Everything that is fuzzed, by name."""

_EVENT = b'{"id": "e1", "at": "2026-05-04T09:00:00Z", "event": "joined", "customer": "c1"}'
_SIGNED = {
    "Type": "Notification",
    "MessageId": "m1",
    "TopicArn": TOPIC,
    "Message": "{}",
    "Timestamp": "2026-06-01T00:00:00.000Z",
    "SignatureVersion": "2",
    "Signature": "AAAA",
    "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a.pem",
}
_BOUNCE = {
    "eventType": "Bounce",
    "mail": {"messageId": "m1", "tags": {"attempt_id": ["a1"]}, "destination": ["a@b.example"]},
    "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "a@b.example"}]},
}
SEEDS: dict[str, tuple[bytes, ...]] = {
    "settings": (SETTINGS.encode(),),
    "campaign": (CAMPAIGN.encode(),),
    "segment": (SEGMENT.encode(),),
    "case": (CASE.encode(),),
    "event_body": (_EVENT, b"[" + _EVENT + b"," + _EVENT + b"]"),
    "event_line": (_EVENT,),
    "customer_line": (b'{"id": "c1", "email": "a@b.example", "attributes": {"a": 1}}',),
    "consent_line": (b'{"customer": "c1", "topic": "offers", "agreed": true}',),
    "suppression_line": (b'{"email": "a@b.example", "reason": "bounced"}',),
    "product_line": (b'{"sku": "s1", "name": "Lamp", "price": 5.5}',),
    "code_line": (b'{"code": "SPRING"}',),
    "jsonl": (_EVENT + b"\n" + _EVENT + b"\n",),
    "csv": (b"id,at,event,customer,total\ne1,2026-05-04T09:00:00Z,joined,c1,5\n",),
    "sns": (json.dumps(_SIGNED).encode(),),
    "feedback": (json.dumps(_BOUNCE).encode(), json.dumps({"Message": "{}"}).encode()),
    "token": (b"x" * 38 + b".1",),
    "template": (TEMPLATE.encode(),),
    "markdown": (b"# Hi\n\n[a](https://b.example) {{ shop.name }}\n\n* one\n* two\n",),
    "subject": (b"Hello {{ items[0].name | upper }}{% if 1 %}!{% endif %}",),
    "mailbox": (b'"Shop, the" <news@shop.example>', "Café <a@bücher.example>".encode()),
    "address": ("Ada.Lovelace+x@Bücher.Example".encode(),),
}
"""Sound inputs of each target, from which others are made."""


def run(name: str, data: bytes) -> None:
    """Run one target on one input. Raises whatever must not be raised."""
    if len(data) <= MOST_BYTES:
        TARGETS[name](data)
