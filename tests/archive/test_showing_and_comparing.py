"""What a name means, everything known of it, and how images differ."""

from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.archive.annotating import opened_annotator
from darkroom.archive.annotating_targets import Named, meant
from darkroom.archive.comparing import Comparison, compare_named, words_apart
from darkroom.archive.opening import opened_library
from darkroom.archive.showing import ShownImage, ShownRun, show_image, shown
from darkroom.archive.syncing import sync
from darkroom.core.errors import UsageError
from tests.fakes import library
from tests.fakes.library import key_of, sidecar

RUN = f"demo/{library.RUN}"
LATER = "2026-11-22_00-00-00"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    one = sidecar(1, quality=library.quality(8.5, "A"), variations={"place": "beach"})
    child = sidecar(
        2,
        parameters={
            "cfg": 3.0,
            "loras": [{"name": "warm.safetensors", "strength": 0.5, "strength_clip": None}],
        },
        parents=[{"sha256": one["identity"]["sha256"], "key": None, "role": "input"}],
        input={"prompt": "a red circle under a blue square"},
    )
    home = tmp_path_factory.mktemp("lab")
    made = library.lab_in(home, one, child, sidecar(1, run=LATER), sidecar(1, project="other"))
    sync(made)
    return made


def means(lab: Lab, *names: str) -> Named:
    with opened_store(lab) as store:
        return meant(lab, store, names)


def test_the_ways_to_name_an_image(lab: Lab) -> None:
    one = sidecar(1)["identity"]
    place = lab.store_root / key_of(1)
    names = [key_of(1), f"{RUN}/1", str(place), f"{place}.json", one["sha256"][:10].upper()]
    assert means(lab, *names) == Named((key_of(1),), ())
    assert means(lab, f"{library.RUN}/2") == Named((key_of(2),), ())


def test_the_ways_to_name_a_run(lab: Lab) -> None:
    assert means(lab, f"demo/{LATER}", LATER) == Named((), (f"demo/{LATER}",))
    assert means(lab, f"demo/{LATER}", f"{RUN}/1") == Named((key_of(1),), (f"demo/{LATER}",))


def test_names_that_mean_nothing_or_too_much_are_all_told(lab: Lab) -> None:
    with pytest.raises(UsageError) as caught:
        means(lab, "Unheard Of", "no text \udcff", library.RUN, f"{RUN}/99", f"{RUN}/x")
    told = caught.value.message
    assert "'Unheard Of' names no image" in told
    assert f"may mean {RUN}, other/{library.RUN}" in told
    assert told.count("names no image and no run") == 4


def test_what_was_drawn_since_the_last_sync_has_a_name_already(tmp_path: Path) -> None:
    lab = library.lab_in(tmp_path, sidecar(1))
    sync(lab)
    library.keep(lab.store_root, sidecar(2))
    assert means(lab, f"{RUN}/2") == Named((key_of(2),), ())
    with pytest.raises(UsageError, match="not in the warehouse yet"):
        shown(lab, f"{RUN}/2")


def test_a_file_outside_the_store_is_no_image_of_it(lab: Lab, tmp_path: Path) -> None:
    outside = tmp_path / "x.png"
    outside.write_bytes(b"x")
    with pytest.raises(UsageError, match="names no image"):
        means(lab, str(outside))


def test_an_image_is_shown_with_all_that_hangs_on_it(lab: Lab) -> None:
    with opened_annotator(lab, "ann") as annotator:
        said = annotator.update_image_rating(key_of(1), rating=9)
        annotator.log.undo(said.events)
    found = shown(lab, f"{RUN}/1")
    assert isinstance(found, ShownImage)
    assert found.facts["composite_score"] == 8.5
    assert "document" not in found.facts
    assert found.variations == [{"axis": "place", "value": "beach"}]
    assert {row["metric"] for row in found.scores} == {"niqe", "edge_density", "laion_aes"}
    assert [row["field"] for row in found.criteria] == ["circle_is_red", "square_is_blue"]
    assert [row["image"] for row in found.children] == [key_of(2)]
    assert [event["set"] for event in found.events] == [{"rating": 9}, {"rating": None}]
    assert found.events[1]["undoes"] == found.events[0]["id"]
    assert isinstance(found.document, dict)


def test_a_run_is_shown_with_its_images_in_order(lab: Lab) -> None:
    found = shown(lab, RUN)
    assert isinstance(found, ShownRun)
    assert found.facts["image_count"] == 2
    assert [row["iteration"] for row in found.images] == [1, 2]
    assert found.events == []


def test_what_is_in_no_warehouse_is_said_so(lab: Lab) -> None:
    with (
        opened_store(lab) as store,
        opened_library(lab) as connection,
        pytest.raises(UsageError, match="not in the warehouse yet"),
    ):
        show_image(connection, store, key_of(99))


def compare(lab: Lab, *names: str, graph: bool = False) -> Comparison:
    return compare_named(lab, names, graph=graph)


def test_only_what_differs_is_told(lab: Lab) -> None:
    found = compare(lab, f"{RUN}/1", f"{RUN}/2")
    told = {item.field: item.values for item in found.parameters}
    assert set(told) == {"prompt", "loras", "seed", "cfg", "input_image", "variations"}
    assert told["cfg"] == (7.0, 3.0)
    assert told["loras"] == (None, "warm.safetensors x0.5")
    assert told["variations"] == ("place=beach", None)
    assert {item.field for item in found.results} >= {"composite_score", "grade"}
    assert found.names == (f"{RUN}/1", f"{RUN}/2")
    assert found.graph == ()


def test_images_drawn_alike_differ_in_nothing(lab: Lab) -> None:
    found = compare(lab, f"demo/{LATER}/1", f"other/{library.RUN}/1", graph=True)
    assert (found.parameters, found.results, found.graph) == ((), (), ())
    assert found.same_count > 20


def test_graphs_are_compared_input_by_input(tmp_path: Path) -> None:
    other = sidecar(2)
    other["workflow"]["graph"]["3"]["inputs"]["steps"] = 99
    other["workflow"]["graph"]["9"]["inputs"]["filename_prefix"] = "elsewhere"
    del other["workflow"]["graph"]["7"]["inputs"]["text"]
    lab = library.lab_in(tmp_path, sidecar(1), other)
    found = compare(lab, f"{RUN}/1", f"{RUN}/2", graph=True)
    assert {item.field: item.values for item in found.graph} == {
        "/3/inputs/steps": (16, 99),
        "/7/inputs/text": ("", None),
    }


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([f"{RUN}/1"], "two different images"),
        ([f"{RUN}/1", f"{RUN}/1"], "two different images"),
        ([f"{RUN}/1", RUN], "images are compared, not runs"),
    ],
)
def test_a_comparison_needs_images(lab: Lab, names: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        compare(lab, *names)


def test_an_image_the_warehouse_lacks_cannot_be_compared(tmp_path: Path) -> None:
    lab = library.lab_in(tmp_path, sidecar(1))
    sync(lab)
    library.keep(lab.store_root, sidecar(2))
    with pytest.raises(UsageError, match="not in the warehouse yet"):
        compare(lab, f"{RUN}/1", f"{RUN}/2")


@pytest.mark.parametrize(
    ("texts", "apart"),
    [
        (["a red circle, big", "a red square"], ["circle big", "square"]),
        (["same words", "words same"], ["", ""]),
        (["", "x"], ["", "x"]),
    ],
)
def test_only_the_words_that_differ(texts: list[str], apart: list[Any]) -> None:
    assert words_apart(texts) == apart
