"""A store on any S3-compatible server, through the minio client.

Relies on nothing but PUT, GET, HEAD, DELETE and LIST: not on conditional writes,
object metadata, versions, policies or notifications, which servers lack or feign.
Every upload is one request (a multipart upload can be left half done) and is looked
up afterwards. Time, retries and the circuit are `bounds`; errors are `translation`.
"""

import hashlib
import http.client
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from minio import Minio

from darkroom.adapters.stores.bounds import Circuit, Limits, current_call, within
from darkroom.adapters.stores.intake import checked_intake
from darkroom.adapters.stores.protocol import Stat
from darkroom.adapters.stores.s3_settings import S3Settings
from darkroom.adapters.stores.translation import FOREIGN, bucket_missing, key_conflict, translate
from darkroom.adapters.stores.transport import BoundedPool
from darkroom.core.errors import (
    DarkroomError,
    KeyNotFound,
    StoreCorrupt,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)
from darkroom.core.keys import checked_key, checked_prefix, is_key

T = TypeVar("T")
_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_SMALLEST_PART_BYTES = 5 * 2**20
_BUCKET_BELIEVED_S = 30.0
# servers on files have nothing under a key for a moment while another writer replaces it
_LOOKS_AFTER_S = (0.0, 0.05, 0.2, 0.8)


class S3Store:
    """Bytes under keys in one bucket; safe to share between threads."""

    def __init__(self, settings: S3Settings, limits: Limits | None = None) -> None:
        self.settings = settings
        self.limits = limits or Limits()
        self.pool = BoundedPool(self.limits, secure=settings.secure)
        self._circuit = Circuit(self.limits)
        self._bucket_believed_until = 0.0
        access, secret = settings.access_key, settings.secret_key
        self.client = Minio(
            settings.host,
            access_key=access.get_secret_value() if access else None,
            secret_key=secret.get_secret_value() if secret else None,
            secure=settings.secure,
            region=settings.region,  # without it the client asks the server first
            http_client=self.pool,
        )
        self.client.disable_virtual_style_endpoint()

    @property
    def name(self) -> str:
        """The address of the bucket."""
        return self.settings.bucket_url

    def close(self) -> None:
        """Close idle connections; the store can still be used."""
        self.pool.clear()

    def put(self, key: str, data: bytes, content_type: str, *, lasting: bool = True) -> str:
        """Upload in one request and make sure that it arrived; returns the sha256."""
        checked_intake(key, data, content_type)
        with within(self.limits):  # the look for a conflict shares the time of the upload
            try:
                self._call(lambda: self._put_until_landed(key, data, content_type))
            except StoreUnavailable as error:
                if error.code == "store-internal-error" and self._is_crossed(key):
                    raise key_conflict(f"{self.name}/{key}") from error
                raise
        return hashlib.sha256(data).hexdigest()

    def get(self, key: str) -> bytes:
        """Download the whole content, or raise KeyNotFound."""
        checked_key(key)
        return self._call(lambda: self._present(key, lambda: self._read(key)))

    def head(self, key: str) -> Stat | None:
        """Say what is there, or None; a missing bucket is an error, not an absence."""
        checked_key(key)
        try:
            return self._call(lambda: self._present(key, lambda: self._stat(key)))
        except KeyNotFound:
            return None

    def iter_keys(self, prefix: str = "", start_after: str = "") -> Iterator[str]:
        """Yield keys in ascending order, page by page; what is not a key of ours is skipped."""
        return self._listing(checked_prefix(prefix), checked_prefix(start_after))

    def delete(self, key: str) -> None:
        """Remove the key; what is absent already is no error."""
        checked_key(key)
        try:
            self._call(lambda: self._ask(key, self.client.remove_object))
        except KeyNotFound:
            return

    def url_for(self, key: str) -> str:
        """The plain address of the object: it opens only where the bucket is public."""
        return f"{self.settings.bucket_url}/{checked_key(key)}"

    def presigned_url(self, key: str, opens_for: timedelta) -> str:
        """An address that lets anybody read the object for a while; made without asking."""
        if self.settings.access_key is None:
            return self.url_for(key)  # nobody signs, so everybody may read or nobody
        bucket = self.settings.bucket
        return self.client.presigned_get_object(bucket, checked_key(key), expires=opens_for)

    def bucket_exists(self) -> bool:
        """Whether the bucket is there (one that only refuses us counts as there)."""
        try:
            return self._call(lambda: self._ask("", self._look_for_bucket))
        except StoreDenied:
            return True

    def create_bucket(self) -> None:
        """Make the bucket unless it exists; never done unasked."""
        if not self.bucket_exists():
            self._call(lambda: self._ask("", lambda bucket, _key: self.client.make_bucket(bucket)))

    def _look_for_bucket(self, bucket: str, _key: str) -> bool:
        return self.client.bucket_exists(bucket)

    def _call(self, action: Callable[[], T]) -> T:
        """Run one verb: within the deadline, and known to the circuit."""
        self._circuit.admit(self.name)
        with within(self.limits):
            try:
                result = action()
            except StoreUnavailable:
                self._circuit.failed()
                raise
            except DarkroomError:
                self._circuit.succeeded()  # it answered
                raise
        self._circuit.succeeded()
        return result

    def _ask(self, key: str, request: Callable[[str, str], T]) -> T:
        """Make one request through the client and translate what it raises."""
        try:
            return request(self.settings.bucket, key)
        except FOREIGN as error:
            failure = self._translated(error, key)
            if self.settings.scrubbed(str(error)) != str(error):
                raise failure from None  # the server echoed a credential: show no cause
            raise failure from error

    def _translated(self, error: BaseException, key: str) -> DarkroomError:
        call = current_call()
        where = f"{self.name}/{key}" if key else self.name
        failure = translate(error, where, call.refusal if call else None)
        failure.message = self.settings.scrubbed(failure.message)
        failure.args = (failure.message,)
        return failure

    def _present(self, key: str, action: Callable[[], T]) -> T:
        """Tell an absent key from an absent bucket, which a HEAD does not."""
        try:
            found = action()
        except KeyNotFound:
            if time.monotonic() >= self._bucket_believed_until:
                self._insist_on_bucket()
            raise
        self._bucket_believed_until = time.monotonic() + _BUCKET_BELIEVED_S
        return found

    def _insist_on_bucket(self) -> None:
        try:
            there = self._ask("", self._look_for_bucket)
        except StoreDenied:
            there = True
        if not there:
            raise bucket_missing(self.name)
        self._bucket_believed_until = time.monotonic() + _BUCKET_BELIEVED_S

    def _put_until_landed(self, key: str, data: bytes, content_type: str) -> None:
        for _ in range(2):
            self._ask(key, lambda bucket, name: self._upload(bucket, name, data, content_type))
            if self._landed(key, data):
                return
        raise StoreCorrupt(
            "store-write-differs",
            f"{len(data)} bytes were sent twice; what the store then held was something else",
            where=f"{self.name}/{key}",
        )

    def _is_crossed(self, key: str) -> bool:
        """Whether the key needs an object as its folder, or is one: servers on files say 500."""
        parts = key.split("/")
        try:
            above = any(self.head("/".join(parts[:depth])) for depth in range(1, len(parts)))
            return above or next(self.iter_keys(f"{key}/"), None) is not None
        except StoreError:
            return False

    def _upload(self, bucket: str, key: str, data: bytes, content_type: str) -> object:
        return self.client.put_object(
            bucket,
            key,
            io.BytesIO(data),
            len(data),
            content_type=content_type,
            part_size=max(len(data), _SMALLEST_PART_BYTES),  # never in parts
        )

    def _landed(self, key: str, data: bytes) -> bool:
        for pause_s in _LOOKS_AFTER_S:
            time.sleep(pause_s)
            try:
                stat = self._stat(key)
                if stat.size_bytes == len(data) and stat.etag in {None, _md5(data)}:
                    return True
                # either it is damaged, or this server's etags only look like md5
                return self._read(key) == data
            except KeyNotFound:
                continue
        return False

    def _stat(self, key: str) -> Stat:
        found: Any = self._ask(key, self.client.stat_object)
        headers: Mapping[str, str] = found.metadata or {}
        etag = (found.etag or "").lower()
        encrypted = headers.get("x-amz-server-side-encryption", "AES256") != "AES256"
        # some proxies drop the length from the answer to a HEAD
        size = int(found.size) if "content-length" in headers else len(self._read(key))
        modified = found.last_modified
        return Stat(
            key=key,
            size_bytes=size,
            etag=etag if _MD5.match(etag) and not encrypted else None,
            modified_at=modified.timestamp() if modified else 0.0,
        )

    def _read(self, key: str) -> bytes:
        response = self._ask(key, self.client.get_object)
        data = response.data
        if response.status != http.client.OK:
            raise StoreUnavailable(
                "store-answer-unreadable",
                f"a part was sent of what was asked for whole (HTTP {response.status})",
                where=f"{self.name}/{key}",
            )
        if "content-length" in response.headers:
            return data
        # an answer that ends when the connection does may be cut anywhere
        stat: Any = self._ask(key, self.client.stat_object)
        if int(stat.size) != len(data):
            raise StoreUnavailable(
                "store-answer-unreadable",
                f"{len(data)} bytes came of {stat.size}",
                where=f"{self.name}/{key}",
            )
        return data

    def _listing(self, prefix: str, start_after: str) -> Iterator[str]:
        found = self.client.list_objects(
            self.settings.bucket,
            prefix=prefix or None,
            recursive=True,
            start_after=start_after or None,
        )

        def next_name(_bucket: str, _key: str) -> str | None:
            item = next(found, None)
            return None if item is None else item.object_name or ""

        last = start_after
        yielded = False
        while (name := self._call(lambda: self._ask(prefix, next_name))) is not None:
            if not is_key(name) or not name.startswith(prefix) or name == last:
                continue
            if name < last:
                if yielded:
                    raise self._disorder(name, last)
                continue  # a server that ignores start-after
            last, yielded = name, True
            yield name

    def _disorder(self, name: str, last: str) -> StoreError:
        return StoreError(
            "store-listing-disorder",
            f"the store lists {name!r} after {last!r}: its listings cannot be followed",
            where=self.name,
        )


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
