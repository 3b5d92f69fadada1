"""Frames and rows for Python users."""

from pathlib import Path
from threading import Timer
from types import SimpleNamespace

import pytest

from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse import asking
from darkroom.adapters.warehouse.opening import Limits
from darkroom.adapters.warehouse.statements import query_names
from darkroom.archive import syncing
from darkroom.archive.querying import ask, connect, frame, frame_of_sql, frame_with, rows
from darkroom.archive.querying_output import plain_rows
from darkroom.archive.querying_status import quarantine, status
from darkroom.core.errors import OutsideError, UsageError
from tests.fakes.archives import Archive


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = open_lab(environ={}, cwd=tmp_path)
    archive = Archive(FolderStore(lab.store_root))
    archive.image(1, parameters__seed=2**64 - 1, parameters__steps=20)
    archive.image(2, parameters__seed=None, parameters__steps=30)
    syncing.sync(lab)
    return lab


def test_a_named_query_gives_a_frame(lab: Lab) -> None:
    assert frame("warehouse/status", lab=lab)["images"].tolist() == [2]
    assert frame_with("warehouse/quarantine", {"limit": 1}, lab=lab).empty
    assert rows("warehouse/status", lab=lab)[0]["documents"] == 2


def test_a_query_over_selected_images_takes_the_filters_of_a_search(lab: Lab) -> None:
    every = {"tests": "include"}
    assert sorted(frame("search", lab=lab, **every)["iteration"]) == [1, 2]
    assert frame("search", lab=lab, steps="25..35", **every)["iteration"].tolist() == [2]
    assert frame_with("stats", {"steps": "20", **every}, lab=lab)["image_count"].tolist() == [1]
    assert [row["iteration"] for row in rows("selected", lab=lab, steps=30, **every)] == [2]
    with pytest.raises(UsageError) as caught:
        frame("stats", lab=lab, nothing=1)
    assert caught.value.code == "selection-invalid"
    of_users = [name for name in query_names() if "/" not in name]
    assert all(list(frame(name, lab=lab).columns) for name in of_users)


def test_seeds_with_gaps_keep_their_digits_in_a_frame(lab: Lab) -> None:
    found = frame_of_sql("SELECT seed, steps FROM image ORDER BY iteration", lab=lab)
    assert found["seed"].tolist()[0] == 2**64 - 1
    assert str(found["seed"].dtype) == "UInt64"
    assert str(found["steps"].dtype) == "int32"
    assert plain_rows(found.to_dict("records")) == [
        {"seed": 2**64 - 1, "steps": 20},
        {"seed": None, "steps": 30},
    ]


def test_the_laboratory_of_the_environment_is_asked_where_none_is_given(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(lab.home))
    assert rows("warehouse/status")[0]["images"] == 2


class Insisting(Timer):
    """Says it again and again: DuckDB forgets what it was told before a statement began."""

    def run(self) -> None:
        while not self.finished.wait(self.interval):
            self.function()


def test_an_open_connection_speaks_our_errors(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as caught, connect(lab) as connection:
        connection.execute("SELECT nothing")
    assert caught.value.code == "sql-failed"
    monkeypatch.setattr(asking, "threading", SimpleNamespace(Timer=Insisting))
    endless = "SELECT sum(a.range * b.range) FROM range(9999999) a, range(9999999) b"
    with pytest.raises(OutsideError) as late, connect(lab, Limits(time_s=0.1)) as connection:
        connection.execute(endless).fetchall()
    assert late.value.code == "sql-timeout"


def test_an_answer_is_read_batch_by_batch(lab: Lab) -> None:
    with ask("SELECT range AS n FROM range(25000)", lab=lab) as answer:
        assert answer.columns == ("n",)
        assert [row["n"] for row in answer.rows()][-1] == 24999


def test_status_and_quarantine_are_records(lab: Lab) -> None:
    found = status(lab)
    assert (found.images, found.documents, found.failed_checks) == (2, 2, ())
    assert found.synced_at.tzinfo is not None
    assert quarantine(lab) == ()
