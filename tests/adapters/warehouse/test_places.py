"""Which keys the warehouse reads."""

import pytest

from darkroom.adapters.warehouse.places import is_listed, kind_of
from darkroom.core.ulids import ulid

EVENT = ulid(1_795_000_000_000, 7)
RUN = "demo/working/2026-11-21_11-30-00"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (f"{RUN}/images/iteration_001.png.json", "sidecar"),
        ("20260104_011032_output.png.json", "sidecar"),
        ("a/b/c/d/e/f.webp.json", "sidecar"),
        ("cars/one.jpeg.json", "sidecar"),
        (f"{RUN}/human/{EVENT}.json", "annotation"),
        (f"human/{EVENT}.json", "annotation"),
        (f"cars/human/{EVENT}.json", "annotation"),
        (f"{RUN}/human/ranking.json", "ranking"),
        (f"{RUN}/scores/iteration_001.{EVENT}.json", "scores"),
        (f"scores/20260104_011032_output.{EVENT}.json", "scores"),
        (f"{RUN}/run.json", "run"),
        (f"{RUN}/result.json", "result"),
        (f"{RUN}/result.2.json", "result"),
        (f"{RUN}/metadata/iteration_001_metadata.json", "s2"),
        ("old/working/some_run/metadata/iteration_3_metadata.json", "s2"),
        (f"{RUN}/failures/iteration_001.json", "failure"),
        (f"{RUN}/outcomes/{'ab' * 32}.2.json", "outcome"),
        (f"{RUN}/refinement/{'ab' * 6}.json", "refinement"),
        ("bucket/failures/iteration_001.json", None),
        (f"{RUN}/images/failures/iteration_001.json", None),
        (f"{RUN}/outcomes/other.json", None),
        (f"{RUN}/images/iteration_001.png", None),
        (f"{RUN}/intents/abc.1.json", None),
        (f"{RUN}/questions/iteration_001_questions.json", None),
        (f"{RUN}/human/notes.json", None),
        (f"{RUN}/human/{EVENT.upper()}.json", None),
        (f"{RUN}/scores/iteration_001.json", None),
        (f"{RUN}/result.x.json", None),
        ("demo/working/jobs/abc/2026.json", None),
        ("demo/working/run.json", None),
        ("demo/input/input.png.json", None),
        ("demo/output/output.png.json", None),
        ("demo/run.json", None),
        ("run.json", None),
        (".png.json", None),
        ("UPPER/one.png.json", None),
        ("a/../b.png.json", None),
        ("", None),
    ],
)
def test_what_a_key_holds(key: str, kind: str | None) -> None:
    assert kind_of(key) == kind


@pytest.mark.parametrize(
    ("folder", "listed"),
    [
        ("", True),
        ("demo", True),
        ("demo/working", True),
        (RUN, True),
        (f"{RUN}/images", True),
        (f"{RUN}/images/deeper", True),
        (f"{RUN}/intents", False),
        ("demo/working/jobs", False),
        ("demo/working/jobs/abc", False),
        ("demo/working/not_a_run/anything", True),
        ("demo/config", False),
        ("demo/output/x", False),
        ("cars/2026/01", True),
    ],
)
def test_which_folders_are_worth_opening(folder: str, listed: bool) -> None:
    assert is_listed(folder) == listed
