"""What a sidecar of ours may and may not say."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from darkroom.core.errors import SidecarDamaged
from darkroom.core.jobs import EngineReceipt
from darkroom.core.sidecar import (
    Engine,
    Quality,
    Score,
    Sidecar,
    as_document,
    combination_hash,
    compose,
    json_schema,
    moment,
    parse,
    scrub,
)
from darkroom.core.sidecar.paths import last_part
from tests.fakes.sidecars import HOME, KEY, changed, document, example, sidecars

REFUSED: list[tuple[str, Any]] = [
    ("/parameters/seed", -1),
    ("/parameters/seed", 1.0),
    ("/parameters/seed", True),
    ("/parameters/steps", -1),
    ("/parameters/denoise", 1.01),
    ("/parameters/resolution", [0, 64]),
    ("/parameters/loras/0/name", "/models/warm.safetensors"),
    ("/parameters/surprise", 1),
    ("/workflow/name", "C:\\flows\\a.json"),
    ("/workflow/model", "../a.safetensors"),
    ("/workflow/graph/3/class_type", None),
    ("/workflow/graph/3/inputs", []),
    ("/workflow/graph/4/inputs/ckpt_name", "/models/a.safetensors"),
    ("/workflow/graph/9/inputs/anything", f"{HOME}/x"),
    ("/identity/key", "Demo/x.png"),
    ("/identity/key", "demo/working/other-run/images/iteration_001.png"),
    ("/identity/key", "demo/working"),
    ("/identity/project", "other"),
    ("/identity/sha256", "ABC"),
    ("/identity/mime", "image/gif"),
    ("/identity/iteration", 2),
    ("/timestamp", "2026-11-21T11:30:00Z"),
    ("/timestamp", "2026-02-30T11:30:00.000000Z"),
    ("/generation_id", "7a1d3c52-90f4-1f0e-8c0b-2f1f8a6f0c11"),
    ("/input/prompt", None),
    ("/input/prompt", "x" * 100_001),
    ("/input/preset", "two\nlines"),
    ("/engine/host", "http://user:pw@gpu:8188"),
    ("/engine/host", "user@gpu"),
    ("/storage/endpoint", "http://user:pw@h:9000"),
    ("/storage/endpoint", "http://h:9000/?X-Amz-Signature=1"),
    ("/storage/key", "/srv/data/a.png"),
    ("/storage/minio_url", "http://h/b/k"),
    ("/quality/composite_score", 10.5),
    ("/quality/scores/0/tier", "gpu"),
    ("/quality/scores/0/reason", "but it has a value"),
    ("/quality/scores/2/reason", None),
    ("/quality/technical", {}),
    ("/variations/colour", {"r": 1}),
    ("/variations/colour", "blue"),
    ("/variation_combination_hash", None),
    ("/validation_score", 1.5),
    ("/version", 0.5),
    ("/is_test", 1),
]


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_a_field_out_of_bounds_is_refused(field: str, value: Any) -> None:
    with pytest.raises(SidecarDamaged) as caught:
        parse(changed(field, value))
    assert caught.value.code == "sidecar-invalid"


def test_a_number_that_is_none_is_refused_when_composing() -> None:
    loaded = document()
    loaded["parameters"]["cfg"] = math.nan
    with pytest.raises(SidecarDamaged) as caught:
        compose(loaded)
    assert caught.value.where == "#/parameters/cfg"


def test_a_nul_in_a_text_is_refused_when_composing() -> None:
    loaded = document()
    loaded["input"]["prompt"] = "a\0b"
    with pytest.raises(SidecarDamaged, match="NUL"):
        compose(loaded)


def test_a_new_sidecar_needs_its_identity() -> None:
    with pytest.raises(SidecarDamaged, match=r"identity\.sha256"):
        compose({"input": {"prompt": "x"}})


def test_composing_accepts_models_and_finds_the_combination_hash() -> None:
    loaded = document()
    del loaded["variation_combination_hash"]
    receipt = EngineReceipt(kind="embedded", version="0.1.0", host="embedded", device="cpu")
    hashes = loaded["engine"]["model_hashes"]
    loaded["engine"] = Engine.from_receipt(receipt, hashes)
    assert compose(loaded) == parse(example("darkroom-v1.json"))
    assert Engine.from_receipt(receipt).model_hashes == {}


def test_sidecars_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(example("darkroom-v1.json")).is_test = False


def test_the_combination_hash_ignores_the_order_of_axes_only() -> None:
    one = combination_hash({"a": "1", "b": "2"})
    assert one == combination_hash({"b": "2", "a": "1"})
    assert len({one, combination_hash({"a": "2", "b": "1"}), combination_hash({"a": "1"})}) == 3
    assert combination_hash({}) is None


def test_the_first_score_of_a_metric_fills_its_block() -> None:
    scores = tuple(
        Score(metric="niqe", dimension="technical", tier=tier, raw=raw, normalised=raw)
        for tier, raw in (("lite", 5.0), ("torch", 7.0))
    )
    quality = Quality.from_scores((*scores, Score(metric="free", raw=1.0)))
    assert quality.technical == {"niqe": 5.0}


def test_moments_are_utc_with_microseconds() -> None:
    assert moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"
    east = timezone(timedelta(hours=2))
    assert moment(datetime(900, 1, 2, 3, tzinfo=east)) == "0900-01-02T01:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        moment(datetime(2026, 1, 2))  # noqa: DTZ001 - that is the point


# -- secrets and machine paths


def _hidden(text: str) -> str:
    return text.replace("canary-7731", "***")


def test_no_text_escapes_the_redaction() -> None:
    loaded = document()
    loaded["input"]["prompt"] = "a canary-7731"
    loaded["workflow"]["graph"]["6"]["inputs"]["text"] = "canary-7731"
    loaded["workflow"]["unparsed"] = [{"canary-7731": ["canary-7731", 1, None]}]
    loaded["iteration"]["aivis_metadata"]["error"] = "key canary-7731 refused"
    loaded["extra"] = {"canary-7731": "canary-7731"}
    sidecar = compose(loaded, _hidden)
    assert "canary" not in json.dumps(as_document(sidecar))
    assert sidecar.input.prompt == "a ***"


def test_paths_of_the_machine_are_shortened_where_they_name_files() -> None:
    loaded = document()
    loaded["workflow"]["name"] = f"{HOME}/flows/a.json"
    loaded["workflow"]["model"] = "../../up.safetensors"
    loaded["parameters"]["loras"][0]["name"] = "C:\\models\\warm.safetensors"
    loaded["workflow"]["graph"]["9"]["inputs"]["image"] = "/mnt/disk/in.png"
    loaded["workflow"]["graph"]["9"]["inputs"]["custom"] = "~/private/x.png"
    sidecar = compose(loaded)
    assert (sidecar.workflow.name, sidecar.workflow.model) == ("a.json", "up.safetensors")
    assert sidecar.parameters.loras[0].name == "warm.safetensors"
    assert sidecar.workflow.graph is not None
    assert sidecar.workflow.graph["9"]["inputs"] == {
        "filename_prefix": "darkroom",
        "images": ["8", 0],
        "image": "in.png",
        "custom": "x.png",
    }


def test_paths_within_messages_are_shortened_and_addresses_stay() -> None:
    loaded = document()
    said = f'File "{HOME}/llm/run.py" failed; see http://host/a/b and C:\\tmp\\log.txt or 3/4'
    loaded["iteration"]["aivis_metadata"]["error"] = said
    receipt = compose(loaded).iteration
    assert receipt is not None
    assert receipt.aivis_metadata is not None
    expected = 'File ".../run.py" failed; see http://host/a/b and .../log.txt or 3/4'
    assert receipt.aivis_metadata.error == expected


@pytest.mark.parametrize("prompt", ["/imagine a cat", "/home/ is where\nthe heart is", "a/b/c"])
def test_words_are_never_taken_for_paths(prompt: str) -> None:
    loaded = document()
    loaded["input"]["prompt"] = prompt
    loaded["workflow"]["graph"]["6"]["inputs"]["text"] = prompt
    loaded["workflow"]["graph"]["6"]["inputs"]["other"] = prompt
    assert scrub(loaded) == loaded
    assert compose(loaded).input.prompt == prompt


def test_a_path_of_nothing_says_so() -> None:
    assert last_part("/../") == "(path removed)"


# -- the schema for other tools


def test_the_schema_is_valid_and_the_example_keeps_to_it() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document(), schema)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sidecars())
def test_everything_we_write_keeps_to_the_schema(sidecar: Sidecar) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert list(validator.iter_errors(json.loads(json.dumps(as_document(sidecar))))) == []


@pytest.mark.parametrize(
    ("field", "value"), [("/surprise", 1), ("/parameters/seed", -1), ("/identity/sha256", "x")]
)
def test_the_schema_refuses_what_we_refuse(field: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(changed(field, value)), json_schema())


def test_the_schema_explains_its_fields() -> None:
    text = json.dumps(json_schema())
    assert "The actual seed" in text
    assert KEY not in text
