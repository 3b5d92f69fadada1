"""Every known form is read, upgraded by its own function, and loses nothing."""

import json
from typing import Any

import pytest

from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar import parse, read_any, serialise, to_flat, to_iteration
from tests.fakes.sidecars import FORMS, HOME, KEY, changed, document, example


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_recognised_and_survives_being_written_as_ours(form: str) -> None:
    reading = read_any(example(FORMS[form]), KEY)
    assert reading.form == form
    assert (reading.unknown, reading.unusable) == ((), ())
    assert parse(serialise(reading.sidecar), key=KEY) == reading.sidecar


@pytest.mark.parametrize("form", FORMS)
def test_the_place_says_where_the_image_belongs(form: str) -> None:
    identity = read_any(example(FORMS[form]), f"{KEY}.json").sidecar.identity
    assert (identity.key, identity.project, identity.run_id) == (
        KEY,
        "demo",
        "2026-11-21_11-30-00",
    )


def test_metadata_of_an_iteration_belongs_to_its_image() -> None:
    key = "demo/working/2026-11-21_11-30-00/metadata/iteration_003_metadata.json"
    identity = read_any(example("s2-iteration.json"), key).sidecar.identity
    assert identity.key == "demo/working/2026-11-21_11-30-00/images/iteration_003.png"
    assert identity.iteration == 3


def test_a_place_outside_any_run_gives_no_run() -> None:
    identity = read_any(example("s0-flat.json"), "imported/boat.png").sidecar.identity
    assert (identity.project, identity.run_id) == ("imported", None)


def test_flat_documents_come_back_out_as_they_went_in() -> None:
    flat = to_flat(read_any(example("s0-flat.json")).sidecar)
    original = document("s0-flat.json")
    assert list(flat) == list(original)
    assert flat == original


def test_iteration_metadata_comes_back_out_with_all_it_had() -> None:
    out = to_iteration(read_any(example("s2-iteration.json")).sidecar)
    assert out is not None
    for name, value in document("s2-iteration.json").items():
        expected = {**out[name], **value} if isinstance(value, dict) else value
        assert out[name] == expected


def test_a_sidecar_without_an_iteration_has_no_iteration_metadata() -> None:
    assert to_iteration(read_any(example("s0-flat.json")).sidecar) is None


def test_iteration_metadata_without_a_time_has_none() -> None:
    out = to_iteration(read_any(changed("/timestamp", None, "s2-iteration.json")).sidecar)
    assert out is not None
    assert out["timestamp"] is None


def test_what_an_iteration_used_is_what_the_image_was_drawn_with() -> None:
    sidecar = read_any(example("s2-iteration.json")).sidecar
    assert sidecar.input.prompt == "a man in a grey suit"
    assert (sidecar.parameters.sampler, sidecar.parameters.denoise) == ("dpmpp_2m", 0.5)
    assert sidecar.timestamp == "2026-01-09T23:27:28.500000Z"


def test_scores_of_the_nested_form_keep_their_scale() -> None:
    quality = read_any(example("s3-nested.json")).sidecar.quality
    assert quality is not None
    by_metric = {score.metric: score for score in quality.scores}
    assert (by_metric["brisque"].normalised, by_metric["brisque"].raw) == (6.2, None)
    assert (by_metric["clip_score"].normalised, by_metric["clip_score"].raw) == (None, 0.85)
    assert by_metric["nima_mean"].reason == "the document holds no value"
    assert quality.technical == {"brisque": 6.2, "niqe": 7.1}
    assert (quality.composite_score, quality.grade) == (7.95, "B")


def test_the_clip_score_of_the_nested_form_is_the_validation_score() -> None:
    assert to_flat(read_any(example("s3-nested.json")).sidecar)["validation_score"] == 0.85


def test_a_score_off_its_scale_is_moved_aside_and_the_others_stay() -> None:
    reading = read_any(changed("/quality/technical/brisque", 62, "s3-nested.json"))
    assert reading.sidecar.quality is not None
    assert reading.sidecar.quality.technical == {"niqe": 7.1}
    assert len(reading.unusable) == 2


@pytest.mark.parametrize("value", [True, "6", None, [1]])
def test_a_score_that_is_no_number_does_not_cost_the_document(value: object) -> None:
    reading = read_any(changed("/quality/technical/brisque", value, "s3-nested.json"))
    assert reading.sidecar.quality is not None
    assert reading.sidecar.quality.technical == {"niqe": 7.1}


def test_scores_may_be_missing_or_of_another_shape() -> None:
    for value in ({}, {"technical": 3}, {"prompt_adherence": 4}):
        reading = read_any(changed("/quality", value, "s3-nested.json"))
        assert reading.sidecar.quality is not None
        assert reading.sidecar.validation_score is None
    assert read_any(changed("/quality", "good", "s3-nested.json")).sidecar.quality is None
    loaded = document("s3-nested.json")
    del loaded["quality"]
    assert read_any(json.dumps(loaded).encode()).sidecar.quality is None


def test_version_0_is_upgraded() -> None:
    old, new = (
        read_any(example(name), KEY).sidecar for name in ("darkroom-v0.json", FORMS["darkroom-1"])
    )
    assert old.origin is not None
    assert old.identity == new.identity.model_copy(update={"iteration": None})
    assert old.workflow.graph == new.workflow.graph
    assert old.timestamp == "2025-11-21T11:30:00.250000Z"
    assert parse(example("darkroom-v0.json"), key=KEY) == old


@pytest.mark.parametrize("size", [None, [64], "64x64"])
def test_version_0_keeps_a_size_it_cannot_use(size: object) -> None:
    reading = read_any(changed("/image/size", size, "darkroom-v0.json"), KEY)
    assert reading.sidecar.identity.width is None
    assert reading.sidecar.extra == {"/image/size": size}


def test_version_0_with_a_key_of_another_grammar_keeps_it_aside() -> None:
    reading = read_any(changed("/image/path", "Pictures/A.png", "darkroom-v0.json"))
    assert reading.sidecar.identity.key is None
    assert reading.sidecar.extra == {"/identity/key": "Pictures/A.png"}


ODD = [
    ("s0-flat.json", "/seed", -1, "/parameters/seed"),
    ("s0-flat.json", "/seed", "12", "/parameters/seed"),
    ("s0-flat.json", "/steps", True, "/parameters/steps"),
    ("s0-flat.json", "/cfg", None, None),
    ("s0-flat.json", "/loras", "none", "/parameters/loras"),
    (
        "s0-flat.json",
        "/loras",
        [{"name": "a"}, {"name": "b", "strength": 1}],
        "/parameters/loras/0",
    ),
    ("s0-flat.json", "/loras", [7, 8, {"name": "b", "strength": 1}], "/parameters/loras/1"),
    ("s0-flat.json", "/timestamp", "yesterday", "/timestamp"),
    ("s0-flat.json", "/timestamp", True, "/timestamp"),
    ("s0-flat.json", "/timestamp", 1e300, "/timestamp"),
    ("s0-flat.json", "/timestamp", "0001-01-01T00:00:00+10:00", "/timestamp"),
    ("s0-flat.json", "/negative_prompt", None, None),
    ("s0-flat.json", "/validation_score", 85, "/validation_score"),
    ("s0-flat.json", "/minio_url", "ftp://host/bucket/key.png", "/storage/endpoint"),
    ("s2-iteration.json", "/parameters_used", None, None),
    ("s2-iteration.json", "/parameters_used", 5, "/iteration/parameters_used"),
    ("s2-iteration.json", "/prompts_used", "a cat", "/iteration/prompts_used"),
    (
        "s2-iteration.json",
        "/evaluation/criteria_results",
        {"a": 3},
        "/iteration/evaluation/criteria_results/a",
    ),
    ("s2-iteration.json", "/iteration", "three", "/iteration/iteration"),
    ("s2-iteration.json", "/comparison/similarity_score", None, None),
    ("s3-nested.json", "/generation_id", "uuid-v4", "/generation_id"),
    ("s3-nested.json", "/parameters/resolution", [64], "/parameters/resolution"),
    ("s3-nested.json", "/refinement/previous_scores", [1, "x"], "/refinement/previous_scores/1"),
    ("darkroom-v1.json", "/parameters/cfg", "7", "/parameters/cfg"),
    ("darkroom-v1.json", "/quality/detail", {}, "/quality"),
    ("darkroom-v1.json", "/extra", 5, None),
]


@pytest.mark.parametrize(("name", "field", "value", "reported"), ODD)
def test_an_unusable_value_is_reported_kept_and_costs_nothing_else(
    name: str, field: str, value: Any, reported: str | None
) -> None:
    reading = read_any(changed(field, value, name))
    fields = [finding.field for finding in reading.unusable]
    assert (reported in fields) if reported else not fields
    assert all(place in reading.sidecar.extra for place in fields)
    assert read_any(serialise(reading.sidecar)).sidecar == reading.sidecar


def test_unknown_keys_are_kept_wherever_they_are() -> None:
    for name, field in (
        ("s0-flat.json", "/mood"),
        ("s3-nested.json", "/input/mood"),
        ("s3-nested.json", "/quality/mood"),
        ("darkroom-v0.json", "/settings/mood"),
        ("darkroom-v1.json", "/parameters/loras/0/mood"),
    ):
        reading = read_any(changed(field, "calm", name))
        assert [finding.field for finding in reading.unknown] == [field]
        assert reading.sidecar.extra[field] == "calm"
        assert str(reading.unknown[0]) == f"{field}: unknown; kept in `extra`"


def test_a_place_that_is_taken_in_the_bag_is_not_overwritten() -> None:
    loaded = document()
    loaded["mood"], loaded["extra"] = "new", {"/mood": "old"}
    assert read_any(json.dumps(loaded).encode()).sidecar.extra == {"/mood": "old", "/mood~": "new"}


def test_a_missing_field_blames_the_block_that_lacks_it() -> None:
    loaded = document()
    del loaded["engine"]["host"]
    reading = read_any(json.dumps(loaded).encode())
    assert [finding.field for finding in reading.unusable] == ["/engine"]
    assert reading.sidecar.engine is None


@pytest.mark.parametrize("field", ["/identity/sha256", "/identity", "/timestamp", "/generation_id"])
def test_a_sidecar_of_ours_without_its_identity_is_damaged(field: str) -> None:
    with pytest.raises(SidecarDamaged) as caught:
        read_any(changed(field, None))
    assert caught.value.code == "sidecar-invalid"


def test_strict_reading_names_the_first_field_and_counts_the_others() -> None:
    data = changed("/parameters", {"seed": -1, "steps": "x", "sampler": 3})
    with pytest.raises(SidecarDamaged) as caught:
        parse(data, key=KEY)
    assert caught.value.where == f"{KEY}#/parameters/seed"
    assert "(and 2 more)" in caught.value.message


def test_a_document_with_very_many_unusable_values_is_still_read() -> None:
    loaded = document("s0-flat.json") | {f"new{n}": n for n in range(5000)}
    loaded["loras"] = [{"name": "../up", "strength": "x", "odd": n} for n in range(200)]
    reading = read_any(json.dumps(loaded).encode())
    assert len(reading.unknown) == 5200
    assert reading.sidecar.parameters.loras == ()
    assert "/parameters/loras/199/name" in reading.sidecar.extra


ADDRESSES = [
    ("http://h:9000/b/k.png?X-Amz-Signature=abc", "http://h:9000/b/k.png", 1),
    ("https://user:pw@h/b/deep/k.png", "https://h/b/deep/k.png", 1),
    ("http://[::1]:9000/b/k.png", "http://[::1]:9000/b/k.png", 0),
    ("k.png", None, 1),
    ("http://h:9000/b", None, 1),
    ("http://h:port/b/k.png", None, 1),
    (17, None, 1),
    (None, None, 0),
]


@pytest.mark.parametrize(("url", "derived", "notes"), ADDRESSES)
def test_an_address_is_taken_apart_and_never_keeps_a_signature(
    url: Any, derived: str | None, notes: int
) -> None:
    reading = read_any(changed("/minio_url", url, "s0-flat.json"))
    assert to_flat(reading.sidecar)["minio_url"] == derived
    assert len(reading.notes) == notes + 1  # the time zone is the other one
    assert b"Signature" not in serialise(reading.sidecar)
    assert b"pw@" not in serialise(reading.sidecar)


def test_storage_without_an_address_is_kept_aside() -> None:
    reading = read_any(changed("/storage", {"file_size_bytes": 5}, "s3-nested.json"))
    assert reading.sidecar.storage is None
    assert reading.sidecar.extra == {"/storage/file_size_bytes": 5}


@pytest.mark.parametrize(
    ("name", "field", "path", "kept"),
    [
        ("s0-flat.json", "/workflow", f"{HOME}/flux.json", "flux.json"),
        ("s0-flat.json", "/workflow", "workflows/flux.json", "workflows/flux.json"),
        ("s0-flat.json", "/workflow", "../flux.json", "flux.json"),
        ("s0-flat.json", "/workflow", "C:\\Users\\Some One\\flux.json", "flux.json"),
        ("s3-nested.json", "/workflow/model", "/mnt/models/a.safetensors", "a.safetensors"),
    ],
)
def test_paths_of_a_machine_are_cut_to_their_last_part(
    name: str, field: str, path: str, kept: str
) -> None:
    workflow = read_any(changed(field, path, name)).sidecar.workflow
    assert kept in {workflow.name, workflow.model}


def test_a_key_outside_the_grammar_is_kept_aside() -> None:
    reading = read_any(example("s0-flat.json"), "Pictures/A B.png")
    assert reading.sidecar.identity.key is None
    assert reading.sidecar.extra == {"/identity/key": "Pictures/A B.png"}


def test_documents_are_recognised_by_shape_not_by_luck() -> None:
    for loaded in ({"prompt": "x"}, {"iteration": 1}, {"input": {}, "parameters": {}}, {"seed": 1}):
        with pytest.raises(SidecarDamaged) as caught:
            read_any(json.dumps(loaded).encode())
        assert caught.value.code == "sidecar-unknown-form"
