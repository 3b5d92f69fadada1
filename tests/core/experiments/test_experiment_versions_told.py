"""Which versions drew the images of an experiment, in figures and in words."""

from darkroom.core.experiments.cells import Result
from darkroom.core.experiments.versions import counted, engines_of, foretold, mixed, told

OLD, NEW = "comfyui/0.3.64", "comfyui/0.4.0"


def result(image: str | None, engine: str | None) -> Result:
    return Result("c", 1, 1, image, None, None, None, None, engine)


def test_only_images_that_are_there_count_the_commonest_version_first() -> None:
    found = [result("a", OLD), result("b", NEW), result("c", NEW), result(None, OLD)]
    assert list(engines_of(found).items()) == [(NEW, 2), (OLD, 1)]
    assert counted([None, OLD]) == {OLD: 1}


def test_a_cell_is_mixed_by_its_second_version() -> None:
    assert mixed([(), (OLD,), (OLD, OLD), (OLD, NEW)]) == 1


def test_one_version_is_not_worth_a_word() -> None:
    assert told({OLD: 8}, 4, 0) is None
    assert told({}, 4, 0) is None
    assert foretold({OLD: 8}, (OLD, NEW), 4, 0, is_strict=True) is None


def test_a_mixture_is_told_with_its_cells() -> None:
    both = {OLD: 6, NEW: 2}
    said = told(both, 4, 2)
    assert said is not None
    assert said.startswith(f"versions differ: 6 by {OLD}, 2 by {NEW} images")
    assert said.endswith("2 of 4 cells mix them")
    assert "cells differ by them" in (told(both, 4, 0) or "")


def test_beforehand_it_is_said_what_will_become_of_images_of_another_version() -> None:
    will = foretold({OLD: 6}, (NEW,), 4, 2, is_strict=False) or ""
    assert will.startswith(f"6 images by {OLD} are there, and the servers have {NEW}: they count")
    assert "2 of 4 cells will mix versions" in will
    assert "no cell will mix" in (foretold({OLD: 6}, (NEW,), 4, 0, is_strict=False) or "")
    anew = foretold({OLD: 6}, (NEW,), 4, 0, is_strict=True) or ""
    assert anew.endswith("they are drawn anew, because of `versions: current`")
