"""Every way a file can be broken has its own code, and names the place."""

import json
import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar import MAX_BYTES, parse, read_any
from tests.fakes.sidecars import FORMS, KEY, changed, example

DAMAGED = {
    "empty.json": ("sidecar-empty", ""),
    "blank.json": ("sidecar-empty", ""),
    "zeros.json": ("sidecar-empty", ""),
    "page.json": ("sidecar-html", ""),
    "store-error.json": ("sidecar-html", ""),
    "prose.json": ("sidecar-not-json", ""),
    "list.json": ("sidecar-not-json", ""),
    "trailing-comma.json": ("sidecar-not-json", ""),
    "two-documents.json": ("sidecar-not-json", ""),
    "latin-1.json": ("sidecar-not-json", ""),
    "utf-16.json": ("sidecar-not-json", ""),
    "raw-control.json": ("sidecar-not-json", ""),
    "nan.json": ("sidecar-number", "#/parameters/cfg"),
    "infinity.json": ("sidecar-number", "#/cfg"),
    "huge-integer.json": ("sidecar-number", "#/seed"),
    "seed-beyond-64-bits.json": ("sidecar-number", "#/seed"),
    "duplicate-key.json": ("sidecar-duplicate-key", "#/loras/0/name"),
    "newer-version.json": ("sidecar-newer", "#/version"),
    "version-text.json": ("sidecar-invalid", "#/version"),
    "version-true.json": ("sidecar-invalid", "#/version"),
    "version-missing.json": ("sidecar-invalid", "#/version"),
    "version-negative.json": ("sidecar-invalid", "#/version"),
    "unknown-form.json": ("sidecar-unknown-form", ""),
    "nothing.json": ("sidecar-unknown-form", ""),
    "cut-in-a-letter.json": ("sidecar-truncated", ""),
    "unclosed-text.json": ("sidecar-truncated", ""),
    "unclosed-object.json": ("sidecar-truncated", ""),
    "half-a-word.json": ("sidecar-truncated", ""),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_has_its_code_and_its_place(name: str) -> None:
    data = example(f"damaged/{name}")
    for read in (read_any, parse):
        with pytest.raises(SidecarDamaged) as caught:
            read(data)
        assert (caught.value.code, caught.value.where) == DAMAGED[name]


def test_the_table_covers_the_corpus() -> None:
    from tests.fakes.sidecars import FOLDER

    assert {file.name for file in (FOLDER / "damaged").iterdir()} == DAMAGED.keys()


BIG = {
    "200,000 levels of arrays": (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "too-deep"),
    "200,000 levels of objects": (b'{"a":' * 160_000 + b"1" + b"}" * 160_000, "too-deep"),
    "200,000 levels unclosed": (b"[" * 200_000, "too-deep"),
    "65 levels": (b'{"a":' * 65 + b"1" + b"}" * 65, "too-deep"),
    "one byte too many": (b'{"a":"' + b"x" * (MAX_BYTES - 7) + b'"}', "too-large"),
    "50 MB": (b'{"a": [' + b"0," * 25_000_000 + b"0]}", "too-large"),
    "50 MB of nothing": (b" " * 50_000_000, "too-large"),
}


@pytest.mark.parametrize("name", BIG)
def test_a_file_of_absurd_size_or_depth_is_refused(name: str) -> None:
    data, code = BIG[name]
    for read in (read_any, parse):
        with pytest.raises(SidecarDamaged) as caught:
            read(data)
        assert caught.value.code == f"sidecar-{code}"


def test_the_fast_reader_of_the_warehouse_survives_the_same_depth() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(BIG["200,000 levels of arrays"][0])


def test_the_largest_size_is_still_read() -> None:
    padding = MAX_BYTES - len(example("s0-flat.json"))
    assert read_any(example("s0-flat.json") + b" " * padding).form == "s0-flat"


@pytest.mark.parametrize("form", FORMS)
def test_every_cut_is_damage_and_never_a_shorter_truth(form: str) -> None:
    data = example(FORMS[form]).rstrip()
    for cut in range(0, len(data), 13):
        with pytest.raises(SidecarDamaged) as caught:
            read_any(data[:cut])
        assert caught.value.code in {"sidecar-truncated", "sidecar-empty"}


@pytest.mark.parametrize(
    ("field", "claim"),
    [
        ("key", "demo/working/2026-11-21_11-30-00/images/iteration_002.png"),
        ("project", "other"),
        ("run_id", "2026-11-21_11-30-01"),
    ],
)
def test_a_sidecar_that_claims_another_place_is_refused(field: str, claim: str) -> None:
    data = changed(f"/identity/{field}", claim)
    for read in (lambda: parse(data, key=KEY), lambda: read_any(data, KEY)):
        with pytest.raises(SidecarDamaged) as caught:
            read()
        assert caught.value.code == "sidecar-other-key"
        assert caught.value.where == f"{KEY}#/identity/{field}"


def test_the_place_may_be_given_as_the_images_or_the_sidecars_key() -> None:
    data = example("darkroom-v1.json")
    assert parse(data, key=KEY) == parse(data, key=f"{KEY}.json") == parse(data)


def test_a_claim_cannot_hide_in_an_unusable_form() -> None:
    with pytest.raises(SidecarDamaged):
        read_any(changed("/identity", [1]), KEY)
    with pytest.raises(SidecarDamaged) as caught:
        read_any(changed("/identity/key", {"a": 1}), KEY)
    assert caught.value.code == "sidecar-other-key"


@pytest.mark.parametrize("code", ["\\ud800", "\\u0000"])
def test_text_that_is_no_text_is_refused_strictly_and_mended_tolerantly(code: str) -> None:
    data = changed("/input/prompt", "X").replace(b'"X"', f'"a{code}b"'.encode())
    with pytest.raises(SidecarDamaged) as caught:
        parse(data, key=KEY)
    assert (caught.value.code, caught.value.where) == ("sidecar-text", f"{KEY}#/input/prompt")
    reading = read_any(data)
    assert reading.sidecar.input.prompt == "a\ufffdb"
    assert reading.notes[0].field == "/input/prompt"


def test_two_keys_that_mend_to_one_are_a_duplicate() -> None:
    data = b'{"prompt": "x", "seed": 1, "a\\u0000": 1, "a\\ud800": 2}'
    with pytest.raises(SidecarDamaged) as caught:
        read_any(data)
    assert caught.value.code == "sidecar-duplicate-key"


def test_a_byte_order_mark_is_forgiven() -> None:
    assert read_any(b"\xef\xbb\xbf" + example("s0-flat.json")).form == "s0-flat"


def test_strict_reading_takes_no_foreign_form() -> None:
    with pytest.raises(SidecarDamaged) as caught:
        parse(example("s0-flat.json"))
    assert caught.value.code == "sidecar-unknown-form"
    assert "darkroom sidecar show" in caught.value.hint


def test_refusals_do_not_repeat_the_refused_value() -> None:
    with pytest.raises(SidecarDamaged) as caught:
        parse(changed("/parameters/sampler", "canary\n-7731"))
    assert "canary" not in str(caught.value.as_dict())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FORMS.values())), st.randoms(use_true_random=False))
def test_any_mutation_gives_a_reading_or_a_refusal(name: str, chance: random.Random) -> None:
    data = bytearray(example(name))
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(data))
        data[place : place + chance.randrange(3)] = chance.choice(
            [b"", b"9", b'"', b"{", b"]", b"null", b"-", b"\xff", b"1e400", b"\\u0000", b":[", b"/"]
        )
    try:
        reading = read_any(bytes(data), KEY)
    except SidecarDamaged as damage:
        assert damage.code.startswith("sidecar-")  # noqa: PT017 - either end is right
    else:
        json.dumps(reading.sidecar.model_dump(mode="json"), allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_a_reading_or_a_refusal(data: bytes) -> None:
    with pytest.raises(SidecarDamaged):
        read_any(data)
