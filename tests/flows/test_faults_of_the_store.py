"""The store fails in every way of the failure matrix, on a real S3 server behind a bad network.

The numbers are rows of the matrix in the reliability notes. Whatever goes wrong begins with
the first drawing, so that the run has an image in its hands that the store cannot take.
"""

import secrets
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from darkroom.adapters.stores import s3
from darkroom.adapters.stores.bounds import Limits
from darkroom.core.errors import (
    DarkroomError,
    StoreCorrupt,
    StoreDenied,
    StoreFull,
    StoreUnavailable,
)
from darkroom.runs.telling import Drew, Event, heard_by
from tasks import patience
from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.fault_proxy import FaultProxy, Faults
from tests.fakes.s3_servers import QUICK, RcloneServer, rclone
from tests.flows.fault_scenes import Bench

pytestmark = pytest.mark.slow
PATIENCE = replace(QUICK, circuit_after=5)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Generator[RcloneServer]:
    with rclone(tmp_path_factory.mktemp("s3")) as running:
        yield running


def hurry(limits: Limits) -> None:
    """From now on, in the middle of a run: what it did before may take its time."""
    for name, value in {"read_s": 1.0, "total_s": 2.5}.items():
        object.__setattr__(limits, name, value)


@dataclass
class Stored:
    """A bench whose store is a bucket behind a proxy."""

    bench: Bench
    proxy: FaultProxy
    folder: Path
    """The bucket, as the server keeps it on disk."""
    limits: Limits = field(default_factory=lambda: replace(PATIENCE))
    """Of the stores that are opened from now on."""

    def when_drawing(self, *faults: dict[str, object]) -> None:
        """With each drawing the next faults begin; the last drawing's stay."""
        waiting = [Faults(**each) for each in faults]

        def work(comfy: ComfyServer, job: Job) -> None:
            if waiting:
                self.proxy.faults = waiting.pop(0)
                if self.proxy.faults.hang:  # it is waited for at many steps of the run
                    hurry(self.limits)
                self.proxy.hang_up()
            draw(comfy, job)

        self.bench.comfy.work = work

    def heal(self) -> None:
        self.limits = replace(PATIENCE)
        self.proxy.faults = Faults()
        self.proxy.hang_up()
        self.bench.comfy.work = draw

    @property
    def images(self) -> dict[str, bytes]:
        found = self.folder.glob("demo/working/*/images/*.png")
        return {path.name: path.read_bytes() for path in found}

    @property
    def spooled(self) -> list[Path]:
        found = (self.bench.home / ".darkroom/spool").rglob("[!.]*")
        return [path for path in found if path.is_file()]

    def ends_well(self) -> None:
        """The same command, with nothing wrong any more: one run, whole, drawn once."""
        self.heal()
        report = self.bench.run()
        assert report.status == "accepted"
        assert len({line.image_key for line in report.iterations}) == 3
        assert len(self.bench.drawn) == len(set(self.bench.drawn)) == 3
        assert len(list(self.folder.glob("demo/working/*/run.json"))) == 1
        assert len(list(self.folder.glob("demo/working/*/images/*.png.json"))) == 3


@pytest.fixture
def stored(bench: Bench, server: RcloneServer, monkeypatch) -> Generator[Stored]:
    bucket = f"lab-{secrets.token_hex(6)}"
    server.store(bucket).create_bucket()
    with FaultProxy(server.port) as proxy:
        bench.on_s3(server, bucket, proxy.port)
        made = Stored(bench, proxy, server.root / bucket)
        monkeypatch.setattr(s3, "Limits", lambda: made.limits)
        yield made


AWAY = [
    pytest.param({"refuse": True}, id="down"),  # row 16
    pytest.param({"hang": True}, id="hangs"),  # row 18
    pytest.param({"answers": 10_000}, id="503-without-end"),  # row 19
    pytest.param({"cut_up_after": 300}, id="every-upload-cut"),  # row 24
]


@pytest.mark.parametrize("fault", AWAY)
def test_a_store_that_goes_away_stops_the_run_open_and_loses_nothing(stored: Stored, fault):
    stored.when_drawing(fault)
    with pytest.raises(StoreUnavailable):
        stored.bench.run()
    assert len(stored.bench.drawn) == 1
    stored.ends_well()


def test_an_image_the_store_cannot_take_waits_on_this_machine(stored: Stored):  # row 16
    stored.when_drawing({"dies_at": b"PUT /"})
    with pytest.raises(StoreUnavailable):
        stored.bench.run()
    assert stored.spooled
    assert stored.images == {}
    stored.bench.comfy.restart()  # its memory is not needed any more
    stored.ends_well()
    assert stored.spooled == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"latency_s": 0.03}, id="slow"),  # row 17
        pytest.param({"answers": 2, "status": 503}, id="a-burst-of-503"),  # row 19
        pytest.param({"answers": 2, "status": 429}, id="a-burst-of-429"),  # row 19
    ],
)
def test_a_store_in_trouble_for_a_moment_costs_the_run_nothing(stored: Stored, fault):
    stored.when_drawing(fault)
    assert stored.bench.run().status == "accepted"
    assert len(stored.bench.drawn) == len(stored.images) == 3


def test_a_store_that_is_away_at_the_beginning_is_waited_for_where_nobody_looks_on(
    stored: Stored, monkeypatch
):
    failures, may_pass = [], patience.may_pass

    def heals(*failed):
        failures.append(failed[0].name)
        stored.heal()
        return may_pass(*failed)

    monkeypatch.setattr(patience, "is_watched", lambda: False)
    monkeypatch.setattr(patience, "may_pass", heals)
    stored.proxy.faults = Faults(refuse=True)
    assert stored.bench.run().status == "accepted"
    assert failures == ["reconcile"]
    assert len(stored.bench.drawn) == len(stored.images) == 3


def test_retries_never_storm_a_store_that_is_away(stored: Stored):  # row 19, I8
    stored.limits = replace(PATIENCE, retries_per_s=5.0)
    stored.when_drawing({"answers": 10_000})
    before, began = stored.proxy.connections, time.monotonic()
    with pytest.raises(StoreUnavailable):
        stored.bench.run()
    took_s = time.monotonic() - began
    healthy = 40  # what the run asked before the first drawing
    assert stored.proxy.connections - before <= healthy + 5 * took_s + 20


FULL = {
    "answers": 10_000,
    "status": 507,
    "body": "<Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>",
}


def test_a_full_store_stops_the_run_and_keeps_what_was_drawn(stored: Stored):  # row 20
    stored.when_drawing(FULL)
    with pytest.raises((StoreFull, StoreUnavailable)) as caught:
        stored.bench.run()
    assert "full" in str(caught.value.message).lower()
    assert len(stored.bench.drawn) == 1
    stored.ends_well()


def test_a_key_that_was_changed_stops_the_run_and_names_the_variable(stored: Stored):  # row 21
    bench, right = stored.bench, stored.bench.secrets["DARKROOM_S3_SECRET_KEY"]
    bench.setenv("DARKROOM_S3_SECRET_KEY", "canary-wrong-0123456789")
    with pytest.raises(StoreDenied) as caught:
        bench.run()
    said = f"{caught.value.message} {caught.value.hint}"
    assert "DARKROOM_S3_SECRET_KEY" in said
    assert "canary-wrong" not in said
    assert bench.drawn == []
    bench.setenv("DARKROOM_S3_SECRET_KEY", right)
    stored.ends_well()


SKEWED = {
    "answers": 10_000,
    "status": 403,
    "headers": "Date: Sat, 01 Jan 2022 00:00:00 GMT\r\n",
    "body": "<Error><Code>RequestTimeTooSkewed</Code><Message>skew</Message></Error>",
}


def test_a_clock_that_is_wrong_is_said_with_the_minutes_and_not_tried_again(stored):  # row 22
    stored.when_drawing(SKEWED)
    with pytest.raises(DarkroomError, match="clock") as caught:
        stored.bench.run()
    assert "min" in caught.value.message
    assert len(stored.bench.drawn) == 1
    stored.ends_well()


def test_bytes_that_change_in_the_store_are_judged_by_nobody(stored: Stored):  # row 23
    def rots(event: Event) -> None:
        for path in stored.folder.glob("demo/working/*/images/*.png"):
            if isinstance(event, Drew):
                data = bytearray(path.read_bytes())
                data[-20] ^= 0xFF
                path.write_bytes(bytes(data))

    with heard_by(rots), pytest.raises(StoreCorrupt, match="sha256"):
        stored.bench.run()
    assert stored.bench.eyes.verdicts == 0
    stored.ends_well()


def test_an_upload_that_is_cut_is_sent_again_whole(stored: Stored):  # row 24
    stored.when_drawing({"cut_up_after": 300, "cuts_up": 2})
    assert stored.bench.run().status == "accepted"
    assert stored.proxy.faults.cuts_up <= 0
    assert all(data.endswith(b"IEND\xaeB`\x82") for data in stored.images.values())


def test_no_secret_of_the_store_is_written_anywhere(stored: Stored):  # I7
    stored.when_drawing({"refuse": True})
    with pytest.raises(StoreUnavailable):
        stored.bench.run()
    stored.ends_well()
    secret = stored.bench.secrets["DARKROOM_S3_SECRET_KEY"].encode()
    texts = [path.read_bytes() for path in stored.bench.home.rglob("*") if path.is_file()]
    texts += [path.read_bytes() for path in stored.folder.rglob("*") if path.is_file()]
    assert not any(secret in text for text in texts)
