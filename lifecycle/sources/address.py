"""E-mail addresses: one form for each, decided in one place."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from lifecycle.sources.refused import Refused

MAX_ADDRESS = 320
"""Characters; a longer text is refused unread."""


def normalized(text: object, field: str = "email") -> str:
    """The address without space around it and with its domain in small letters. Raises Refused.

    No name server is asked. The part before the @ keeps its capitals: it is its owner's to spell.
    """
    if not isinstance(text, str):
        raise Refused(field, "an address is text")
    bare = text.strip()
    if len(bare) > MAX_ADDRESS:
        raise Refused(field, f"longer than {MAX_ADDRESS} characters")
    try:
        # The "test environment" lets .test domains pass; .example passes anyway.
        found = validate_email(bare, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        # The library's words would quote the address; a refusal may end in a log.
        raise Refused(field, "not an e-mail address", "write somebody@shop.example") from None
    return found.normalized
