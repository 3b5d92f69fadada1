"""The flow `patterns`: looks, tries what it found, and looks again."""

from pathlib import Path

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores import FolderStore
from darkroom.archive.patterns.asking import read_trials
from darkroom.archive.patterns.params import PatternsOptions
from flows.patterns import patterns
from tests.fakes.comfy_server import ComfyServer, Job, draw
from tests.fakes.failing_cats import cats_and_dogs, laboratory
from tests.fakes.slots import Slots

ASKED = PatternsOptions(min_occurrences=6, images=1)


def test_it_reports_and_on_request_tries_the_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None
) -> None:
    slots, alone = Slots(), list[list[str]]()

    def work(server: ComfyServer, job: Job) -> None:
        alone.append(list(slots.held))
        draw(server, job)

    monkeypatch.setattr("tasks.try_pattern.gpu_slot", slots)
    with laboratory(tmp_path, monkeypatch) as comfy:
        cats_and_dogs(tmp_path)
        comfy.work = work
        assert [one.status for one in patterns(options=ASKED).patterns] == ["candidate"]
        store = FolderStore(open_lab().store_root)
        assert read_trials(store, ["generated"]) == []
        (tried,) = patterns(options=ASKED.model_copy(update={"confirm": True})).patterns
        assert len(read_trials(store, ["generated"])) == 1
        assert tried.trial is not None
        assert tried.trial.verdict == "open"
    # drawn under the slot of its server, which is asked for once and given back
    assert (alone, slots.asked, slots.held) == ([["studio"]] * 2, ["studio"], [])
