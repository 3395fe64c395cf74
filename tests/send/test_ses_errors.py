"""The table of errors, row by row."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.parsers import ResponseParserError

from lifecycle.core.message import OutcomeKind
from lifecycle.send.ses_errors import outcome_of

URL = {"endpoint_url": "https://email.eu-central-1.amazonaws.com"}


def answered(status: int, code: str, message: str = "") -> botocore.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return botocore.ClientError(response, "SendEmail")


def tls(reason: str | None) -> botocore.SSLError:
    inner = ssl.SSLError(1, f"[SSL: {reason}]")
    inner.reason = reason  # type: ignore[assignment]
    return botocore.SSLError(error=Exception(inner), **URL)


NEVER_LEFT: list[Exception] = [
    botocore.ParamValidationError(report="bad"),
    botocore.NoCredentialsError(),
    botocore.PartialCredentialsError(provider="env", cred_var="x"),
    botocore.CredentialRetrievalError(provider="x", error_msg="y"),
    botocore.NoRegionError(),
    botocore.EndpointConnectionError(**URL),
    botocore.ConnectTimeoutError(**URL),
    botocore.ProxyConnectionError(proxy_url="http://proxy.example"),
    botocore.SSLError(error=ssl.SSLCertVerificationError(1, "certificate"), **URL),
    tls("WRONG_VERSION_NUMBER"),
]

UNCERTAIN: list[Exception] = [
    botocore.ReadTimeoutError(**URL),
    botocore.ConnectionClosedError(**URL),
    botocore.ResponseStreamingError(error="cut"),
    botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    botocore.HTTPClientError(error="anything"),
    ResponseParserError("not JSON"),
    tls("UNEXPECTED_EOF_WHILE_READING"),
    tls("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
    tls(None),
    botocore.SSLError(error="who knows", **URL),
    answered(500, "InternalServiceErrorException"),
    answered(500, "ThrottlingException", "Maximum sending rate exceeded."),
    answered(502, "502", "Bad Gateway"),
    answered(503, "ServiceUnavailable"),
    answered(504, "504"),
    answered(408, "RequestTimeout"),
    answered(200, "Whatever"),
    OSError("a surprise"),
    RuntimeError("another"),
]

ANSWERS = [
    (429, "TooManyRequestsException", "", OutcomeKind.SLOW_DOWN),
    (400, "TooManyRequestsException", "", OutcomeKind.SLOW_DOWN),
    (400, "ThrottlingException", "Maximum sending rate exceeded.", OutcomeKind.SLOW_DOWN),
    (400, "Throttling", "Rate exceeded", OutcomeKind.SLOW_DOWN),
    (429, "429", "", OutcomeKind.SLOW_DOWN),
    (400, "ThrottlingException", "Daily message quota exceeded.", OutcomeKind.DAY_QUOTA),
    (400, "LimitExceededException", "Daily message quota exceeded", OutcomeKind.DAY_QUOTA),
    (400, "ACCOUNT_DAILY_QUOTA_EXCEEDED", "", OutcomeKind.DAY_QUOTA),
    (400, "AccountSuspendedException", "", OutcomeKind.ACCOUNT),
    (400, "SendingPausedException", "", OutcomeKind.ACCOUNT),
    (400, "MailFromDomainNotVerifiedException", "", OutcomeKind.ACCOUNT),
    (404, "NotFoundException", "Configuration set <x> does not exist.", OutcomeKind.ACCOUNT),
    (400, "MessageRejected", "Email address is not verified. x@y.example", OutcomeKind.ACCOUNT),
    (400, "LimitExceededException", "", OutcomeKind.ACCOUNT),
    (403, "SignatureDoesNotMatch", "", OutcomeKind.ACCOUNT),
    (403, "InvalidSignatureException", "Signature expired", OutcomeKind.ACCOUNT),
    (403, "ExpiredTokenException", "", OutcomeKind.ACCOUNT),
    (403, "AccessDeniedException", "not authorized to perform ses:SendEmail", OutcomeKind.ACCOUNT),
    (403, "BadRequestException", "", OutcomeKind.ACCOUNT),
    (400, "SomethingNewException", "", OutcomeKind.ACCOUNT),
    (400, "BadRequestException", "Invalid header", OutcomeKind.REFUSED),
    (400, "MessageRejected", "Message content rejected", OutcomeKind.REFUSED),
    (400, "INVALID_PARAMETER", "", OutcomeKind.REFUSED),
    (413, "413", "", OutcomeKind.REFUSED),
]


@pytest.mark.parametrize("error", NEVER_LEFT, ids=lambda error: type(error).__name__)
def test_what_fails_before_the_request_has_never_left(error: Exception) -> None:
    assert outcome_of(error).kind is OutcomeKind.NEVER_LEFT


@pytest.mark.parametrize("error", UNCERTAIN, ids=str)
def test_what_might_have_been_accepted_is_uncertain(error: Exception) -> None:
    assert outcome_of(error).kind is OutcomeKind.UNCERTAIN


@pytest.mark.parametrize(("status", "code", "message", "kind"), ANSWERS)
def test_each_answer_of_ses_has_its_outcome(
    status: int, code: str, message: str, kind: OutcomeKind
) -> None:
    outcome = outcome_of(answered(status, code, message))
    assert outcome.kind is kind
    assert "@" not in outcome.detail
    assert code in outcome.detail


def test_every_modelled_error_of_send_email_is_in_the_table() -> None:
    import boto3

    client = boto3.session.Session().client(
        "sesv2", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    shapes = client.meta.service_model.operation_model("SendEmail").error_shapes
    tested = {code for _, code, _, _ in ANSWERS}
    assert {shape.name for shape in shapes} <= tested
