"""Verifying and embedding over S3, and redrawing what was made from an image."""

from pathlib import Path

import pytest

from darkroom.archive.embedding import embed
from darkroom.archive.embedding_params import EmbedParams
from darkroom.archive.verifying import verify
from darkroom.archive.verifying_params import VerifyParams
from darkroom.archive.verifying_redraw import Redrawing
from darkroom.core.sidecar import read_any
from darkroom.writepath.batch import draw_batch
from tests.fakes.library import settle
from tests.fakes.s3_servers import rclone
from tests.fakes.stored_images import RUN, commit, png
from tests.writepath.scenes import KEYS, Scene, a_job


def test_a_bucket_is_verified_and_embedded_as_a_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(tmp_path, monkeypatch)
    (tmp_path / "s3").mkdir()
    with rclone(tmp_path / "s3") as server:
        server.store("lab").create_bucket()
        for number in range(1, 4):
            commit(tmp_path / "s3" / "lab", number, side=8)
        (tmp_path / f"s3/lab/generated/working/{RUN}/images/iteration_002.png").unlink()
        (tmp_path / "darkroom.yaml").write_text(
            f"store: {{kind: s3, endpoint: 'http://127.0.0.1:{server.port}', bucket: lab}}\n"
        )
        monkeypatch.setenv("DARKROOM_S3_ACCESS_KEY", server.access_key)
        monkeypatch.setenv("DARKROOM_S3_SECRET_KEY", server.secret_key)
        report = verify(VerifyParams())
        assert (report.images, report.counts) == (3, {"broken": 1})
        told = embed(EmbedParams(model="shapeworld"))
        assert (told.embedded, len(told.failed)) == (2, 1)


def test_what_was_made_from_an_image_is_redrawn_from_that_image(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    job = a_job(1, inputs={"input-1.png": png(5)})
    draw_batch([job], scene.desk(), scene.server)
    key = KEYS.image(1)
    store = scene.desk().store
    sidecar = read_any(store.get(f"{key}.json"), f"{key}.json").sidecar
    for path in (tmp_path / "server" / "inputs").iterdir():
        path.unlink()
    found = Redrawing(store, {"fake": scene.server}).redraw(key, sidecar)
    # the fake draws every difference of a graph, so also the mark against its cache
    assert (found.outcome, found.receipt) == ("differs", ())
    assert [path.read_bytes() for path in (tmp_path / "server" / "inputs").iterdir()] == [png(5)]
