"""Makes a bucket readable by anyone, and believes it only when a stranger could read.

Servers answer a policy request in strange ways: one takes it for the creation of a
bucket, and would take the removal of the policy for the removal of the bucket. So a
policy is set only on a bucket that exists, judged only by what strangers can do, and
taken back only where the server shows that it holds policies at all.
"""

import json
from typing import Any, cast

from darkroom.adapters.stores.bounds import within
from darkroom.adapters.stores.probe import Finding
from darkroom.adapters.stores.probe_requests import unsigned
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.translation import FOREIGN, bucket_missing, translate

_SID = "DarkroomPublicRead"
_NAME = "public read"
_OK = 200
_SUCCESS = range(200, 300)

Policy = dict[str, Any]


def make_public(store: S3Store, prefix: str) -> Finding:
    """Set the policy and prove it: GET 200, PUT and LIST refused; else take it back."""
    if not store.bucket_exists():
        raise bucket_missing(store.name)
    before = _policy(store)
    _set(store, _with_public_read(before, store.settings.bucket))
    proven, seen = _proof(store, prefix)
    if proven:
        return Finding(_NAME, "ok", seen)
    taken_back = _take_back(store, before)
    return Finding(_NAME, "failed", f"{seen}; {taken_back}")


def _proof(store: S3Store, prefix: str) -> tuple[bool, str]:
    store.put(f"{prefix}/public", b"public", "text/plain")
    read = unsigned(store, "GET", f"{prefix}/public")
    write = unsigned(store, "PUT", f"{prefix}/forged", b"x").status
    listed = unsigned(store, "GET").status
    readable = read.status == _OK and read.data == b"public"
    closed = write not in _SUCCESS and listed not in _SUCCESS
    return readable and closed, f"anonymous GET {read.status}, PUT {write}, LIST {listed}"


def _policy(store: S3Store) -> Policy | None:
    """The policy of the bucket, or None where there is none or the server knows of none."""
    try:
        with within(store.limits):
            found: Any = json.loads(store.client.get_bucket_policy(store.settings.bucket))
    except FOREIGN:
        return None
    return cast("Policy", found) if isinstance(found, dict) and "Statement" in found else None


def _set(store: S3Store, policy: Policy) -> None:
    try:
        with within(store.limits):
            store.client.set_bucket_policy(store.settings.bucket, json.dumps(policy))
    except FOREIGN as error:
        raise translate(error, store.name) from error


def _with_public_read(before: Policy | None, bucket: str) -> Policy:
    """The policy as it was, plus leave for anyone to read objects and nothing else."""
    statements = (before or {}).get("Statement", [])
    kept = [item for item in _as_list(statements) if item.get("Sid") != _SID]
    ours = {
        "Sid": _SID,
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
    }
    return {"Version": "2012-10-17", **(before or {}), "Statement": [*kept, ours]}


def _as_list(statements: Any) -> list[Policy]:
    return cast("list[Policy]", statements) if isinstance(statements, list) else [statements]


def _take_back(store: S3Store, before: Policy | None) -> str:
    if before is not None:
        _set(store, before)
        return "the policy is as it was"
    if _policy(store) is None:
        return "the server does not hold policies"
    try:
        with within(store.limits):
            store.client.delete_bucket_policy(store.settings.bucket)
    except FOREIGN as error:
        raise translate(error, store.name) from error
    return "the policy was taken back"
