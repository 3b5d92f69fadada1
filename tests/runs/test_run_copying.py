"""An image that an earlier run drew is copied into the new run's own tree, and not drawn."""

import pytest

from darkroom.core.errors import StoreCorrupt
from tests.runs.run_scenes import Lab


@pytest.fixture
def again(lab: Lab) -> Lab:
    """A project with a fixed seed, run once to acceptance."""
    lab.write(seed=7)
    lab.judge.script = [("hat", "dog")]
    lab.run()
    return lab


def test_the_second_run_has_the_image_without_drawing_it(again: Lab):
    first, second = again.runs[0], again.run().run_id
    assert len(again.server.submissions) == 1
    images = [(again.folder / f"working/{run}/images/iteration_001.png") for run in (first, second)]
    assert images[0].read_bytes() == images[1].read_bytes()


def test_its_sidecar_says_where_it_comes_from_and_what_this_run_thinks_of_it(again: Lab):
    again.judge.script = [("hat",)]
    again.write(seed=7, budget=1)
    report = again.run()
    sidecar = again.json(f"working/{report.run_id}/images/iteration_001.png.json")
    assert sidecar["extra"] == {
        "copied_from": f"demo/working/{again.runs[0]}/images/iteration_001.png"
    }
    assert sidecar["identity"]["run_id"] == report.run_id
    assert sidecar["identity"]["job_key"] is None
    assert sidecar["iteration"]["evaluation"]["overall_score"] == 50
    assert report.image_key == f"demo/working/{report.run_id}/images/iteration_001.png"


@pytest.mark.parametrize("document", ["evaluation", "metadata"])
def test_stopped_between_copy_and_commit_it_is_taken_up_again(again: Lab, monkeypatch, document):
    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    target = "flows.iterate.evaluate" if document == "evaluation" else "darkroom.runs.committing"
    name = target if document == "evaluation" else f"{target}._record"
    with monkeypatch.context() as patch:
        patch.setattr(name, breaks)
        with pytest.raises(KeyboardInterrupt):
            again.run()
    report = again.run()
    assert (report.status, len(again.runs)) == ("accepted", 2)
    assert len(again.server.submissions) == 1
    assert len(again.files("images/*.json")) == 2


def test_a_source_that_rotted_is_not_copied(again: Lab):
    source = again.folder / again.files("images/*.png")[0]
    source.write_bytes(bytes(len(source.read_bytes())))
    with pytest.raises(StoreCorrupt):
        again.run()


def test_a_copy_of_a_copy_is_found_as_well(again: Lab):
    again.run()
    again.run()
    assert len(again.server.submissions) == 1
    assert len(again.runs) == 3
