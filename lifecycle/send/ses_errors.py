"""The one table of what an error on the way to SES means for the letter, and for all others."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass

from botocore import exceptions as botocore

from lifecycle.core.mailbox import domain_of
from lifecycle.core.message import Outcome, OutcomeKind
from lifecycle.core.stoppage import Stop
from lifecycle.send.transport import told

NO_CREDENTIALS: tuple[type[Exception], ...] = (
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.CredentialRetrievalError,
    botocore.MetadataRetrievalError,
    botocore.NoAuthTokenError,
    botocore.TokenRetrievalError,
    botocore.SSOError,
    botocore.LoginError,
    botocore.ProfileNotFound,
)
UNREACHABLE: tuple[type[Exception], ...] = (
    botocore.EndpointConnectionError,
    botocore.ConnectTimeoutError,
    botocore.ProxyConnectionError,
)
SET_UP: tuple[type[Exception], ...] = (
    botocore.ConfigParseError,
    botocore.EndpointProviderError,
    botocore.NoRegionError,
)
THIS_LETTER: tuple[type[Exception], ...] = (botocore.ParamValidationError,)
_NEVER_LEFT: tuple[tuple[tuple[type[Exception], ...], Stop | None], ...] = (
    (NO_CREDENTIALS, Stop.CREDENTIALS),
    (UNREACHABLE, Stop.UNREACHABLE),
    (SET_UP, Stop.SET_UP),
    (THIS_LETTER, None),
)
"""Errors that botocore raises before a byte of the request is on its way."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the table: by which codes or words an answer is known, and what it means."""

    kind: OutcomeKind
    stops: Stop | None
    codes: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def speaks_of(self, code: str, words: str) -> bool:
        return code in self.codes or any(said in words for said in self.words)


_SKEWED = (
    "signature expired",
    "signature not yet current",
    "requesttimetooskewed",
    "difference between the request time and",
)
_ANSWERS = (
    _Row(
        OutcomeKind.DAY_QUOTA,
        Stop.DAY_QUOTA,
        frozenset({"ACCOUNT_DAILY_QUOTA_EXCEEDED", "DailyQuotaExceeded"}),
        ("daily message quota", "daily sending quota"),
    ),
    _Row(
        OutcomeKind.SLOW_DOWN,
        Stop.SLOW_DOWN,
        frozenset(
            {
                "TooManyRequestsException",
                "TooManyRequests",
                "ThrottlingException",
                "Throttling",
                "ThrottledException",
                "RequestThrottled",
                "RequestThrottledException",
                "RequestLimitExceeded",
                "ACCOUNT_THROTTLED",
            }
        ),
    ),
    _Row(
        OutcomeKind.ACCOUNT,
        Stop.CLOCK_SKEW,
        frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"}),
        _SKEWED,
    ),
    _Row(
        OutcomeKind.ACCOUNT,
        Stop.ACCOUNT_SUSPENDED,
        frozenset({"AccountSuspendedException", "AccountSuspended", "ACCOUNT_SUSPENDED"}),
    ),
    _Row(
        OutcomeKind.ACCOUNT,
        Stop.SENDING_PAUSED,
        frozenset(
            {
                "SendingPausedException",
                "AccountSendingPausedException",
                "ConfigurationSetSendingPausedException",
                "ACCOUNT_SENDING_PAUSED",
                "CONFIGURATION_SET_SENDING_PAUSED",
            }
        ),
    ),
    _Row(
        OutcomeKind.ACCOUNT,
        Stop.IDENTITY_LOST,
        frozenset({"MailFromDomainNotVerifiedException", "MAIL_FROM_DOMAIN_NOT_VERIFIED"}),
        ("is not verified", "are not verified"),
    ),
    _Row(
        OutcomeKind.ACCOUNT,
        Stop.CONFIGURATION_SET_LOST,
        frozenset(
            {
                "ConfigurationSetDoesNotExist",
                "ConfigurationSetDoesNotExistException",
                "CONFIGURATION_SET_NOT_FOUND",
                "CONFIGURATION_SET_DOES_NOT_EXIST",
            }
        ),
        ("configuration set <", "configuration set does not exist"),
    ),
    _Row(
        OutcomeKind.ACCOUNT,
        Stop.NOT_AUTHORIZED,
        frozenset({"AccessDeniedException", "AccessDenied", "NotAuthorized"}),
        ("not authorized", "not subscribed"),
    ),
    _Row(
        OutcomeKind.ACCOUNT,
        Stop.CREDENTIALS,
        frozenset(
            {
                "ExpiredToken",
                "ExpiredTokenException",
                "IncompleteSignature",
                "InvalidAccessKeyId",
                "InvalidClientTokenId",
                "InvalidSignatureException",
                "MissingAuthenticationToken",
                "MissingAuthenticationTokenException",
                "SignatureDoesNotMatch",
                "UnrecognizedClientException",
            }
        ),
        ("security token included in the request",),
    ),
    _Row(
        OutcomeKind.REFUSED,
        None,
        frozenset(
            {
                "BadRequestException",
                "MessageRejected",
                "INVALID_PARAMETER",
                "InvalidParameterValue",
                "ValidationException",
                "ValidationError",
                "RequestEntityTooLarge",
            }
        ),
    ),
)
"""The table, read from the top. Any other refusal speaks of the account or its set-up."""

_FAILED_IDENTITIES = re.compile(r"identit(?:y|ies) failed the check[^:]*:\s*(.+)", re.I | re.S)
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


def outcome_of(error: Exception, sender: str = "") -> Outcome:
    """What an error of boto3 means. Whatever is not surely a refusal is `UNCERTAIN`.

    With the `sender` of the letter, identities that are not verified are told apart: those of
    recipients, whom the sandbox does not write to, say nothing of other letters.
    """
    if isinstance(error, botocore.ClientError):
        return _answered(error, sender)
    detail = told(f"{type(error).__name__}: {error}")
    for kinds, stops in _NEVER_LEFT:
        if isinstance(error, kinds):
            return Outcome(OutcomeKind.NEVER_LEFT, detail=detail, stops=stops)
    if _in_handshake(error):
        return Outcome(OutcomeKind.NEVER_LEFT, detail=detail, stops=Stop.UNREACHABLE)
    return Outcome(OutcomeKind.UNCERTAIN, detail=detail)


def no_client(error: Exception) -> Outcome:
    """Without a client nothing has left, and nothing will until the set-up is mended."""
    stops = outcome_of(error).stops or Stop.SET_UP
    detail = told(f"no client: {type(error).__name__} {error}")
    return Outcome(OutcomeKind.ACCOUNT, detail=detail, stops=stops)


def stop_of(code: str, words: str, sender: str = "") -> Stop | None:
    """What a code of SES, of a call or of a bulk entry, says of other letters; None = nothing."""
    return _meaning(code, words, 400, sender)[1]


def _answered(error: botocore.ClientError, sender: str) -> Outcome:
    said = error.response.get("Error") or {}
    code, words = str(said.get("Code", "")), str(said.get("Message", ""))
    status = (error.response.get("ResponseMetadata") or {}).get("HTTPStatusCode", 0)
    kind, stops = _meaning(code.rpartition("#")[2], words, status, sender)
    return Outcome(kind, detail=told(f"{status} {code}: {words}"), stops=stops)


def _meaning(code: str, words: str, status: int, sender: str) -> tuple[OutcomeKind, Stop | None]:
    if not 400 <= status < 500 or status == 408:
        return OutcomeKind.UNCERTAIN, None
    said = words.lower()
    row = next((one for one in _ANSWERS if one.speaks_of(code, said)), None)
    if row is None:
        return _by_status(status)
    if row.stops is Stop.IDENTITY_LOST and _of_others(words, sender):
        return OutcomeKind.REFUSED, None
    if row.kind is OutcomeKind.REFUSED and status == 403:
        return OutcomeKind.ACCOUNT, Stop.NOT_AUTHORIZED
    return row.kind, row.stops


def _by_status(status: int) -> tuple[OutcomeKind, Stop | None]:
    if status == 429:
        return OutcomeKind.SLOW_DOWN, Stop.SLOW_DOWN
    if status == 413:
        return OutcomeKind.REFUSED, None
    return OutcomeKind.ACCOUNT, Stop.NOT_AUTHORIZED if status == 403 else Stop.SET_UP


def _of_others(words: str, sender: str) -> bool:
    """Whether the identities that failed the check are named, and the sender's is none of them."""
    found = _FAILED_IDENTITIES.search(words)
    return found is not None and bool(sender) and domain_of(sender) not in found[1].lower()


def _in_handshake(error: BaseException) -> bool:
    if not isinstance(error, botocore.SSLError):
        return False
    cause: object = error.kwargs.get("error")
    while isinstance(cause, BaseException) and not isinstance(cause, ssl.SSLError):
        cause = cause.args[0] if cause.args else None
    if not isinstance(cause, ssl.SSLError):
        return False
    return isinstance(cause, ssl.SSLCertVerificationError) or cause.reason in HANDSHAKE_REASONS
