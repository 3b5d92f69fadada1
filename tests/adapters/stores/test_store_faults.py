"""What a store does while the network or the server misbehaves: it ends, and it does not lie."""

import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.core.errors import KeyNotFound, StoreCorrupt, StoreError, StoreUnavailable
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.s3_servers import QUICK, RcloneServer, rclone

PNG = "image/png"
# silence is allowed to last longer than the whole test, so only the deadline can end it
BRIEF = replace(QUICK, total_s=0.3, read_s=600.0, connect_s=600.0)
VERBS: list[Callable[[Store], object]] = [
    lambda store: store.put("a/b", b"x" * 1000, PNG),
    lambda store: store.get("a/b"),
    lambda store: store.head("a/b"),
    lambda store: list(store.iter_keys()),
    lambda store: store.delete("a/b"),
]
VERB_NAMES = ["put", "get", "head", "list", "delete"]
every_verb = pytest.mark.parametrize("verb", VERBS, ids=VERB_NAMES)


@contextmanager
def brief(store: S3Store) -> Iterator[S3Store]:
    """The same store under a deadline of well under a second."""
    hurried = S3Store(store.settings, BRIEF)
    yield hurried
    hurried.close()


@every_verb
def test_a_refused_connection_is_unavailable(
    behind: S3Store, proxy: FaultProxy, verb: Callable[[Store], object]
) -> None:
    proxy.faults.refuse = True
    with pytest.raises(StoreUnavailable):
        verb(behind)


@every_verb
def test_a_port_without_server_is_unavailable(verb: Callable[[Store], object]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        store = RcloneServer(closed.getsockname()[1]).store("lab")
        with pytest.raises(StoreUnavailable):
            verb(store)


@pytest.mark.timeout(90)
@every_verb
def test_a_hanging_server_holds_nobody_past_the_deadline(
    behind: S3Store, proxy: FaultProxy, verb: Callable[[Store], object]
) -> None:
    proxy.faults.hang = True
    with brief(behind) as store, pytest.raises(StoreUnavailable):
        verb(store)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("verb", [VERBS[1], VERBS[2], VERBS[3]], ids=["get", "head", "list"])
def test_an_answer_that_trickles_holds_nobody_past_the_deadline(
    behind: S3Store, proxy: FaultProxy, verb: Callable[[Store], object]
) -> None:
    behind.put("a/b", b"x" * 1000, PNG)
    behind.close()
    proxy.faults.trickle_s = 0.01
    with brief(behind) as store, pytest.raises(StoreUnavailable):
        verb(store)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("after", [0, 40, 400, 5_000])
def test_an_answer_that_stops_holds_nobody_past_the_deadline(
    behind: S3Store, proxy: FaultProxy, after: int
) -> None:
    behind.put("a/b", b"x" * 10_000, PNG)
    behind.close()
    proxy.faults.freeze_down_after = after
    with brief(behind) as store, pytest.raises(StoreUnavailable):
        store.get("a/b")


@pytest.mark.timeout(90)
def test_a_server_that_takes_no_bytes_holds_nobody_past_the_deadline(behind: S3Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings = replace(behind.settings, endpoint=f"http://127.0.0.1:{deaf.getsockname()[1]}")
        with pytest.raises(StoreUnavailable):
            S3Store(settings, BRIEF).put("a/b", b"x" * 30_000_000, PNG)


@pytest.mark.timeout(90)
def test_a_resolver_without_answer_holds_nobody_past_the_deadline(
    behind: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, real = threading.Event(), socket.getaddrinfo

    def never(host: str, *arguments: Any, **options: Any) -> Any:
        if host == "store.example":  # threads of earlier tests may ask for others
            answered.wait()
        return real(host, *arguments, **options) if host != "store.example" else []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    store = S3Store(replace(behind.settings, endpoint="http://store.example:9000"), BRIEF)
    try:
        with pytest.raises(StoreUnavailable):
            store.get("a/b")
    finally:
        answered.set()


def test_a_slow_network_is_only_slow(behind: S3Store, proxy: FaultProxy) -> None:
    proxy.faults.latency_s = 0.02
    behind.put("a/b", b"x" * 100_000, PNG)
    assert behind.get("a/b") == b"x" * 100_000


@pytest.mark.parametrize("after", [0, 1, 100, 600, 20_000, 99_000])
def test_a_cut_upload_leaves_the_old_object(
    behind: S3Store, rclone_store: S3Store, proxy: FaultProxy, after: int
) -> None:
    rclone_store.put("a/b", b"old", PNG)
    proxy.faults.cut_up_after = after
    with pytest.raises(StoreUnavailable):
        behind.put("a/b", b"n" * 100_000, PNG)
    assert rclone_store.get("a/b") == b"old"
    proxy.faults.cut_up_after = None
    behind.put("a/b", b"n" * 100_000, PNG)
    assert rclone_store.get("a/b") == b"n" * 100_000


def test_a_cut_upload_of_a_new_key_is_invisible(
    behind: S3Store, rclone_store: S3Store, proxy: FaultProxy
) -> None:
    proxy.faults.cut_up_after = 50_000
    with pytest.raises(StoreUnavailable):
        behind.put("a/b", b"n" * 100_000, PNG)
    assert list(rclone_store.iter_keys()) == []


@pytest.mark.parametrize("after", [0, 1, 15, 100, 300, 5_000, 19_000])
def test_a_cut_download_never_passes_for_the_whole(
    behind: S3Store, proxy: FaultProxy, after: int
) -> None:
    behind.put("a/b", secrets.token_bytes(20_000), PNG)
    behind.close()
    proxy.faults.cut_down_after = after
    with pytest.raises(StoreUnavailable):
        behind.get("a/b")


def test_a_listing_cut_at_its_second_page_does_not_pass_for_the_end(
    behind: S3Store, rclone_server: RcloneServer, rclone_store: S3Store, proxy: FaultProxy
) -> None:
    folder = rclone_server.root / rclone_store.settings.bucket / "many"
    folder.mkdir()
    for number in range(1100):
        (folder / f"{number:05d}.json").write_bytes(b"{}")
    listing = behind.iter_keys("many/")
    first = [next(listing) for _ in range(1000)]
    assert first == sorted(first)
    behind.close()
    proxy.faults.cut_down_after = 2_000
    with pytest.raises(StoreUnavailable):
        list(listing)
    proxy.faults.cut_down_after = None
    assert len(list(behind.iter_keys("many/", first[-1]))) == 100


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_short_burst_of_failures_is_ridden_out(
    behind: S3Store, proxy: FaultProxy, status: int
) -> None:
    proxy.faults.status = status
    proxy.faults.answers = 2
    behind.put("a/b", b"x", PNG)
    assert behind.get("a/b") == b"x"


@pytest.mark.parametrize(
    ("status", "verb"),
    [*((503, verb) for verb in VERBS), *((status, VERBS[1]) for status in (429, 500, 504, 599))],
    ids=[*VERB_NAMES, "429", "500", "504", "599"],
)
def test_lasting_failure_is_unavailable_and_never_stormed(
    behind: S3Store, proxy: FaultProxy, status: int, verb: Callable[[Store], object]
) -> None:
    proxy.faults.status = status
    proxy.faults.answers = 1000
    with pytest.raises(StoreUnavailable):
        verb(behind)
    assert 1000 - proxy.faults.answers <= QUICK.attempts


def test_a_proxy_that_answers_html_is_unavailable(behind: S3Store, proxy: FaultProxy) -> None:
    proxy.faults.status, proxy.faults.answers = 502, 1000
    proxy.faults.content_type, proxy.faults.body = "text/html", "<html>Bad Gateway</html>"
    with pytest.raises(StoreUnavailable):
        behind.get("a/b")


def test_retry_after_longer_than_the_call_ends_it_at_once(
    behind: S3Store, proxy: FaultProxy
) -> None:
    proxy.faults.headers, proxy.faults.answers = "Retry-After: 9\r\n", 1000
    store = S3Store(behind.settings, replace(behind.limits, total_s=8.0))
    with pytest.raises(StoreUnavailable):
        store.get("a/b")
    assert proxy.faults.answers >= 999


def test_a_flipped_byte_is_caught_by_the_verified_read(behind: S3Store, proxy: FaultProxy) -> None:
    sha256 = behind.put("a/b", b"x" * 10_000, PNG)
    behind.close()
    proxy.faults.flip_down_at = 5_000
    assert behind.get("a/b") != b"x" * 10_000  # no store notices by itself
    behind.close()
    with pytest.raises(StoreCorrupt):
        read_verified_fresh(behind, "a/b", sha256)


def read_verified_fresh(store: S3Store, key: str, sha256: str) -> bytes:
    """Each read on a connection of its own, for the fault counts bytes per connection."""

    class Fresh:
        name = store.name

        def get(self, wanted: str) -> bytes:
            store.close()
            return store.get(wanted)

    return read_verified(Fresh(), key, sha256)


def test_a_byte_flipped_once_is_cured_by_reading_again(behind: S3Store, proxy: FaultProxy) -> None:
    sha256 = behind.put("a/b", b"x" * 10_000, PNG)
    behind.close()
    proxy.faults.flip_down_at = 5_000
    assert read_verified(behind, "a/b", sha256) == b"x" * 10_000  # the second read is further on


def test_the_store_works_again_when_the_fault_is_over(behind: S3Store, proxy: FaultProxy) -> None:
    for fault in ("refuse", "hang"):
        setattr(proxy.faults, fault, True)
        with brief(behind) as store, pytest.raises(StoreUnavailable):
            store.put("a/b", b"x", PNG)
        setattr(proxy.faults, fault, False)
    behind.put("a/b", b"x", PNG)
    assert behind.get("a/b") == b"x"


def write_until(stop: threading.Event, store: Store, worker: int, done: dict[str, bytes]) -> None:
    """Put one key after the other and note those that were acknowledged."""
    number = 0
    while not stop.is_set():
        number += 1
        key, data = f"w{worker}/{number:05d}", secrets.token_bytes(3_000)
        try:
            store.put(key, data, PNG)
        except StoreUnavailable:
            continue
        done[key] = data


def test_what_was_acknowledged_survives_kill_9_under_load(tmp_path: Path) -> None:
    with rclone(tmp_path) as server:
        store = server.new_store()
        stop = threading.Event()
        done: dict[str, bytes] = {}
        writers = [
            threading.Thread(target=write_until, args=(stop, store, n, done)) for n in range(4)
        ]
        for writer in writers:
            writer.start()
        try:
            for killings in range(3):
                while len(done) < 40 * (killings + 1):
                    stop.wait(0.005)
                server.kill()
                server.start()
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        assert {key for key, data in done.items() if store.get(key) != data} == set()
        assert done.keys() <= set(store.iter_keys())
        store.close()


@pytest.mark.timeout(90)
def test_a_frozen_server_is_unavailable_and_thaws(tmp_path: Path) -> None:
    with rclone(tmp_path) as server:
        store = server.new_store()
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        with brief(store) as hurried, pytest.raises(StoreUnavailable):
            hurried.put("a/late", b"x", PNG)  # it may still arrive, once the server thaws
        server.process.send_signal(signal.SIGCONT)
        store.put("a/b", b"y", PNG)
        assert store.get("a/b") == b"y"
        store.close()


def test_a_missing_bucket_is_no_missing_key(rclone_server: RcloneServer) -> None:
    store = rclone_server.store("lab-never-made")
    for verb in VERBS[:4]:
        with pytest.raises(StoreError) as caught:
            verb(store)
        assert not isinstance(caught.value, KeyNotFound)
        assert caught.value.code == "store-bucket-missing"
    store.close()
