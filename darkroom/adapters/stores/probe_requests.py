"""Requests the S3 client would never send: unsigned, signed at another time, broken off.

Only the probe uses them. Nothing here raises for what a server answers; the answer
is what the probe wants to know.
"""

import hashlib
import http.client
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3
from urllib3.response import BaseHTTPResponse

from darkroom.adapters.stores.bounds import within
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.s3_settings import S3Settings
from darkroom.adapters.stores.translation import FOREIGN, translate


def unsigned(store: S3Store, method: str, key: str = "", body: bytes = b"") -> BaseHTTPResponse:
    """Ask as a stranger would; without a key, for a listing."""
    query = "" if key else "?list-type=2"
    return _send(store, method, f"{store.name}/{key}{query}", {}, body)


def signed(
    store: S3Store, method: str, key: str, body: bytes = b"", *, ahead: timedelta = timedelta()
) -> BaseHTTPResponse:
    """Ask with the right key but a clock that is ahead by so much."""
    url = f"{store.name}/{key}"
    return _send(store, method, url, _signature(store.settings, method, url, body, ahead), body)


def _send(
    store: S3Store, method: str, url: str, headers: dict[str, str], body: bytes
) -> BaseHTTPResponse:
    try:
        with within(store.limits):
            return store.pool.urlopen(method, url, headers=headers, body=body or None)
    except FOREIGN as error:
        raise translate(error, store.name) from error


def _signature(
    settings: S3Settings, method: str, url: str, body: bytes, ahead: timedelta
) -> dict[str, str]:
    access, secret = settings.access_key, settings.secret_key
    if access is None or secret is None:
        return {}
    date = datetime.now(UTC) + ahead
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "Host": settings.host,
        "x-amz-content-sha256": digest,
        "x-amz-date": date.strftime("%Y%m%dT%H%M%SZ"),
    }
    signed_headers = sign_v4_s3(
        method=method,
        url=urlsplit(url),
        region=settings.region,
        headers=dict(headers),
        credentials=Credentials(access.get_secret_value(), secret.get_secret_value()),
        content_sha256=digest,
        date=date,
    )
    return {name: str(value) for name, value in signed_headers.items()}


def break_off(store: S3Store, key: str, body: bytes) -> None:
    """Begin an upload, send half of it and hang up."""
    url = f"{store.name}/{key}"
    headers = _signature(store.settings, "PUT", url, body, timedelta())
    with _connection(store) as connection:
        try:
            connection.putrequest("PUT", urlsplit(url).path, skip_host=True)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                connection.putheader(name, value)
            connection.endheaders(body[: len(body) // 2])
        except FOREIGN as error:
            raise translate(error, store.name) from error
    time.sleep(min(0.5, store.limits.read_s / 10))  # let the server notice


@contextmanager
def _connection(store: S3Store) -> Generator[http.client.HTTPConnection]:
    timeout_s = store.limits.read_s
    if store.settings.secure:
        context: ssl.SSLContext = store.pool.connection_pool_kw["ssl_context"]
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            store.settings.host, timeout=timeout_s, context=context
        )
    else:
        connection = http.client.HTTPConnection(store.settings.host, timeout=timeout_s)
    try:
        yield connection
    finally:
        connection.close()
