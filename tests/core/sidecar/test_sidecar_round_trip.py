"""What is written is read back, byte for byte and value for value."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar import (
    Sidecar,
    as_document,
    compose,
    parse,
    read_any,
    serialise,
    to_flat,
)
from tests.fakes.sidecars import KEY, SCALAR, changed, document, example, sidecars

SLOW_TO_DRAW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@SLOW_TO_DRAW
@given(sidecars())
def test_every_sidecar_is_read_back_as_it_was(sidecar: Sidecar) -> None:
    data = serialise(sidecar)
    assert parse(data, key=sidecar.identity.key) == sidecar
    assert serialise(parse(data)) == data
    reading = read_any(data, sidecar.identity.key)
    assert (reading.sidecar, reading.form, reading.is_whole) == (sidecar, "darkroom-1", True)


@SLOW_TO_DRAW
@given(sidecars())
def test_composing_what_was_written_changes_nothing(sidecar: Sidecar) -> None:
    assert compose(as_document(sidecar)) == sidecar


@SLOW_TO_DRAW
@given(sidecars())
def test_flat_is_always_thirteen_fields_of_plain_json(sidecar: Sidecar) -> None:
    flat = to_flat(sidecar)
    assert len(flat) == 13
    assert json.loads(json.dumps(flat, allow_nan=False)) == flat


def test_the_worked_example_is_canonical() -> None:
    data = example("darkroom-v1.json")
    assert serialise(parse(data, key=KEY)) == data
    assert data.endswith(b"}\n")
    assert data.count(b"\n") == 1


def test_key_order_and_blanks_do_not_change_the_value() -> None:
    loaded = document()
    shuffled = json.dumps(dict(reversed(loaded.items())), indent=4).encode()
    assert serialise(parse(shuffled)) == example("darkroom-v1.json")


@pytest.mark.parametrize("seed", [0, 2**63, 2**64 - 1])
def test_every_seed_of_64_bits_survives(seed: int) -> None:
    sidecar = parse(changed("/parameters/seed", seed))
    assert parse(serialise(sidecar)).parameters.seed == seed


@given(SCALAR, st.text(max_size=5))
@settings(max_examples=40, deadline=None)
def test_unknown_keys_survive_reading_and_writing(value: object, name: str) -> None:
    loaded = document()
    loaded["parameters"][f"new {name}"] = value
    try:
        data = json.dumps(loaded).encode("utf-8")
        reading = read_any(data)
    except SidecarDamaged as damage:  # a text that is no text is mended, and so is reported
        pytest.fail(str(damage))
    assert len(reading.unknown) == 1
    assert list(reading.sidecar.extra.values()) == [value]
    assert read_any(serialise(reading.sidecar)).sidecar == reading.sidecar


@pytest.mark.parametrize("value", ["a\ud800b", {"k\udfff": 1}, float("nan"), 2**64, -(2**63) - 1])
def test_what_no_reader_would_get_back_is_not_written(value: object) -> None:
    broken = parse(example("darkroom-v1.json")).model_copy(update={"extra": {"/x": value}})
    with pytest.raises(SidecarDamaged) as caught:
        serialise(broken)
    assert caught.value.code in {"sidecar-unwritable", "sidecar-number"}


def test_what_is_too_large_or_too_deep_is_not_written() -> None:
    sidecar = parse(example("darkroom-v1.json"))
    deep: object = 1
    for _ in range(70):
        deep = [deep]
    for value, code in (("x" * 1_000_000, "sidecar-too-large"), (deep, "sidecar-too-deep")):
        with pytest.raises(SidecarDamaged) as caught:
            serialise(sidecar.model_copy(update={"extra": {"/x": value}}))
        assert caught.value.code == code


def test_a_nul_in_a_bag_is_not_written() -> None:
    sidecar = parse(example("darkroom-v1.json"))
    with pytest.raises(SidecarDamaged) as caught:
        serialise(sidecar.model_copy(update={"extra": {"/x": "a\0b"}}))
    assert (caught.value.code, caught.value.where) == ("sidecar-unwritable", "#/extra/~1x")
