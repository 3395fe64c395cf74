"""Signatures of calls: the standard's own example, one reckoned by hand, the change of secrets."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime

import pytest

from lifecycle.send.webhook import SecretRefused, derived_secret, headers, secret_bytes, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
CALL = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_standards_own_example_gives_its_signature() -> None:
    assert signature(secret_bytes(SECRET), CALL, 1614265330, BODY) == SIGNED


def test_a_signature_is_the_hmac_by_its_definition() -> None:
    key, text = bytes(range(32)), b"id1.1700000000.{}"
    # RFC 2104 written out: the inner and the outer hash with their pads.
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in block) + text).digest()
    outer = hashlib.sha256(bytes(one ^ 0x5C for one in block) + inner).digest()
    assert signature(key, "id1", 1700000000, b"{}") == "v1," + b64encode(outer).decode()


def test_three_headers_go_with_a_call() -> None:
    assert headers([secret_bytes(SECRET)], CALL, AT, BODY) == (
        ("webhook-id", CALL),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", SIGNED),
    )


def test_while_a_secret_is_changed_both_sign() -> None:
    other = secret_bytes(derived_secret(b"k" * 32, "HOOK"))
    signed = dict(headers([other, secret_bytes(SECRET)], CALL, AT, BODY))["webhook-signature"]
    assert signed.split(" ") == [signature(other, CALL, 1614265330, BODY), SIGNED]


def test_each_name_has_a_secret_of_its_own_derived_as_stated() -> None:
    made = hmac.new(b"k" * 32, b"lifecycle webhook\0HOOK", "sha256").digest()
    assert derived_secret(b"k" * 32, "HOOK") == "whsec_" + b64encode(made).decode()
    assert derived_secret(b"k" * 32, "HOOK") != derived_secret(b"k" * 32, "OTHER")
    assert len(secret_bytes(derived_secret(b"k" * 32, "HOOK"))) == 32


def test_a_secret_is_read_with_and_without_its_beginning() -> None:
    assert secret_bytes(SECRET) == secret_bytes(SECRET.removeprefix("whsec_"))
    assert secret_bytes(SECRET) == b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


@pytest.mark.parametrize(
    "bad", ["", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "whsec_" + "QUFB" * 22, "whsk_QUFB"]
)
def test_a_secret_that_the_standard_does_not_allow_is_refused(bad: str) -> None:
    with pytest.raises(SecretRefused) as refused:
        secret_bytes(bad)
    assert not bad or bad not in str(refused.value)
