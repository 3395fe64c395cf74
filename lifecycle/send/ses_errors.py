"""The one table of what an error on the way to SES means for the letter."""

from __future__ import annotations

import ssl

from botocore import exceptions as botocore

from lifecycle.core.message import Outcome, OutcomeKind
from lifecycle.send.transport import told

NEVER_LEFT: tuple[type[Exception], ...] = (
    botocore.ParamValidationError,
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.CredentialRetrievalError,
    botocore.MetadataRetrievalError,
    botocore.NoAuthTokenError,
    botocore.TokenRetrievalError,
    botocore.SSOError,
    botocore.LoginError,
    botocore.ConfigParseError,
    botocore.EndpointProviderError,
    botocore.NoRegionError,
    botocore.EndpointConnectionError,
    botocore.ConnectTimeoutError,
    botocore.ProxyConnectionError,
)
"""Errors that botocore raises before a byte of the request is on its way."""

SLOW_DOWN_CODES = frozenset(
    {
        "TooManyRequestsException",
        "TooManyRequests",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
    }
)
DAY_QUOTA_CODES = frozenset({"ACCOUNT_DAILY_QUOTA_EXCEEDED", "DailyQuotaExceeded"})
DAY_QUOTA_WORDS = ("daily message quota", "daily sending quota")
ACCOUNT_WORDS = ("is not verified", "are not verified", "not authorized", "not subscribed")
REFUSED_CODES = frozenset(
    {
        "BadRequestException",
        "MessageRejected",
        "INVALID_PARAMETER",
        "InvalidParameterValue",
        "ValidationException",
        "ValidationError",
        "RequestEntityTooLarge",
    }
)
"""What speaks of this letter. Any other refusal speaks of the account or its set-up."""

HANDSHAKE_REASONS = frozenset(
    {
        "CERTIFICATE_VERIFY_FAILED",
        "WRONG_VERSION_NUMBER",
        "UNSUPPORTED_PROTOCOL",
        "NO_PROTOCOLS_AVAILABLE",
        "NO_SHARED_CIPHER",
        "HTTP_REQUEST",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "TLSV1_UNRECOGNIZED_NAME",
    }
)
"""Reasons of OpenSSL that can only come before the first byte of a request."""


def outcome_of(error: Exception) -> Outcome:
    """What an error of boto3 means. Whatever is not surely a refusal is `UNCERTAIN`."""
    if isinstance(error, botocore.ClientError):
        return _answered(error)
    if isinstance(error, NEVER_LEFT) or _in_handshake(error):
        kind = OutcomeKind.NEVER_LEFT
    else:
        kind = OutcomeKind.UNCERTAIN
    return Outcome(kind, detail=told(f"{type(error).__name__}: {error}"))


def _answered(error: botocore.ClientError) -> Outcome:
    said = error.response.get("Error") or {}
    code, words = str(said.get("Code", "")), str(said.get("Message", ""))
    status = (error.response.get("ResponseMetadata") or {}).get("HTTPStatusCode", 0)
    kind = _meaning(code.rpartition("#")[2], words.lower(), status)
    return Outcome(kind, detail=told(f"{status} {code}: {words}"))


def _meaning(code: str, words: str, status: int) -> OutcomeKind:
    if not 400 <= status < 500 or status == 408:
        return OutcomeKind.UNCERTAIN
    if code in DAY_QUOTA_CODES or any(said in words for said in DAY_QUOTA_WORDS):
        return OutcomeKind.DAY_QUOTA
    if code in SLOW_DOWN_CODES or status == 429:
        return OutcomeKind.SLOW_DOWN
    if any(said in words for said in ACCOUNT_WORDS):
        return OutcomeKind.ACCOUNT
    if status != 403 and (code in REFUSED_CODES or status == 413):
        return OutcomeKind.REFUSED
    return OutcomeKind.ACCOUNT


def _in_handshake(error: BaseException) -> bool:
    if not isinstance(error, botocore.SSLError):
        return False
    cause: object = error.kwargs.get("error")
    while isinstance(cause, BaseException) and not isinstance(cause, ssl.SSLError):
        cause = cause.args[0] if cause.args else None
    if not isinstance(cause, ssl.SSLError):
        return False
    return isinstance(cause, ssl.SSLCertVerificationError) or cause.reason in HANDSHAKE_REASONS
