"""The flows `sync` and `query`, on a real Prefect server."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from darkroom.adapters.stores.folder import FolderStore
from darkroom.archive.querying_params import QueryParams
from darkroom.archive.syncing_params import SyncParams
from darkroom.core.errors import UsageError
from flows.query import query
from flows.sync import sync
from tests.fakes.archives import Archive
from tests.flows.shown_artifacts import shown


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None) -> Archive:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    return Archive(FolderStore(tmp_path / "projects"))


def test_a_question_gives_a_frame_and_leaves_a_table(archive: Archive) -> None:
    archive.image(1, parameters__seed=2**64 - 1, is_test=False)
    archive.image(2, parameters__seed=None, input__prompt="<b>it's; --</b>")
    assert sync().added == 2
    assert not sync(SyncParams()).is_new
    assert sync(SyncParams(rebuild=True)).rebuilt == "asked for"
    frame = query(sql="SELECT iteration, seed, prompt, rating FROM image ORDER BY iteration")
    assert frame["seed"].tolist()[0] == 2**64 - 1
    assert frame["seed"].isna().tolist() == [False, True]
    assert "18446744073709551615" in shown("answer")["answer"]
    assert query("warehouse/status")["images"].tolist() == [2]
    assert query()["image_count"].tolist() == [1]  # what a button without parameters asks


def test_a_question_that_changes_something_is_refused(archive: Archive) -> None:
    archive.image(1)
    sync()
    with pytest.raises(UsageError, match="changes something"):
        query(sql="DELETE FROM images")


@pytest.mark.parametrize(
    "wrong",
    [{}, {"name": "stats", "sql": "SELECT 1"}, {"sql": "SELECT 1", "parameters": {"a": 1}}],
)
def test_a_question_is_a_name_or_a_statement(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QueryParams.model_validate(wrong)
