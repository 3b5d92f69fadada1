"""The border: what minio, urllib3 and the socket raise becomes one of our errors.

Owns the meaning of S3 error codes and HTTP statuses. The client reads errors only
from `application/xml` and stumbles over others (rclone says `text/xml`, a proxy
HTML, a HEAD nothing), so the answer noted by the transport comes before the
exception. Texts never hold a secret: only status, code and the server's message.
"""

import http.client
import re
from xml.etree.ElementTree import ParseError

from minio.error import (
    InvalidResponseError,
    MinioAdminException,
    MinioException,
    S3Error,
    ServerError,
)
from urllib3.exceptions import HTTPError

from darkroom.adapters.stores.bounds import Answer
from darkroom.core.errors import (
    DarkroomError,
    KeyNotFound,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreSkewed,
    StoreUnavailable,
)

FOREIGN = (
    MinioException,
    MinioAdminException,
    HTTPError,
    http.client.HTTPException,
    OSError,
    ParseError,
    # the client's own parsing of answers that are not what S3 would say
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
)

_ABSENT = frozenset({"NoSuchKey", "NoSuchObject", "NotFound", "ObjectNotFound"})
_FULL = frozenset(
    {
        "XMinioStorageFull",
        "XMinioDiskFull",
        "XMinioBucketQuotaExceeded",
        "XMinioAdminBucketQuotaExceeded",
        "QuotaExceeded",
        "InsufficientStorage",
        "StorageFull",
        "NoSpaceLeft",
    }
)
_FULL_MESSAGE = re.compile(r"no space left|disk full|storage (?:is )?full|quota exceeded", re.I)
_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestNotReadyYet"})
_SKEW_MESSAGE = re.compile(r"difference between the request time and")  # rclone, of a late clock
_SKEW_LIMIT_S = 14 * 60
_REFUSING = frozenset({http.client.BAD_REQUEST, http.client.UNAUTHORIZED, http.client.FORBIDDEN})
_DENIED = frozenset(
    {
        "AccessDenied",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "Forbidden",
        "InvalidAccessKeyId",
        "InvalidSecurity",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnauthorizedAccess",
    }
)
_BUSY = frozenset(
    {
        "BadDigest",  # damaged on the way: the next try may arrive whole
        "IncompleteBody",
        "InternalError",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "XAmzContentSHA256Mismatch",
        "XMinioServerNotInitialized",
    }
)
_CONFLICT = frozenset({"XMinioParentIsObject", "XMinioObjectExistsAsDirectory"})
_SERVER_FAILURE = 500


def translate(error: BaseException, where: str, answer: Answer | None = None) -> DarkroomError:
    """Say in our terms what a foreign exception means."""
    answer = answer or _answer_in(error)
    if answer is not None:
        return meaning(answer, where)
    if isinstance(error, HTTPError | OSError | http.client.HTTPException):
        return StoreUnavailable(
            "store-unavailable", f"the store did not answer: {_short(error)}", where=where
        )
    return StoreUnavailable(
        "store-answer-unreadable",
        f"the store answered, but not as an S3 server does: {_short(error)}",
        where=where,
    )


def _answer_in(error: BaseException) -> Answer | None:
    match error:
        case S3Error():
            status = int(getattr(error.response, "status", 0) or 0)
            return Answer(status, error.code or "", error.message or "")
        case ServerError():
            return Answer(error.status_code)
        case InvalidResponseError():
            return _answer_in_text(str(error))
        case _:
            return None


def _answer_in_text(text: str) -> Answer | None:
    status = re.search(r"Response code: (\d{3})", text)
    code = re.search(r"<Code>(\w+)</Code>", text)
    return Answer(int(status[1]), code[1] if code else "") if status else None


def meaning(answer: Answer, where: str) -> DarkroomError:
    """Say in our terms what an answer means; most specific first."""
    for look in (_of_absence, _of_room, _of_clock, _of_rights, _of_strain):
        if found := look(answer, where):
            return found
    if answer.code in _CONFLICT:
        return key_conflict(where)
    return StoreError("store-refused", f"the store refused: {_said(answer)}", where=where)


def key_conflict(where: str) -> StoreError:
    """The error for a key that another key would need as a folder, or is one."""
    return StoreError(
        "store-key-conflict", "one key cannot be both an object and a folder of others", where=where
    )


def _of_absence(answer: Answer, where: str) -> DarkroomError | None:
    if answer.code == "NoSuchBucket":
        return bucket_missing(where)
    if answer.code in _ABSENT or (answer.status == http.client.NOT_FOUND and not answer.code):
        return KeyNotFound("store-key-missing", "the store has no such key", where=where)
    return None


def bucket_missing(where: str) -> StoreError:
    """The error for a bucket that is not there."""
    return StoreError("store-bucket-missing", "the bucket does not exist", where=where)


def _of_room(answer: Answer, where: str) -> DarkroomError | None:
    full = answer.status == http.client.INSUFFICIENT_STORAGE or answer.code in _FULL
    if full or _FULL_MESSAGE.search(answer.message):
        return StoreFull("store-full", f"the store has no room: {_said(answer)}", where=where)
    return None


def _of_clock(answer: Answer, where: str) -> DarkroomError | None:
    refused = answer.status in _REFUSING and abs(answer.skew_s) > _SKEW_LIMIT_S
    said = answer.code in _SKEWED or _SKEW_MESSAGE.search(answer.message)
    if not refused and not said:
        return None
    by = f"by {abs(answer.skew_s) / 60:.0f} min" if answer.skew_s else "too much"
    return StoreSkewed(
        "store-clock-skew", f"this machine's clock and the store's differ {by}", where=where
    )


def _of_rights(answer: Answer, where: str) -> DarkroomError | None:
    unauthorised = answer.status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}
    if not unauthorised and answer.code not in _DENIED:
        return None
    return StoreDenied(
        "store-denied", f"the store refused these credentials: {_said(answer)}", where=where
    )


def _of_strain(answer: Answer, where: str) -> DarkroomError | None:
    passing = {http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS}
    failing = answer.status >= _SERVER_FAILURE and answer.status != http.client.NOT_IMPLEMENTED
    if not failing and answer.status not in passing and answer.code not in _BUSY:
        return None
    if answer.status == _SERVER_FAILURE:
        return StoreUnavailable(
            "store-internal-error", f"the store failed inside: {_said(answer)}", where=where
        )
    return StoreUnavailable(
        "store-unavailable", f"the store cannot serve now: {_said(answer)}", where=where
    )


def _said(answer: Answer) -> str:
    parts = (f"HTTP {answer.status}", answer.code, answer.message)
    return ", ".join(part for part in parts if part)[:300]


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
