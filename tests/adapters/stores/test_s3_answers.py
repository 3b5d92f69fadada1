"""What the S3 store makes of every kind of answer, and that no answer can lead it astray."""

import hashlib
import http.client
import inspect
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import ParseError

import minio.error
import minio.time
import pytest
import urllib3.exceptions
from minio.error import InvalidResponseError, MinioException, ServerError

from darkroom.adapters.stores import s3
from darkroom.adapters.stores.bounds import Answer
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.translation import FOREIGN, meaning, translate
from darkroom.core.errors import (
    DarkroomError,
    KeyNotFound,
    StoreCorrupt,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreSkewed,
    StoreUnavailable,
)
from tests.fakes.s3_servers import QUICK
from tests.fakes.scripted_s3 import Reply, Request, always, page, refusal, scripted

PNG = "image/png"
XML = {"Content-Type": "application/xml"}


def exceptions_of(module: object) -> list[type[BaseException]]:
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Exception) and not issubclass(member, Warning)
    ]


def an_instance(kind: type[BaseException]) -> BaseException:
    match kind.__name__:
        case "S3Error":
            return kind(None, "Unheard", None, None, None, None)
        case "ServerError":
            return kind("x", 599)
        case "IncompleteRead":
            return kind(1 if kind.__module__.startswith("urllib3") else b"x", 2)
        case "InvalidChunkLength":
            return kind(urllib3.HTTPResponse(), b"zz")
        case _:
            return kind.__new__(kind)


@pytest.mark.parametrize(
    "kind",
    [*exceptions_of(minio.error), *exceptions_of(urllib3.exceptions), *exceptions_of(http.client)],
    ids=lambda kind: kind.__name__,
)
def test_every_exception_of_the_client_and_its_transport_is_translated(
    kind: type[BaseException],
) -> None:
    assert issubclass(kind, FOREIGN)
    assert isinstance(translate(an_instance(kind), "s3"), StoreError)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(404, "NoSuchKey"), KeyNotFound),
        (Answer(404), KeyNotFound),
        (Answer(404, "NoSuchBucket"), StoreError),
        (Answer(404, "NoSuchUpload"), StoreError),
        (Answer(401), StoreDenied),
        (Answer(403), StoreDenied),
        (Answer(403, "SignatureDoesNotMatch"), StoreDenied),
        (Answer(400, "InvalidAccessKeyId"), StoreDenied),
        (Answer(400, "AuthorizationHeaderMalformed"), StoreDenied),
        (Answer(403, "RequestTimeTooSkewed"), StoreSkewed),
        (Answer(403, "", "", 1_200.0), StoreSkewed),
        (Answer(403, "AccessDenied", "", -100_000.0), StoreSkewed),
        (Answer(403, "AccessDenied", "", 60.0), StoreDenied),
        (Answer(507), StoreFull),
        (Answer(507, "XMinioStorageFull"), StoreFull),
        (Answer(400, "XMinioAdminBucketQuotaExceeded"), StoreFull),
        (Answer(500, "InternalError", "write /x: no space left on device"), StoreFull),
        (Answer(500, "InternalError"), StoreUnavailable),
        (Answer(503, "SlowDown"), StoreUnavailable),
        (Answer(429), StoreUnavailable),
        (Answer(408), StoreUnavailable),
        (Answer(400, "RequestTimeout"), StoreUnavailable),
        (Answer(400, "BadDigest"), StoreUnavailable),
        (Answer(301, "PermanentRedirect"), StoreError),
        (Answer(501, "NotImplemented"), StoreError),
        (Answer(400, "InvalidArgument"), StoreError),
        (Answer(409, "XMinioParentIsObject"), StoreError),
    ],
)
def test_an_answer_has_one_meaning(answer: Answer, kind: type[DarkroomError]) -> None:
    assert type(meaning(answer, "s3")) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidResponseError(403, "text/xml", "<Code>AccessDenied</Code>"), StoreDenied),
        (InvalidResponseError(502, "text/html", "<html>"), StoreUnavailable),
        (InvalidResponseError(200, None, None), StoreError),
        (ServerError("x", 503), StoreUnavailable),
        (ParseError("not well-formed"), StoreUnavailable),
        (ValueError("not enough values to unpack"), StoreUnavailable),
        (OSError("x"), StoreUnavailable),
        (MinioException("x"), StoreUnavailable),
    ],
)
def test_an_exception_without_noted_answer_has_a_meaning(
    error: Exception, kind: type[DarkroomError]
) -> None:
    assert type(translate(error, "s3")) is kind


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>Welcome to nginx</html>", {"Content-Type": "text/html"}),
        Reply(200, b"", XML),
        Reply(200, b"<a" * 10_000, XML),
        Reply(200, b"\xff\xfe\x00", XML),
        Reply(200, b"<ListBucketResult/>", XML),
        Reply(200, b'<?xml version="1.0" encoding="klingon"?><a/>', XML),
        Reply(200, b"<ListBucketResult><Name>lab</Name><Contents/></ListBucketResult>", XML),
        Reply(409, b"\xff", XML),
        Reply(418, b"<not xml", XML),
        Reply(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}),
    ],
    ids=range(10),
)
def test_a_listing_that_is_none_is_an_error(reply: Reply) -> None:
    with scripted(always(reply)) as server, pytest.raises(StoreError):
        list(server.store().iter_keys())


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 405, 409, 418, 500, 501, 503, 507])
def test_a_head_without_any_body_is_still_understood(status: int) -> None:
    with scripted(always(Reply(status))) as server, pytest.raises(StoreError):
        server.store().head("a/b")


def test_a_signed_request_is_never_redirected_elsewhere() -> None:
    with scripted(always(Reply(200, b"stolen"))) as thief:
        elsewhere = Reply(307, b"", {"Location": f"{thief.url}/lab/a"})
        with scripted(always(elsewhere)) as server, pytest.raises(StoreError):
            server.store().get("a/b")
        assert thief.seen == []


def holding(content: dict[str, bytes], **headers: str) -> Callable[[Request], Reply]:
    """A server that keeps bytes and states the given headers about them."""

    def script(request: Request) -> Reply:
        if request.method == "PUT":
            content[request.key] = request.body
            return Reply(200, b"", {"ETag": '"x"'})
        found = content.get(request.key)
        if request.key and found is None:
            return refusal(404, "NoSuchKey")
        return Reply(200, found or b"", headers)

    return script


def test_an_etag_that_only_looks_like_md5_does_not_condemn_a_good_object() -> None:
    with scripted(holding({}, ETag=f'"{"0" * 32}"')) as server:
        assert server.store().put("a/b", b"x", PNG) == hashlib.sha256(b"x").hexdigest()
        assert server.methods == ["PUT", "HEAD", "GET"]


def test_an_encrypted_object_is_not_judged_by_its_etag() -> None:
    headers = {"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption": "aws:kms"}
    with scripted(holding({}, **headers)) as server:
        server.store().put("a/b", b"x", PNG)
        assert server.methods == ["PUT", "HEAD"]


def test_a_damaged_upload_is_sent_again_and_then_reported() -> None:
    def damaging(request: Request) -> Reply:
        return Reply(200, b"y", {"ETag": f'"{hashlib.md5(b"y").hexdigest()}"'})

    with scripted(damaging) as server:
        with pytest.raises(StoreCorrupt) as caught:
            server.store().put("a/b", b"x", PNG)
        assert caught.value.code == "store-write-differs"
        assert server.methods.count("PUT") == 2


def test_a_key_that_another_writer_is_replacing_is_looked_for_again() -> None:
    keeping, absences = holding({}), [404, 404]

    def replacing(request: Request) -> Reply:
        is_looked_for = request.method == "HEAD" and request.key
        return Reply(absences.pop()) if is_looked_for and absences else keeping(request)

    with scripted(replacing) as server:
        server.store().put("a/b", b"x", PNG)
        assert server.methods == ["PUT", "HEAD", "HEAD", "HEAD"]


def test_an_upload_that_vanishes_is_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_LOOKS_AFTER_S", (0.0, 0.0))

    def forgetting(request: Request) -> Reply:
        return Reply(200) if request.method == "PUT" or not request.key else Reply(404)

    with scripted(forgetting) as server, pytest.raises(StoreCorrupt):
        server.store().put("a/b", b"x", PNG)


def test_a_big_upload_is_one_request() -> None:
    with scripted(holding({})) as server:
        server.store().put("a/b", b"x" * 12_000_000, PNG)
        assert server.methods == ["PUT", "HEAD"]


def test_a_body_without_stated_length_is_compared_with_the_head() -> None:
    def cut(request: Request) -> Reply:
        if request.method == "HEAD":
            return Reply(200, b"", {"X-Length": "10"})
        return Reply(200, b"123", length=False)

    with scripted(cut) as server, pytest.raises(StoreUnavailable):
        server.store().get("a/b")


def test_a_body_longer_than_any_object_is_not_read() -> None:
    endless = always(Reply(200, b"", {"X-Length": str(2**40)}))
    with scripted(endless) as server, pytest.raises(StoreUnavailable):
        server.store().get("a/b")


def test_a_listing_out_of_order_is_refused_after_what_was_in_order() -> None:
    with scripted(always(page(["a/1", "a/3", "a/2"]))) as server:
        listing = server.store().iter_keys()
        assert [next(listing), next(listing)] == ["a/1", "a/3"]
        with pytest.raises(StoreError, match="lists 'a/2' after 'a/3'"):
            next(listing)


def test_a_listing_that_repeats_its_page_for_ever_is_refused() -> None:
    with scripted(always(page(["a/1", "a/2"], "again"))) as server, pytest.raises(StoreError):
        list(server.store().iter_keys())


@pytest.mark.timeout(90)
def test_empty_pages_for_ever_end_with_the_deadline() -> None:
    with scripted(always(page([], "again"))) as server, pytest.raises(StoreUnavailable):
        list(server.store(replace(QUICK, total_s=0.3)).iter_keys())


def test_what_is_no_key_of_ours_is_left_out_of_a_listing() -> None:
    foreign = ["../../etc/passwd", "/a", "A.png", "a//b", "a/.hidden", "a b", "a/", "\x41"]
    with scripted(always(page([*foreign, "a/1", "a/1", "b/2"]))) as server:
        assert list(server.store().iter_keys()) == ["a/1", "b/2"]


def test_a_server_that_ignores_prefix_and_start_does_not_mislead() -> None:
    with scripted(always(page(["a/1", "a/2", "a/3", "b/1"]))) as server:
        assert list(server.store().iter_keys("a/", "a/2")) == ["a/3"]


def test_a_bucket_that_refuses_us_counts_as_there() -> None:
    def guarded(request: Request) -> Reply:
        return refusal(404, "NoSuchKey") if request.key else Reply(403)

    with scripted(guarded) as server:
        store = server.store()
        assert store.bucket_exists()
        store.create_bucket()
        assert store.head("a/b") is None
        assert "PUT" not in server.methods


def test_deleting_what_a_strict_server_calls_missing_is_no_error() -> None:
    with scripted(always(refusal(404, "NoSuchKey"))) as server:
        server.store().delete("a/b")


def test_a_head_without_stated_length_asks_for_the_content() -> None:
    def quiet(request: Request) -> Reply:
        return Reply(200, b"12345", length=request.method != "HEAD")

    with scripted(quiet) as server:
        stat = server.store().head("a/b")
        assert stat is not None
        assert stat.size_bytes == 5


def test_a_whole_body_without_stated_length_is_accepted() -> None:
    def quiet(request: Request) -> Reply:
        if request.method == "HEAD":
            return Reply(200, b"12345")
        return Reply(200, b"12345", length=False)

    with scripted(quiet) as server:
        assert server.store().get("a/b") == b"12345"


def test_a_body_that_grows_beyond_any_object_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("darkroom.adapters.stores.transport.MAX_OBJECT_BYTES", 100_000)
    endless = always(Reply(200, b"x" * 1_000_000, length=False))
    with scripted(endless) as server, pytest.raises(StoreUnavailable):
        server.store().get("a/b")


def test_a_forked_process_opens_connections_of_its_own(rclone_store: S3Store) -> None:
    rclone_store.put("a/b", b"x", PNG)
    rclone_store.pool._pid = 0  # as it looks from a child
    assert rclone_store.get("a/b") == b"x"
    assert rclone_store.pool._pid == os.getpid()


def test_a_name_that_cannot_be_looked_up_is_unavailable(
    rclone_store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def unknown(host: str, *arguments: Any, **options: Any) -> Any:
        if host != "store.example":  # threads of earlier tests may ask for others
            return real(host, *arguments, **options)
        raise UnicodeError("label too long")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    settings = replace(rclone_store.settings, endpoint="http://store.example:9000")
    with pytest.raises(StoreUnavailable):
        S3Store(settings, QUICK).get("a/b")


def test_a_port_that_accepts_nobody_is_unavailable(rclone_store: S3Store) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as crowded:
        port = crowded.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        settings = replace(rclone_store.settings, endpoint=f"http://127.0.0.1:{port}")
        with pytest.raises(StoreUnavailable):
            S3Store(settings, replace(QUICK, total_s=0.5, connect_s=0.2)).get("a/b")
        for client in waiting:
            client.close()


@pytest.mark.parametrize("status", [204, 206])
def test_a_part_does_not_pass_for_the_whole(status: int) -> None:
    with scripted(always(Reply(status))) as server, pytest.raises(StoreUnavailable):
        server.store().get("a/b")


def test_an_internal_error_that_is_no_conflict_stays_one() -> None:
    with scripted(always(refusal(500, "InternalError"))) as server:
        with pytest.raises(StoreUnavailable) as caught:
            server.store().put("a/b", b"x", PNG)
        assert caught.value.code == "store-internal-error"


def test_a_key_over_a_folder_of_keys_is_a_conflict_where_the_server_says_500() -> None:
    def on_files(request: Request) -> Reply:
        if request.method == "PUT":
            return refusal(500, "InternalError")
        return refusal(404, "NoSuchKey") if request.key else page(["a/b"])

    with scripted(on_files) as server, pytest.raises(StoreError) as caught:
        server.store().put("a", b"x", PNG)
    assert caught.value.code == "store-key-conflict"
