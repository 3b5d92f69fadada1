"""One JSON exchange with a model server: time limits, retries, and what went wrong.

Owns the HTTP side of every provider. Retries only what can pass (no answer, 429,
5xx), honours Retry-After within a cap, and turns each refusal into a VisionError
that says what to do. The key travels in a header and appears nowhere else.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

import requests
from pydantic import SecretStr

from darkroom.adapters.vision.gate import Gate
from darkroom.core.errors import VisionError
from darkroom.core.text import shortened

_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_MAX_REPLY_BYTES = 8_000_000
_MAX_RETRY_AFTER_S = 120.0

Json = dict[str, Any]


@dataclass(frozen=True)
class Patience:
    """How long to wait and how often to try again."""

    connect_s: float = 10.0
    read_s: float = 180.0
    retries: int = 2
    retry_delay_s: float = 5.0


@dataclass(frozen=True)
class Endpoint:
    """Where a provider listens and how to be let in."""

    provider: str
    base_url: str
    key: SecretStr | None = None
    patience: Patience = field(default_factory=Patience)
    sleep: Callable[[float], None] = time.sleep
    gate: Gate | None = None
    """How many requests may be under way at a time; None means any number."""

    def url(self, path: str) -> str:
        """Return the address of one route."""
        return self.base_url.rstrip("/") + path


def post_json(endpoint: Endpoint, path: str, body: Mapping[str, Any]) -> tuple[Json, int]:
    """Send the body and return the reply's object and how many tries it took."""
    for attempt in range(1, endpoint.patience.retries + 2):
        try:
            with endpoint.gate.place() if endpoint.gate else nullcontext():
                return _once(endpoint, path, body), attempt
        except _PassingError as passing:
            if attempt > endpoint.patience.retries:
                raise passing.final from passing
            endpoint.sleep(max(endpoint.patience.retry_delay_s, passing.retry_after_s))
    raise AssertionError("the loop returns or raises")


class _PassingError(Exception):
    """A failure another try may cure; carries the error to raise when none does."""

    def __init__(self, final: VisionError, retry_after_s: float = 0.0) -> None:
        super().__init__(final.message)
        self.final = final
        self.retry_after_s = min(retry_after_s, _MAX_RETRY_AFTER_S)


def _once(endpoint: Endpoint, path: str, body: Mapping[str, Any]) -> Json:
    url = endpoint.url(path)
    try:
        reply = _send(endpoint, url, body)
    except requests.RequestException as error:
        final = VisionError(
            "vision-unreachable",
            f"{endpoint.provider} did not answer ({type(error).__name__})",
            where=url,
        )
        raise _PassingError(final) from error
    with reply:
        payload = _payload(reply, endpoint, url)
        _refuse_errors(reply, payload, endpoint)
    return payload


def _send(endpoint: Endpoint, url: str, body: Mapping[str, Any]) -> requests.Response:
    headers = {"Content-Type": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key.get_secret_value()}"
    patience = endpoint.patience
    return requests.post(
        url,
        json=body,
        headers=headers,
        timeout=(patience.connect_s, patience.read_s),
        allow_redirects=False,  # a redirect would carry the key and the image elsewhere
        stream=True,
    )


def _payload(reply: requests.Response, endpoint: Endpoint, url: str) -> Json:
    raw = _bounded_content(reply, endpoint, url)
    try:
        parsed: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        if reply.status_code >= HTTPStatus.BAD_REQUEST:
            return {"error": {"message": raw.decode("utf-8", errors="replace")}}
        final = VisionError(
            "vision-bad-reply",
            f"{endpoint.provider} answered with something that is no JSON",
            where=url,
        )
        raise _PassingError(final) from error
    return cast("Json", parsed) if isinstance(parsed, dict) else {"value": parsed}


def _bounded_content(reply: requests.Response, endpoint: Endpoint, url: str) -> bytes:
    """Read the body against a size cap and the same clock as the whole exchange."""
    deadline = time.monotonic() + endpoint.patience.read_s
    chunks: list[bytes] = []
    size = 0
    try:
        for chunk in reply.iter_content(65_536):
            chunks.append(chunk)
            size += len(chunk)
            if size > _MAX_REPLY_BYTES or time.monotonic() > deadline:
                break
        else:
            return b"".join(chunks)
    except requests.RequestException as error:
        cut = VisionError("vision-unreachable", f"{endpoint.provider} broke off", where=url)
        raise _PassingError(cut) from error
    raise VisionError(
        "vision-bad-reply", f"{endpoint.provider} sent a reply that is too long", where=url
    )


def _refuse_errors(reply: requests.Response, payload: Json, endpoint: Endpoint) -> None:
    """Raise for a refusal, whether it came as a status or inside a 200."""
    told: object = payload.get("error")
    status = reply.status_code
    if told is None and status < HTTPStatus.BAD_REQUEST:
        return
    message, inner = _read_error(told)
    if status < HTTPStatus.BAD_REQUEST:
        status = inner or HTTPStatus.BAD_GATEWAY
    final = _explained(status, message, endpoint)
    if status in _RETRIED:
        raise _PassingError(final, _retry_after_s(reply))
    raise final


def _read_error(told: object) -> tuple[str, int | None]:
    if isinstance(told, dict):
        known = cast("dict[str, object]", told)
        code = known.get("code")
        number = int(code) if isinstance(code, int | str) and str(code).isdigit() else None
        return str(known.get("message", "no reason given")), number
    return str(told or "no reason given"), None


def _retry_after_s(reply: requests.Response) -> float:
    try:
        return max(0.0, float(reply.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0


def _explained(status: int, message: str, endpoint: Endpoint) -> VisionError:
    key = endpoint.key.get_secret_value() if endpoint.key else ""
    told = shortened(message.replace(key, "***") if key else message, 300)
    said = f"{endpoint.provider} said {status}: {told}"
    where = endpoint.base_url
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return VisionError("vision-denied", said, where=where)
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return VisionError("vision-credit", said, where=where)
    if status == HTTPStatus.NOT_FOUND:
        return VisionError("vision-model-missing", said, where=where)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return VisionError("vision-throttled", said, where=where)
    return VisionError("vision-failed", said, where=where)
