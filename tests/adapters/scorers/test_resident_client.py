"""Scores from the resident process: batches, what it knows already, and deaths of it."""

import io
import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from darkroom.adapters.processes import started_at
from darkroom.adapters.scorers import resident_client, resident_ledger, resident_process
from darkroom.adapters.scorers.lite.scorer import LiteScorer
from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_blame import DECODING, Blame
from darkroom.adapters.scorers.resident_client import (
    ImageToScore,
    ScoringClient,
    ScoringPlace,
    image_of,
)
from darkroom.adapters.scorers.resident_frames import Message, receive
from darkroom.adapters.scorers.resident_process import Conversation, ResidentProcess
from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.errors import OutsideError, StoreUnavailable
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score
from tests.fakes import scripted_scorers as scripted
from tests.fakes.image_files import gradient
from tests.fakes.until import until

ROOT = Path(__file__).parents[3]
MakeClient = Callable[..., ScoringClient]


def _specs(*names: str) -> tuple[MetricSpec, ...]:
    table = metric_table()
    found = [table.find(name, "lite") for name in names or ("soft", "noise")]
    return tuple(spec for spec in found if spec)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[ScoringPlace]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "weights").mkdir()
    place = ScoringPlace(
        tmp_path / "scoring",
        tmp_path / "weights",
        "cpu",
        idle_s=30.0,
        scorers="tests.fakes.scripted_scorers:openings",
    )
    yield place
    ResidentProcess(place).stop()


def _png(first: int, seed: int = 0, side: int = 24) -> bytes:
    rgb = np.random.default_rng(seed).integers(0, 250, (side, side, 3)).astype(np.uint8)
    rgb[0, 0, 0] = first
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


def _log(place: ScoringPlace) -> list[tuple[str, int, int]]:
    lines = (place.weights / "measured.log").read_text().splitlines()
    return [(name, int(count), int(pid)) for name, count, pid in map(str.split, lines)]


def _raws(rows: list[list[Score]]) -> list[list[float | None]]:
    return [[score.raw for score in row] for row in rows]


def _expected(data: bytes) -> float:
    with Image.open(io.BytesIO(data)) as image:
        return float(np.asarray(image)[..., 0].mean()) / 255


def test_scores_come_in_the_order_of_images_and_metrics(place: ScoringPlace) -> None:
    files = [_png(0, seed) for seed in range(40)]
    with ScoringClient(place, _specs()) as client:
        rows = client.score_images(image_of(data) for data in files)
    assert [[score.metric for score in row] for row in rows] == [["soft", "noise"]] * 40
    assert _raws(rows) == [[pytest.approx(_expected(data))] * 2 for data in files]


def test_pictures_that_wait_are_measured_together(
    place: ScoringPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, decoding = Blame.begun, set[int]()

    def heard(blame: Blame, work: Sequence[int], step: str) -> None:
        begun(blame, work, step)
        if step == DECODING:
            decoding.update(work)
        if len(decoding) > 9:  # no more than two of them at a time: the others wait
            (place.weights / "go").touch()

    monkeypatch.setattr(Blame, "begun", heard)
    files = [_png(0 if seed else scripted.HELD, seed) for seed in range(16)]
    with ScoringClient(place, _specs("soft")) as client:
        rows = client.score_images(image_of(data) for data in files)
    assert _raws(rows) == [[pytest.approx(_expected(data))] for data in files]
    assert max(count for _, count, _ in _log(place)) > 1, "nothing was ever batched"


def test_decoded_pictures_are_scored_alike(place: ScoringPlace) -> None:
    data = _png(7)
    with Image.open(io.BytesIO(data)) as image:
        picture = Picture(np.asarray(image), "0" * 64)
    with ScoringClient(place, _specs()) as client:
        assert _raws(client.score([picture])) == _raws(client.score_images([image_of(data)]))


def test_what_was_measured_before_touches_neither_image_nor_process(place: ScoringPlace) -> None:
    image = image_of(_png(1))
    with ScoringClient(place, _specs()) as client:
        first = client.score_images([image])
    assert ResidentProcess(place).stop(60.0)

    with ScoringClient(place, _specs()) as client:
        again = client.score_images([ImageToScore(image.sha256, lambda: pytest.fail("read again"))])
    assert again == first
    assert not ResidentProcess(place).stop(), "a process was started for nothing"


def test_only_the_metric_that_is_new_is_measured(place: ScoringPlace) -> None:
    image = image_of(_png(1))
    with ScoringClient(place, _specs("soft")) as client:
        client.score_images([image])
    with ScoringClient(place, _specs("soft", "noise")) as client:
        client.score_images([image])
    assert [name for name, _, _ in _log(place)] == ["soft", "noise"]


def test_another_calibration_measures_nothing_again(place: ScoringPlace) -> None:
    image = image_of(_png(1))
    [spec] = _specs("soft")
    other = spec.normalisation.model_copy(
        update={"calibration": "mine", "anchors": ((0.0, 10.0), (2.0, 0.0))}
    )
    with ScoringClient(place, [spec]) as client:
        [[first]] = client.score_images([image])
    with ScoringClient(place, [spec.model_copy(update={"normalisation": other})]) as client:
        [[second]] = client.score_images([image])
    assert len(_log(place)) == 1
    assert (second.raw, second.calibration) == (first.raw, "mine")
    assert second.normalised != first.normalised


def test_a_file_that_is_no_image_is_null_with_the_reason(place: ScoringPlace) -> None:
    with ScoringClient(place, _specs()) as client:
        bad, good = client.score_images([image_of(b"no image at all"), image_of(_png(1))])
    assert {score.reason for score in bad} == {bad[0].reason}
    assert "image-format" in (bad[0].reason or "")
    assert all(score.raw is not None for score in good)


def test_bytes_of_another_image_are_not_taken(place: ScoringPlace) -> None:
    image = ImageToScore("a" * 64, lambda: _png(1))
    with ScoringClient(place, _specs("soft")) as client:
        [[score]] = client.score_images([image])
        assert score.reason == "the bytes are not those of the digest they came with"
        [[right]] = client.score_images([image_of(_png(1))])
    assert right.raw is not None


def test_a_batch_survives_the_death_of_the_process_in_its_middle(place: ScoringPlace) -> None:
    # more than a batch: it has told the first, and hangs at the last, when it is killed
    files = [_png(scripted.HANGS_ONCE if seed == 11 else 0, seed) for seed in range(12)]
    killed: list[int] = []

    def kill(_number: int, _scores: list[Score]) -> None:
        if not killed:
            until((place.weights / "hung").exists)
            killed.append(_log(place)[-1][2])
            os.kill(killed[0], signal.SIGKILL)

    with ScoringClient(place, _specs("soft")) as client:
        rows = client.score_images([image_of(data) for data in files], kill)
    assert _raws(rows) == [[pytest.approx(_expected(data))] for data in files]
    assert len({pid for _, _, pid in _log(place)}) == 2


def test_a_picture_that_kills_twice_is_put_aside_and_the_others_are_scored(
    place: ScoringPlace,
) -> None:
    files = [_png(scripted.KILLS if seed == 3 else 0, seed) for seed in range(8)]
    images = [image_of(data) for data in files]
    with ScoringClient(place, _specs()) as client:
        rows = client.score_images(images)
    assert "died twice" in (rows[3][1].reason or "")
    assert rows[3][0].raw is not None, "the metric that did not kill was lost"
    others = [row for number, row in enumerate(rows) if number != 3]
    assert all(score.raw is not None for row in others for score in row)
    measured_so_far = len(_log(place))
    with ScoringClient(place, _specs()) as client:
        assert client.score_images(images) == rows
    assert len(_log(place)) == measured_so_far, "a picture put aside was tried again"


def test_a_picture_that_kills_once_is_scored_the_second_time(place: ScoringPlace) -> None:
    files = [_png(scripted.KILLS_ONCE if seed == 2 else 0, seed) for seed in range(6)]
    with ScoringClient(place, _specs("soft")) as client:
        rows = client.score_images([image_of(data) for data in files])
    assert all(row[0].raw is not None for row in rows)


def test_a_metric_that_cannot_be_opened_alive_is_given_up(place: ScoringPlace) -> None:
    deadly = replace(place, scorers="tests.fakes.scripted_scorers:deadly_openings")
    with ScoringClient(deadly, _specs()) as client:
        rows = client.score_images([image_of(_png(0, seed)) for seed in range(3)])
    ResidentProcess(deadly).stop()
    assert all("while opening" in (soft.reason or "") for soft, _ in rows)
    assert all(noise.raw is not None for _, noise in rows)


def test_a_process_that_never_comes_up_is_an_error_with_its_last_words(place: ScoringPlace) -> None:
    broken = ScoringPlace(place.folder, place.weights, scorers="tests.fakes.nothing:at_all")
    with ScoringClient(broken, _specs()) as client, pytest.raises(OutsideError) as failed:
        client.score_images([image_of(_png(0))])
    assert failed.value.code == "scoring-not-started"
    assert "tests.fakes.nothing" in failed.value.message


def test_a_picture_too_large_for_a_batch_is_measured_alone(place: ScoringPlace) -> None:
    files = [_png(scripted.TOO_LARGE, 1), *(_png(0, seed) for seed in range(2, 7))]
    with ScoringClient(place, _specs("soft")) as client:
        rows = client.score_images([image_of(data) for data in files])
    assert _raws(rows) == [[pytest.approx(_expected(data))] for data in files]


def test_a_picture_too_large_even_alone_is_null_for_now(place: ScoringPlace) -> None:
    image = image_of(_png(scripted.TOO_LARGE, 1))
    with ScoringClient(place, _specs()) as client:
        [[soft, noise]] = client.score_images([image])
        assert soft.raw is not None
        assert "memory" in (noise.reason or "")
        before = len(_log(place))
        client.score_images([image])
        client.score_images([image])
    assert len(_log(place)) == before, "the metric that had succeeded was measured again"


def test_a_fault_of_ours_in_a_scorer_is_a_reason_for_now_and_no_death(place: ScoringPlace) -> None:
    image = image_of(_png(scripted.SPOILT))
    with ScoringClient(place, _specs("soft")) as client:
        for _ in range(2):
            [[score]] = client.score_images([image])
            assert "embedding-weights-damaged" in (score.reason or "")
    assert len({pid for _, _, pid in _log(place)}) == 1
    assert len(_log(place)) == 2, "a passing reason was kept"


def test_a_process_that_died_between_two_questions_is_replaced(place: ScoringPlace) -> None:
    with ScoringClient(place, _specs("soft")) as client:
        client.score_images([image_of(_png(0, 1))])
        pid = _log(place)[-1][2]
        os.kill(pid, signal.SIGKILL)
        while started_at(pid) is not None:
            pass
        files = [_png(0, seed) for seed in range(2, 6)]
        rows = client.score_images([image_of(data) for data in files])
    assert _raws(rows) == [[pytest.approx(_expected(data))] for data in files]


def test_a_process_that_says_nothing_any_more_is_killed_and_replaced(
    place: ScoringPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung, kill = place.weights / "hung", Conversation.kill
    killed, patience_s = list[int](), list[float | None]()

    def heard(sock: socket.socket) -> Message:
        """Impatient only with the one that is known to hang."""
        patience_s.append(sock.gettimeout())
        while not killed and not select.select([sock], [], [], 0.05)[0]:
            if hung.exists():
                sock.settimeout(0.05)
                break
        return receive(sock)

    def killing(talk: Conversation) -> None:
        killed.append(talk.pid)
        kill(talk)

    monkeypatch.setattr(resident_client, "receive", heard)
    monkeypatch.setattr(Conversation, "kill", killing)
    with ScoringClient(place, _specs("soft")) as client:
        [[score]] = client.score_images([image_of(_png(scripted.HANGS_ONCE))])
    assert score.raw is not None
    first, second = (pid for _, _, pid in _log(place))
    assert first == killed[0] != second
    assert patience_s[0] == resident_process.SILENT_S


def test_a_picture_put_aside_is_tried_again_by_other_code(
    place: ScoringPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = image_of(_png(scripted.KILLS))
    with ScoringClient(place, _specs("noise")) as client:
        [[score]] = client.score_images([image])
    assert "died twice" in (score.reason or "")
    before = len(_log(place))
    monkeypatch.setattr(resident_ledger, "code_stamp", lambda: "another")
    with ScoringClient(place, _specs("noise")) as client:
        client.score_images([image])
    assert len(_log(place)) > before


def test_a_process_that_dies_at_every_greeting_is_an_error(place: ScoringPlace) -> None:
    broken = replace(place, scorers="tests.fakes.scripted_scorers:no_openings")
    with ScoringClient(broken, _specs()) as client, pytest.raises(OutsideError) as failed:
        client.score_images([image_of(_png(0))])
    assert failed.value.code == "scoring-not-started"


def test_an_error_of_the_store_passes_on_and_the_client_stays_usable(place: ScoringPlace) -> None:
    def away() -> bytes:
        raise StoreUnavailable("store-unavailable", "is away")

    images = [image_of(_png(0, 1)), ImageToScore("b" * 64, away)]
    with ScoringClient(place, _specs("soft")) as client:
        with pytest.raises(StoreUnavailable):
            client.score_images(images)
        assert client.score_images(images[:1])[0][0].raw is not None


def test_clients_of_several_threads_share_one_process(place: ScoringPlace) -> None:
    files = [_png(0, seed) for seed in range(30)]
    rows: dict[int, list[list[Score]]] = {}

    def work(number: int) -> None:
        with ScoringClient(place, _specs("soft")) as client:
            rows[number] = client.score_images(image_of(data) for data in files[number::3])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(3):
        assert _raws(rows[number]) == [[pytest.approx(_expected(d))] for d in files[number::3]]
    assert len({pid for _, _, pid in _log(place)}) == 1


def test_a_process_of_another_installation_is_replaced(
    place: ScoringPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScoringClient(place, _specs("soft")) as client:
        client.score_images([image_of(_png(0))])
    other = ScoringPlace(place.folder, place.weights / "..", "cpu", scorers=place.scorers)
    (other.weights / "measured.log").touch()
    with ScoringClient(other, _specs("soft")) as client:
        client.score_images([image_of(_png(1))])
    ResidentProcess(other).stop()
    assert _log(place)[0][2] != _log(other)[0][2]


def test_the_process_ends_itself_when_nobody_wants_anything(
    place: ScoringPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # on a slow machine it may do so between a greeting and a question, many times
    monkeypatch.setattr(resident_client, "MAX_FRUITLESS", 10**6)
    brief = replace(place, idle_s=0.2)
    with ScoringClient(brief, _specs("soft")) as client:
        client.score_images([image_of(_png(0))])
        pid = _log(place)[-1][2]
        while started_at(pid) is not None:
            pass
        assert client.score_images([image_of(_png(1))])[0][0].raw is not None


def test_only_the_owner_can_reach_the_process(place: ScoringPlace) -> None:
    with ScoringClient(place, _specs("soft")) as client:
        client.score_images([image_of(_png(0))])
    assert (place.folder / "cpu.sock").stat().st_mode & 0o777 == 0o600
    assert place.folder.stat().st_mode & 0o777 == 0o700


def test_the_lite_tier_is_measured_over_there_as_it_is_here(place: ScoringPlace) -> None:
    real = ScoringPlace(place.folder, place.weights, "cpu", idle_s=30.0)
    specs = metric_table().in_tier("lite")
    picture = Picture(gradient(320, 256), "0" * 64, "a red circle")
    with ScoringClient(real, specs) as client:
        there = client.score([picture])
        known = client.score([picture])
    ResidentProcess(real).stop()
    here = LiteScorer(specs).score([picture])
    assert [s.model_dump(exclude={"ms"}) for s in there[0]] == [
        s.model_dump(exclude={"ms"}) for s in here[0]
    ]
    assert any(score.raw is not None for score in there[0])
    assert known == there
