"""HTTP for the S3 client: whole answers, within a deadline and a size, retried at a bounded pace.

Bodies are read completely before anyone sees them, so a cut one is an error here and
nowhere else. Redirects are not followed. Knows nothing of S3 beyond the code in an
error document.
"""

import io
import os
import re
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Any

import certifi
import urllib3
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.response import BaseHTTPResponse

from darkroom.adapters.stores.bounds import Answer, Call, Limits, Pacer, current_call, within
from darkroom.adapters.stores.intake import MAX_OBJECT_BYTES
from darkroom.adapters.stores.sockets import PlainPool, TLSPool, TLSSocket

_CHUNK_BYTES = 64 * 1024
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_SUCCESS = frozenset({200, 204, 206})
_MOST_RETRY_AFTER_S = 10.0
_CODE = re.compile(rb"<Code>\s*([A-Za-z0-9_.-]{1,80})\s*</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]{1,300})</Message>")


class BoundedPool(urllib3.PoolManager):
    """A pool whose requests keep to the deadline, the pace and the size limit."""

    def __init__(self, limits: Limits, *, secure: bool) -> None:
        context = None
        if secure:  # loading the certificates takes longer than a request
            certificates = os.environ.get("SSL_CERT_FILE") or certifi.where()
            context = ssl.create_default_context(cafile=certificates)
            context.sslsocket_class = TLSSocket
        super().__init__(maxsize=32, ssl_context=context, timeout=limits.read_s)
        self.pool_classes_by_scheme = {"http": PlainPool, "https": TLSPool}
        self._limits = limits
        self._pacer = Pacer(limits)
        self._pid = os.getpid()

    def urlopen(self, method: str, url: str, redirect: bool = False, **kw: Any) -> BaseHTTPResponse:
        """Send one request, with retries, and return the whole answer."""
        if self._pid != os.getpid():  # a fork must not share its parent's sockets
            self.clear()
            self._pid = os.getpid()
        call = current_call()
        if call is None:
            with within(self._limits) as call:
                return self._with_retries(call, method, url, kw)
        return self._with_retries(call, method, url, kw)

    def _with_retries(self, call: Call, method: str, url: str, kw: dict[str, Any]) -> Any:
        call.refusal = None
        last = self._limits.attempts - 1
        for attempt in range(last):
            try:
                response = self._once(call, method, url, kw)
            except (HTTPError, OSError):
                if not self._pacer.pause(attempt, call):
                    raise
                continue
            if response.status not in _RETRIED:
                return response
            if not self._pacer.pause(attempt, call, _retry_after_s(response)):
                return response
        return self._once(call, method, url, kw)

    def _once(self, call: Call, method: str, url: str, kw: dict[str, Any]) -> BaseHTTPResponse:
        response = super().urlopen(
            method,
            url,
            redirect=False,  # a signed request goes where it was meant to go, or nowhere
            retries=False,
            preload_content=False,
            decode_content=False,
            body=kw.get("body"),
            headers=kw.get("headers"),
        )
        try:
            body = _whole_body(response)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        if response.status not in _SUCCESS:
            call.refusal = _answer(response, body)
        return _preloaded(response, body, method)


def _whole_body(response: BaseHTTPResponse) -> bytes:
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_OBJECT_BYTES and response.length_remaining:
        raise ProtocolError(f"the answer announces {announced} bytes, more than is accepted")
    body = bytearray()
    for chunk in response.stream(_CHUNK_BYTES, decode_content=False):
        body += chunk
        if len(body) > MAX_OBJECT_BYTES:
            raise ProtocolError(f"the answer is longer than {MAX_OBJECT_BYTES} bytes")
    return bytes(body)


def _preloaded(response: BaseHTTPResponse, body: bytes, method: str) -> BaseHTTPResponse:
    headers = response.headers.copy()
    if "transfer-encoding" in headers:  # the end of the last chunk proved it complete
        headers.discard("transfer-encoding")
        headers["content-length"] = str(len(body))
    return urllib3.HTTPResponse(
        body=io.BytesIO(body),
        headers=headers,
        status=response.status,
        preload_content=False,
        decode_content=False,
        request_method=method,
    )


def _retry_after_s(response: BaseHTTPResponse) -> float:
    value = response.headers.get("retry-after", "")
    return min(float(value), _MOST_RETRY_AFTER_S) if value.isdecimal() else 0.0


def _answer(response: BaseHTTPResponse, body: bytes) -> Answer:
    code = _CODE.search(body)
    message = _MESSAGE.search(body)
    return Answer(
        status=response.status,
        code=code[1].decode() if code else "",
        message=message[1].decode(errors="replace") if message else "",
        skew_s=skew_s(response.headers.get("date", "")),
    )


def skew_s(date_header: str) -> float:
    """The server's clock minus ours in seconds; 0 when the header says nothing."""
    try:
        return parsedate_to_datetime(date_header).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
