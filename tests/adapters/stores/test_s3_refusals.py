"""Clocks that differ and credentials that are wrong: told at once, and told without secrets."""

import email.utils
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import minio.time
import pytest

from darkroom.adapters.stores.s3 import S3Store
from darkroom.core.errors import StoreDenied, StoreSkewed
from tests.fakes.s3_servers import QUICK, RcloneServer
from tests.fakes.scripted_s3 import ACCESS, SECRET, always, refusal, scripted

PNG = "image/png"


@pytest.mark.parametrize("verb", ["put", "get", "head"])
def test_a_clock_that_differs_is_named_with_the_minutes(verb: str) -> None:
    late = email.utils.formatdate(time.time() + 20 * 60 + 20, usegmt=True)
    with scripted(always(refusal(403, "AccessDenied", Date=late))) as server:
        store = server.store()
        with pytest.raises(StoreSkewed, match="by 20 min"):
            store.put("a/b", b"x", PNG) if verb == "put" else getattr(store, verb)("a/b")
        assert len(server.seen) == 1  # trying again would not help


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_real_server_refuses_a_clock_that_differs(
    rclone_store: S3Store, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    real = minio.time.utcnow
    monkeypatch.setattr(minio.time, "utcnow", lambda: real() + timedelta(minutes=minutes))
    with pytest.raises(StoreSkewed):
        rclone_store.put("a/b", b"x", PNG)


@pytest.mark.parametrize("verb", ["put", "get", "head", "list", "delete"])
def test_a_wrong_secret_is_denied_at_once(rclone_server: RcloneServer, verb: str) -> None:
    good = rclone_server.new_store()
    store = S3Store(good.settings.asking_as(rclone_server.access_key, "not the secret"), QUICK)
    actions: dict[str, Callable[[], object]] = {
        "put": lambda: store.put("a/b", b"x", PNG),
        "get": lambda: store.get("a/b"),
        "head": lambda: store.head("a/b"),
        "list": lambda: list(store.iter_keys()),
        "delete": lambda: store.delete("a/b"),
    }
    with pytest.raises(StoreDenied) as caught:
        actions[verb]()
    assert "DARKROOM_S3_SECRET_KEY" in caught.value.hint
    good.close()
    store.close()


def chain(error: BaseException | None) -> str:
    """Everything an error and its causes would show anywhere."""
    text = ""
    while error is not None:
        text += f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text


@pytest.mark.parametrize(
    "verb",
    [
        lambda store: store.put("a", b"x", PNG),
        lambda store: store.get("a"),
        lambda store: list(store.iter_keys()),
    ],
    ids=["put", "get", "list"],
)
@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "text/plain"])
def test_credentials_that_a_server_echoes_show_nowhere(
    verb: Callable[[S3Store], object], kind: str
) -> None:
    echo = refusal(403, "InvalidAccessKeyId", f"{ACCESS} {SECRET}")
    with scripted(always(replace(echo, headers={"Content-Type": kind}))) as server:
        store = server.store()
        with pytest.raises(StoreDenied) as caught:
            verb(store)
        shown = chain(caught.value) + repr(store.settings)
        assert ACCESS not in shown
        assert SECRET not in shown
