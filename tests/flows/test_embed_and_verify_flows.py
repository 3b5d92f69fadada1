"""The flows embed and verify under a real Prefect: a form, a table, a failure that is seen."""

from pathlib import Path
from typing import Any

import pytest

from darkroom.archive.embedding import Embedding
from darkroom.archive.embedding_params import EmbedOptions
from darkroom.archive.verifying import Verifying
from darkroom.archive.verifying_params import VerifyOptions
from darkroom.core.errors import DataError, StoreUnavailable
from flows import embed as embed_flow
from flows import verify as verify_flow
from tests.fakes.slots import Slots
from tests.fakes.stored_images import commit
from tests.flows.shown_artifacts import shown

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for number in range(1, 4):
        commit(tmp_path / "projects", number, side=8)
    return tmp_path / "projects"


def failing_once(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> None:
    real, calls = getattr(kind, name), []

    def method(self: Any, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise StoreUnavailable("store-unavailable", "not yet")
        return real(self, *arguments)

    monkeypatch.setattr(kind, name, method)


def test_images_get_their_vectors_and_a_store_that_comes_back_is_tried_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_once(monkeypatch, Embedding, "embed")
    monkeypatch.setattr(embed_flow.embed_group, "retry_delay_seconds", 0)
    options = EmbedOptions(model="shapeworld")
    assert embed_flow.embed(None, options).embedded == 3
    assert embed_flow.embed("generated", options).complete == 3


def test_a_store_that_is_in_order_is_said_to_be(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_once(monkeypatch, Verifying, "check")
    monkeypatch.setattr(verify_flow.verify_group, "retry_delay_seconds", 0)
    report = verify_flow.verify()
    assert (report.images, report.flaws) == (3, [])
    drawn = verify_flow.verify("generated", VerifyOptions(redraw=True, sample=1, host="nowhere"))
    assert drawn.outcomes == {"not_drawn": 1}
    assert "no host is called" in str(shown("redrawn-"))


def test_redrawing_asks_for_the_slot_of_its_server_once_for_images_in_a_row(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = Slots()
    monkeypatch.setattr("tasks.redraw_group.gpu_slot", slots)
    (root.parent / "darkroom.yaml").write_text("hosts: {attic: {url: 'http://127.0.0.1:9'}}\n")
    report = verify_flow.verify("generated", VerifyOptions(redraw=True, host="attic"))
    assert len(report.redrawn) == 3
    assert (slots.asked, slots.held) == (["attic"], [])


def test_damage_fails_the_flow_run_and_is_in_the_table(root: Path) -> None:
    (missing,) = root.rglob("iteration_002.png")
    missing.unlink()
    with pytest.raises(DataError) as caught:
        verify_flow.verify()
    assert caught.value.code == "store-damaged"
    assert "broken" in str(shown("verified-"))
