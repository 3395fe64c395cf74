"""The table of errors, row by row."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.parsers import ResponseParserError

from lifecycle.core.message import OutcomeKind
from lifecycle.core.stoppage import Stop
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


STOPS = [
    (429, "TooManyRequestsException", "", Stop.SLOW_DOWN),
    (400, "ThrottlingException", "Maximum sending rate exceeded.", Stop.SLOW_DOWN),
    (400, "ThrottlingException", "Daily message quota exceeded.", Stop.DAY_QUOTA),
    (400, "AccountSuspendedException", "", Stop.ACCOUNT_SUSPENDED),
    (400, "SendingPausedException", "", Stop.SENDING_PAUSED),
    (400, "ConfigurationSetSendingPausedException", "", Stop.SENDING_PAUSED),
    (400, "MailFromDomainNotVerifiedException", "", Stop.IDENTITY_LOST),
    (400, "MessageRejected", "Email address is not verified.", Stop.IDENTITY_LOST),
    (
        404,
        "NotFoundException",
        "Configuration set <x> does not exist.",
        Stop.CONFIGURATION_SET_LOST,
    ),
    (404, "NotFoundException", "Template x", Stop.SET_UP),
    (403, "ExpiredTokenException", "", Stop.CREDENTIALS),
    (403, "UnrecognizedClientException", "", Stop.CREDENTIALS),
    (403, "InvalidSignatureException", "Signature expired: 2026", Stop.CLOCK_SKEW),
    (403, "InvalidSignatureException", "Signature not yet current", Stop.CLOCK_SKEW),
    (403, "SignatureDoesNotMatch", "The request signature does not match", Stop.CREDENTIALS),
    (403, "RequestTimeTooSkewed", "", Stop.CLOCK_SKEW),
    (403, "AccessDeniedException", "not authorized to perform ses:SendEmail", Stop.NOT_AUTHORIZED),
    (403, "BadRequestException", "", Stop.NOT_AUTHORIZED),
    (403, "Forbidden", "", Stop.NOT_AUTHORIZED),
    (400, "LimitExceededException", "", Stop.SET_UP),
    (400, "MessageRejected", "Message content rejected", None),
    (400, "BadRequestException", "Invalid header", None),
    (500, "InternalServiceErrorException", "", None),
]


@pytest.mark.parametrize(("status", "code", "message", "stops"), STOPS)
def test_each_answer_says_what_it_means_for_other_letters(
    status: int, code: str, message: str, stops: Stop | None
) -> None:
    assert outcome_of(answered(status, code, message)).stops is stops


@pytest.mark.parametrize(
    ("error", "stops"),
    [
        (botocore.NoCredentialsError(), Stop.CREDENTIALS),
        (botocore.EndpointConnectionError(**URL), Stop.UNREACHABLE),
        (tls("CERTIFICATE_VERIFY_FAILED"), Stop.UNREACHABLE),
        (botocore.NoRegionError(), Stop.SET_UP),
        (botocore.ParamValidationError(report="bad"), None),
        (botocore.ReadTimeoutError(**URL), None),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_fails_before_the_request_stops_others_too(
    error: Exception, stops: Stop | None
) -> None:
    assert outcome_of(error).stops is stops


UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region X: "
)


@pytest.mark.parametrize(
    ("failed", "kind"),
    [
        ("ann@customer.example", OutcomeKind.REFUSED),
        ("Shop <news@mail.shop.example>, ann@customer.example", OutcomeKind.ACCOUNT),
        ("mail.shop.example", OutcomeKind.ACCOUNT),
    ],
)
def test_a_recipient_whom_the_sandbox_does_not_write_to_stops_nobody_else(
    failed: str, kind: OutcomeKind
) -> None:
    refused = answered(400, "MessageRejected", UNVERIFIED + failed)
    assert outcome_of(refused, "Shop <news@mail.shop.example>").kind is kind
