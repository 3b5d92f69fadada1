"""What only an S3 server can get wrong: who may ask, whose clock counts, what half an upload is."""

import secrets
from datetime import timedelta

from darkroom.adapters.stores.probe import (
    EVERY_STORE,
    PREFIX,
    Check,
    Finding,
    Report,
    cleaned_up,
    listings_go_on,
    run_checks,
)
from darkroom.adapters.stores.probe_policy import make_public
from darkroom.adapters.stores.probe_requests import break_off, signed, unsigned
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.transport import skew_s
from darkroom.core.config.explain import secret_state
from darkroom.core.errors import StoreDenied

_MORE_THAN_A_PAGE = 1005
_TOLERABLE_SKEW_S = 60.0
_SUCCESS = range(200, 300)


def check_s3(store: S3Store, *, public_read: bool = False, create_bucket: bool = False) -> Report:
    """Try everything on the server; raises when it cannot be used at all."""
    if create_bucket:
        store.create_bucket()
    store.head(f"{PREFIX}/nothing")  # raises when it is away, refuses us or lacks the bucket

    def strangers_are_kept_out(store: Store, prefix: str) -> Finding:
        return _strangers(_s3(store), prefix, may_read=public_read)

    checks: list[Check] = [
        _clocks_agree,
        _another_clock_is_refused,
        _a_wrong_secret_is_refused,
        *([_public_read] if public_read else []),
        strangers_are_kept_out,
        *EVERY_STORE,
        _half_an_upload_is_invisible,
        listings_go_on(_MORE_THAN_A_PAGE),
    ]
    with cleaned_up(store) as prefix:
        findings = tuple(run_checks(store, checks, prefix))
    return Report(store.name, _credentials(store), findings)


def _s3(store: Store) -> S3Store:
    assert isinstance(store, S3Store)
    return store


def _credentials(store: S3Store) -> str:
    settings = store.settings
    return (
        f"access key {secret_state(settings.access_key)}, "
        f"secret key {secret_state(settings.secret_key)}"
    )


def _clocks_agree(store: Store, prefix: str) -> Finding:
    store.put(f"{prefix}/data", b"x", "text/plain")  # raises StoreSkewed where they do not
    answer = signed(_s3(store), "HEAD", f"{prefix}/data")
    if "date" not in answer.headers:
        return Finding("clock", "warning", "the server does not tell its time")
    apart = abs(skew_s(answer.headers["date"]))
    verdict = "ok" if apart <= _TOLERABLE_SKEW_S else "warning"
    return Finding("clock", verdict, f"{apart:.0f} s apart")


def _another_clock_is_refused(store: Store, prefix: str) -> Finding:
    answer = signed(_s3(store), "PUT", f"{prefix}/late", b"x", ahead=timedelta(minutes=20))
    if answer.status in _SUCCESS:
        return Finding("old signatures", "warning", "a clock 20 min ahead is accepted")
    return Finding("old signatures", "ok", f"a clock 20 min ahead is refused ({answer.status})")


def _a_wrong_secret_is_refused(store: Store, prefix: str) -> Finding:
    mine = _s3(store)
    access = mine.settings.access_key
    settings = mine.settings.asking_as(
        access.get_secret_value() if access else "nobody", secrets.token_hex(20)
    )
    stranger = S3Store(settings, mine.limits)
    try:
        stranger.put(f"{prefix}/forged", b"x", "text/plain")
    except StoreDenied:
        return Finding("wrong secret", "ok", "refused")
    finally:
        stranger.close()
    return Finding("wrong secret", "insecure", "accepted")


def _strangers(store: S3Store, prefix: str, *, may_read: bool) -> Finding:
    store.put(f"{prefix}/data", b"x", "text/plain")
    read = unsigned(store, "GET", f"{prefix}/data").status
    write = unsigned(store, "PUT", f"{prefix}/forged", b"x").status
    listed = unsigned(store, "GET").status
    detail = f"GET {read}, PUT {write}, LIST {listed}"
    if write in _SUCCESS or listed in _SUCCESS:
        return Finding("anonymous access", "insecure", detail)
    if read in _SUCCESS and not may_read:
        return Finding("anonymous access", "warning", f"{detail}: objects are public")
    return Finding("anonymous access", "ok", detail)


def _public_read(store: Store, prefix: str) -> Finding:
    return make_public(_s3(store), prefix)


def _half_an_upload_is_invisible(store: Store, prefix: str) -> Finding:
    body = b"n" * 200_000
    store.put(f"{prefix}/old", b"old", "text/plain")
    for name in ("old", "new"):
        break_off(_s3(store), f"{prefix}/{name}", body)
    kept = store.get(f"{prefix}/old") == b"old"
    invisible = store.head(f"{prefix}/new") is None
    if kept and invisible:
        return Finding("half an upload", "ok", "invisible; the old object stays")
    return Finding("half an upload", "failed", "a broken-off upload shows as an object")
