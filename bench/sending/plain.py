"""The plain loop that most shops write: Jinja2 fills the letter, boto3 sends it, one by one."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

import jinja2

from bench.sending.shop import STEP, SUBJECT, attributes, cart, name
from lifecycle.render.compile import CompiledTemplate

BASE = "https://t.shop.example"
KEY = b"the key of the plain loop: no secret"
SENDER = "Shop Example <news@mail.shop.example>"
REPLY_TO = "help@shop.example"
CREDENTIALS = "AKIAEXAMPLEEXAMPLE00"


def _money(value: float) -> str:
    return f"€{value:,.2f}"


class Plain:
    """Jinja2 with escaping on and boto3 with its defaults, in one thread.

    It fills the very templates that the engine compiled, so that both make the same letter; each
    link is signed as people do it, with one HMAC over message and number.
    """

    def __init__(self, template: CompiledTemplate, endpoint: str) -> None:
        import boto3

        html = jinja2.Environment(autoescape=True, auto_reload=False)
        text = jinja2.Environment(autoescape=False, auto_reload=False)
        for one in (html, text):
            one.filters["money"] = _money
        self._html = html.from_string(template.html)
        self._text = text.from_string(template.text)
        self._subject = text.from_string(SUBJECT)
        self._links = len(template.links)
        self._client = boto3.client(
            "sesv2",
            region_name="eu-central-1",
            endpoint_url=endpoint,
            aws_access_key_id=CREDENTIALS,
            aws_secret_access_key=CREDENTIALS,
        )

    def people(self, numbers: Iterable[int]) -> list[dict[str, Any]]:
        """What the letters are filled with: in memory, so that reading it costs nothing here."""
        shop = {"name": "Shop Example", "address": "1 Example Street, 10115 Berlin"}
        found = []
        for one in numbers:
            left = cart(one)
            customer = {**attributes(one), "id": name(one), "email": f"{name(one)}@buyers.example"}
            told = {"customer": customer, "event": left, "items": left["items"], "shop": shop}
            found.append(json.loads(json.dumps(told)))
        return found

    def letter(self, person: Mapping[str, Any]) -> tuple[str, str, str, str]:
        """Subject, HTML, text and the address to unsubscribe at."""
        message = f"{STEP}-{person['customer']['id']}"
        unsubscribe = f"{BASE}/u/{_signed(message, 0)}"
        names = {
            **person,
            "unsubscribe_url": unsubscribe,
            "_links": [f"{BASE}/c/{_signed(message, one)}" for one in range(self._links)],
            "_pixel": f"{BASE}/o/{_signed(message, 99)}.gif",
        }
        subject = names["subject"] = self._subject.render(names)
        return subject, self._html.render(names), self._text.render(names), unsubscribe

    def send(self, person: Mapping[str, Any]) -> str:
        """Fill one letter and send it; gives what SES calls it."""
        subject, html, text, unsubscribe = self.letter(person)
        answer = self._client.send_email(
            FromEmailAddress=SENDER,
            ReplyToAddresses=[REPLY_TO],
            Destination={"ToAddresses": [person["customer"]["email"]]},
            Content={
                "Simple": {
                    "Subject": {"Data": subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": text, "Charset": "UTF-8"},
                        "Html": {"Data": html, "Charset": "UTF-8"},
                    },
                    "Headers": [
                        {"Name": "List-Unsubscribe", "Value": f"<{unsubscribe}>"},
                        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                    ],
                }
            },
            EmailTags=[
                {"Name": "message_id", "Value": f"{STEP}-{person['customer']['id']}"},
                {"Name": "step", "Value": STEP},
            ],
            ConfigurationSetName="main",
        )
        return str(answer["MessageId"])


def _signed(message: str, number: int) -> str:
    said = f"{message}.{number}"
    mac = hmac.digest(KEY, said.encode(), "sha256")[:12]
    return f"{said}.{base64.urlsafe_b64encode(mac).decode()}"
