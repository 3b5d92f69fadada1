"""The quick reader agrees with the strict one about every sidecar."""

import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from darkroom.adapters.warehouse.casts import column
from darkroom.adapters.warehouse.documents import Found, sidecar_of
from darkroom.adapters.warehouse.image_columns import PLACES
from darkroom.adapters.warehouse.image_tables import image_tables
from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar import Sidecar, as_document, read_any, serialise
from darkroom.core.sidecar.decoding import MAX_BYTES
from tests.fakes.sidecars import FOLDER, FORMS, KEY, changed, document, example, sidecars

DAMAGED = sorted(path.name for path in (FOLDER / "damaged").iterdir())


@pytest.mark.parametrize("name", DAMAGED)
def test_what_the_strict_reader_refuses_is_refused_with_the_same_reason(name: str) -> None:
    data = example(f"damaged/{name}")
    with pytest.raises(SidecarDamaged) as strict:
        read_any(data, KEY)
    with pytest.raises(SidecarDamaged) as quick:
        sidecar_of(data, KEY)
    assert (quick.value.code, quick.value.message) == (strict.value.code, strict.value.message)


@pytest.mark.parametrize("name", FORMS.values(), ids=FORMS.keys())
def test_every_form_gives_the_row_the_strict_reader_would_give(name: str) -> None:
    key = f"{KEY}.json" if name.startswith("darkroom") else "cars/one.png.json"
    data = example(name)
    strict = as_document(read_any(data, key).sidecar)
    quick = sidecar_of(data, key)
    for place in PLACES:
        if place.section in {"document", "input", "workflow", "parameters", "quality"}:
            there = strict if place.section == "document" else strict.get(place.section) or {}
            seen = image_tables([quick])["images"][place.column][0]
            assert isinstance(there, dict)
            assert seen == there.get(place.name), place


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sidecars())
def test_any_sidecar_of_ours_is_read_the_quick_way(sidecar: Sidecar) -> None:
    data = serialise(sidecar)
    key = sidecar.identity.key
    assert key is not None
    found = sidecar_of(data, f"{key}.json")
    assert found.document == json.loads(data)
    assert json.loads(found.text) == json.loads(data)


def test_another_place_than_the_claimed_one_is_refused() -> None:
    with pytest.raises(SidecarDamaged, match="claims key") as caught:
        sidecar_of(example("darkroom-v1.json"), "other/working/run/images/a.png.json")
    assert caught.value.code == "sidecar-other-key"


@pytest.mark.parametrize(
    ("pointer", "value", "column_name", "seen"),
    [
        ("/parameters/seed", "12345", "seed", 12345),
        ("/parameters/seed", -1, "seed", None),
        ("/parameters/seed", 2**64 - 1, "seed", 2**64 - 1),
        ("/parameters/seed", True, "seed", None),
        ("/parameters/steps", 30.0, "steps", 30),
        ("/parameters/steps", 30.5, "steps", None),
        ("/parameters/steps", 2**40, "steps", None),
        ("/parameters/cfg", "7.5", "cfg", 7.5),
        ("/parameters/cfg", True, "cfg", None),
        ("/parameters/cfg", "nan", "cfg", None),
        ("/parameters/cfg", "1e999", "cfg", None),
        ("/parameters/sampler", 7, "sampler", "7"),
        ("/parameters/sampler", ["euler"], "sampler", None),
        ("/timestamp", "yesterday", "created_at", None),
        ("/timestamp", 1768001248, "created_at", None),
        ("/quality/composite_score", 11, "composite_score", None),
        ("/quality/coverage", -0.1, "coverage", None),
        ("/iteration/evaluation/overall_score", 100.5, "overall_score", None),
        ("/iteration/aivis_metadata/using_fallback", "no", "judge_is_fallback", None),
        ("/engine", "comfyui", "engine", None),
        ("/cost", [1, 2], "seconds", None),
    ],
)
def test_a_value_of_the_wrong_kind_is_cast_or_null_and_kept_in_the_document(
    pointer: str, value: object, column_name: str, seen: object
) -> None:
    data = changed(pointer, value)
    found = sidecar_of(data, f"{KEY}.json")
    assert json.loads(found.text) == json.loads(data)
    assert _cast(column_name, [found]) == [seen]
    # the same beside a row that needs no cast
    good = sidecar_of(example("darkroom-v1.json"), f"{KEY}.json")
    assert _cast(column_name, [good, found])[1] == seen


def _cast(name: str, found: list[Found]) -> list[object]:
    kinds = {
        "seed": pa.uint64(),
        "steps": pa.int32(),
        "sampler": pa.string(),
        "engine": pa.string(),
        "created_at": pa.timestamp("us"),
        "judge_is_fallback": pa.bool_(),
    }
    limits = {place.column: place.limits for place in PLACES}
    values = image_tables(found)["images"][name]
    return column(values, kinds.get(name, pa.float64()), limits[name]).to_pylist()


@pytest.mark.parametrize("drift", ["unknown", "renamed", "null section"])
def test_schema_drift_is_kept(drift: str) -> None:
    content = document()
    match drift:
        case "unknown":
            content["new_section"] = {"deep": [1, {"x": None}]}
        case "renamed":
            content["parameters"]["cfg_scale"] = content["parameters"].pop("cfg")
        case _:
            content["quality"] = None
    found = sidecar_of(json.dumps(content).encode(), f"{KEY}.json")
    assert json.loads(found.text) == content


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1, "schema": "darkroom/sidecar", "version": 1}',
        '{"schema": "darkroom/sidecar", "version": 1, "x": 123456789012345678901234567890}',
        '{"schema": "darkroom/sidecar", "version": 1, "x": Infinity}',
        '{"schema": "darkroom/sidecar", "version": 1, "x": 1e999}',
    ],
)
def test_what_the_quick_parser_would_lose_goes_to_the_strict_one(text: str) -> None:
    with pytest.raises(SidecarDamaged):
        sidecar_of(text.encode(), f"{KEY}.json")


def test_text_that_is_no_text_is_mended_as_the_strict_reader_mends_it() -> None:
    content = example("s0-flat.json").replace(b"a paper boat", rb"a \ud800 paper\u0000 boat")
    found = sidecar_of(content, "x/one.png.json")
    assert image_tables([found])["images"]["prompt"] == ["a \ufffd paper\ufffd boat on a grey pond"]


def test_a_prompt_of_ten_megabytes_is_refused_and_a_large_one_kept() -> None:
    with pytest.raises(SidecarDamaged) as caught:
        sidecar_of(changed("/input/prompt", "x" * 10_000_000), f"{KEY}.json")
    assert caught.value.code == "sidecar-too-large"
    large = "y" * (MAX_BYTES - 100_000)
    found = sidecar_of(changed("/input/prompt", large), f"{KEY}.json")
    assert image_tables([found])["images"]["prompt"] == [large]
