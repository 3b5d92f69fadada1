"""What the probe says of good servers, of careless ones, and of none at all."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from darkroom.adapters.stores import probe, probe_requests, probe_s3
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.probe import Finding, Report
from darkroom.adapters.stores.probe_folder import check_folder
from darkroom.adapters.stores.probe_s3 import check_s3
from darkroom.adapters.stores.s3 import S3Store
from darkroom.core.errors import StoreDenied, StoreError, StoreUnavailable
from tests.fakes.s3_servers import RcloneServer, S3Server
from tests.fakes.scripted_s3 import Reply, Request, page, refusal, scripted

BY_NAME = dict[str, Finding]


@pytest.fixture
def moto_store(moto_server: S3Server) -> Iterator[S3Store]:
    store = moto_server.new_store()
    yield store
    store.close()


@pytest.fixture
def few_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one page, and time to notice an end, are proven once; here they cost time."""
    monkeypatch.setattr(probe_s3, "_MORE_THAN_A_PAGE", 3)
    monkeypatch.setattr(probe_requests, "time", SimpleNamespace(sleep=lambda _s: None))


def by_name(report: Report) -> BY_NAME:
    return {finding.check: finding for finding in report.findings}


def verdicts(report: Report) -> set[str]:
    return {finding.verdict for finding in report.findings}


def test_a_server_that_keeps_its_word_passes_every_check(rclone_store: S3Store) -> None:
    report = check_s3(rclone_store)
    assert verdicts(report) == {"ok"}, report.findings
    assert by_name(report)["paging"].detail == "1005 keys listed"
    report.insist(allow_insecure=False)


@pytest.mark.usefixtures("few_keys")
def test_the_probe_removes_everything_it_wrote(rclone_store: S3Store) -> None:
    rclone_store.put("mine/a", b"x", "text/plain")
    check_s3(rclone_store)
    assert list(rclone_store.iter_keys()) == ["mine/a"]


@pytest.mark.usefixtures("few_keys")
def test_a_server_that_checks_no_signature_is_refused(moto_store: S3Store) -> None:
    report = check_s3(moto_store)
    found = by_name(report)
    assert found["wrong secret"].verdict == "insecure"
    assert found["anonymous access"].verdict == "insecure"
    assert found["old signatures"].verdict == "warning"
    with pytest.raises(StoreError) as caught:
        report.insist(allow_insecure=False)
    assert caught.value.code == "store-insecure"
    report.insist(allow_insecure=True)


@pytest.mark.usefixtures("few_keys")
def test_a_server_without_policies_is_not_believed_when_it_says_yes(
    rclone_store: S3Store,
) -> None:
    report = check_s3(rclone_store, public_read=True)
    public = by_name(report)["public read"]
    assert public.verdict == "failed"
    assert rclone_store.bucket_exists()
    with pytest.raises(StoreError, match="public read"):
        report.insist(allow_insecure=False)


@pytest.mark.usefixtures("few_keys")
def test_a_policy_that_leaves_the_listing_open_is_told_and_taken_back(
    moto_store: S3Store,
) -> None:
    public = by_name(check_s3(moto_store, public_read=True))["public read"]
    assert public.verdict == "failed"
    assert public.detail.startswith("anonymous GET 200, PUT 200, LIST 200")
    with pytest.raises(Exception, match="NoSuchBucketPolicy"):
        moto_store.client.get_bucket_policy(moto_store.settings.bucket)


@pytest.mark.usefixtures("few_keys")
def test_a_policy_that_was_there_before_is_put_back(moto_store: S3Store) -> None:
    before = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Mine",
                "Effect": "Allow",
                "Principal": {"AWS": ["*"]},
                "Action": ["s3:GetObject"],
                "Resource": [f"arn:aws:s3:::{moto_store.settings.bucket}/mine/*"],
            }
        ],
    }
    bucket = moto_store.settings.bucket
    moto_store.client.set_bucket_policy(bucket, json.dumps(before))
    check_s3(moto_store, public_read=True)
    assert json.loads(moto_store.client.get_bucket_policy(bucket)) == before


def a_bucket_with_policies(request: Request, kept: dict[str, bytes], policy: list[bytes]) -> Reply:
    """Just enough of a careful server: strangers read once the policy says so."""
    if "policy" in request.query:
        if request.method == "PUT":
            policy.append(request.body)
            return Reply(204)
        return Reply(200, policy[-1]) if policy else refusal(404, "NoSuchBucketPolicy")
    if not request.signed and not (policy and request.method == "GET" and request.key):
        return refusal(403, "AccessDenied")
    return a_bucket(request, kept)


def a_bucket(request: Request, kept: dict[str, bytes]) -> Reply:
    if request.method == "PUT":
        kept[request.key] = request.body
    if request.method == "DELETE":
        kept.pop(request.key, None)
    if request.key:
        content = kept.get(request.key)
        missing = content is None and request.method in {"GET", "HEAD"}
        return refusal(404, "NoSuchKey") if missing else Reply(200, content or b"")
    start = request.query.get("start-after", [""])[0]
    prefix = request.query.get("prefix", [""])[0]
    return page(sorted(key for key in kept if key > start and key.startswith(prefix)))


@pytest.mark.usefixtures("few_keys")
def test_a_policy_proven_by_strangers_stays() -> None:
    kept: dict[str, bytes] = {}
    policy: list[bytes] = []
    with scripted(lambda request: a_bucket_with_policies(request, kept, policy)) as server:
        report = check_s3(server.store(), public_read=True)
    found = by_name(report)
    assert found["public read"] == Finding(
        "public read", "ok", "anonymous GET 200, PUT 403, LIST 403"
    )
    assert found["anonymous access"].verdict == "ok"
    (statement,) = json.loads(policy[-1])["Statement"]
    assert statement["Action"] == ["s3:GetObject"]
    assert kept == {}


@pytest.mark.usefixtures("few_keys")
def test_objects_that_are_public_unasked_are_a_warning() -> None:
    kept: dict[str, bytes] = {}
    with scripted(lambda request: a_bucket_with_policies(request, kept, [b"{}"])) as server:
        found = by_name(check_s3(server.store()))
    assert found["anonymous access"].verdict == "warning"


@pytest.mark.usefixtures("few_keys")
def test_a_server_that_forgets_and_lists_askew_fails_by_name() -> None:
    def careless(request: Request) -> Reply:
        reply = a_bucket(request, kept)
        return page(["z", "a"]) if not request.key and request.method == "GET" else reply

    kept: dict[str, bytes] = {}
    with scripted(careless) as server:
        report = check_s3(server.store())
    failed = {finding.check for finding in report.findings if finding.verdict == "failed"}
    assert {"odd keys", "listing order", "paging"} <= failed
    with pytest.raises(StoreError) as caught:
        report.insist(allow_insecure=True)
    assert caught.value.code == "store-check-failed"


@pytest.mark.usefixtures("few_keys")
def test_a_missing_bucket_ends_the_check_and_is_made_only_when_asked(
    rclone_server: RcloneServer,
) -> None:
    store = rclone_server.store("lab-to-be-made")
    with pytest.raises(StoreError) as caught:
        check_s3(store)
    assert caught.value.code == "store-bucket-missing"
    assert not store.bucket_exists()
    probe_s3.check_s3(store, create_bucket=True)
    assert store.bucket_exists()
    store.close()


def test_our_own_wrong_secret_ends_the_check(rclone_store: S3Store) -> None:
    stranger = S3Store(rclone_store.settings.asking_as("nobody", "nothing"), rclone_store.limits)
    with pytest.raises(StoreDenied):
        check_s3(stranger)
    stranger.close()


def test_a_server_that_is_away_ends_the_check(rclone_store: S3Store) -> None:
    settings = replace(rclone_store.settings, endpoint="http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable):
        check_s3(S3Store(settings, rclone_store.limits))


def test_a_folder_passes_every_check_and_is_left_as_it_was(folder: FolderStore, root: Path) -> None:
    folder.put("mine/a", b"x", "text/plain")
    report = check_folder(folder)
    assert verdicts(report) == {"ok"}, report.findings
    assert sorted(path.name for path in root.iterdir()) == [".darkroom-tmp", "mine"]


@pytest.mark.parametrize("check", probe.EVERY_STORE, ids=lambda check: check.__name__)
def test_a_check_that_cannot_run_is_a_failure(
    check: probe.Check, folder: FolderStore, root: Path
) -> None:
    root.rename(root.with_name("moved"))
    (finding,) = probe.run_checks(folder, [check], "probe")
    assert finding.verdict == "failed"
    assert "store-root-missing" in finding.detail


class Liar(FolderStore):
    """Keeps nothing of what it promises."""

    def put(self, key: str, data: bytes, content_type: str, *, lasting: bool = True) -> str:
        return super().put(key, b"lie", content_type)

    def delete(self, key: str) -> None:
        return


def test_a_store_that_lies_fails_by_name(tmp_path: Path) -> None:
    report = check_folder(Liar(tmp_path / "liar"))
    failed = {finding.check for finding in report.findings if finding.verdict == "failed"}
    assert {"write and read", "overwrite", "delete", "odd keys"} <= failed


@pytest.mark.usefixtures("few_keys")
def test_no_credential_shows_in_a_report(
    rclone_store: S3Store, rclone_server: RcloneServer
) -> None:
    report = check_s3(rclone_store, public_read=True)
    assert rclone_server.secret_key not in repr(report)
    assert rclone_server.access_key not in repr(report)
    assert report.credentials == "access key set (16 characters), secret key set (32 characters)"
