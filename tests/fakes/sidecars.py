"""Sidecars for tests: the worked examples, and whole random ones for properties."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from darkroom.core.sidecar import (
    Comparison,
    Cost,
    Engine,
    Evaluation,
    Identity,
    Input,
    Iteration,
    JudgeReceipt,
    Lora,
    Origin,
    Parameters,
    Parent,
    PromptsUsed,
    Quality,
    Refinement,
    Score,
    Sidecar,
    Storage,
    Workflow,
    combination_hash,
)

FOLDER = Path(__file__).parents[1] / "data" / "sidecars"
KEY = "demo/working/2026-11-21_11-30-00/images/iteration_001.png"
HOME = "/" + "home/someone"
"""A path of a machine, put together so that no committed file holds one."""
FORMS = {
    "s0-flat": "s0-flat.json",
    "s2-iteration": "s2-iteration.json",
    "s3-nested": "s3-nested.json",
    "darkroom-0": "darkroom-v0.json",
    "darkroom-1": "darkroom-v1.json",
}


def example(name: str) -> bytes:
    """The bytes of one worked example."""
    return (FOLDER / name).read_bytes()


def document(name: str = "darkroom-v1.json") -> dict[str, Any]:
    """One worked example as plain values, free to be changed."""
    loaded: dict[str, Any] = json.loads(example(name))
    return loaded


def changed(path: str, value: Any, name: str = "darkroom-v1.json") -> bytes:
    """An example with one value replaced, by its JSON pointer."""
    loaded = document(name)
    *way, last = path.removeprefix("/").split("/")
    place: Any = loaded
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[int(last) if isinstance(place, list) else last] = value
    return json.dumps(loaded).encode()


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAME = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
FILE = st.builds("{}.{}".format, NAME, st.sampled_from(["png", "safetensors"]))
KEYS = st.from_regex(r"[a-z0-9_]{1,8}(/[a-z0-9_][a-z0-9._-]{0,8}){1,3}", fullmatch=True)
HASH = st.text("0123456789abcdef", min_size=64, max_size=64)
UUID = st.uuids(version=4).map(str)
MOMENT = st.datetimes().map(lambda when: f"{when:%Y-%m-%dT%H:%M:%S.%f}Z".rjust(27, "0"))
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SHARE = st.floats(0, 1)
TEN = st.floats(0, 10)
COUNT = st.integers(0, 2**53)
SCALAR = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | NUMBER | TEXT
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
BAG = st.dictionaries(NAME, JSON, max_size=3)
# names that are no path fields, so that no text of theirs can be taken for a path
NODE = st.fixed_dictionaries(
    {"class_type": NAME, "inputs": st.dictionaries(st.just("text"), JSON, max_size=1)}
)

IDENTITY = KEYS.flatmap(
    lambda key: st.builds(
        Identity,
        key=st.just(key),
        project=st.just(key.split("/")[0]),
        run_id=st.just(key.split("/")[2]) if key.split("/")[1] == "working" else NAME,
        iteration=st.none(),
        job_key=_maybe(HASH),
        prompt_id=_maybe(UUID),
        sha256=HASH,
        size_bytes=COUNT,
        width=st.integers(1, 65_535),
        height=st.integers(1, 65_535),
        mime=st.sampled_from(["image/png", "image/jpeg", "image/webp"]),
    )
)
LORA = st.builds(Lora, name=FILE, strength=NUMBER, strength_clip=_maybe(NUMBER))
PARAMETERS = st.builds(
    Parameters,
    seed=_maybe(st.integers(0, 2**64 - 1)),
    steps=_maybe(st.integers(0, 100_000)),
    cfg=_maybe(st.floats(-1000, 1000)),
    sampler=_maybe(NAME),
    denoise=_maybe(SHARE),
    resolution=_maybe(st.tuples(st.integers(1, 65_535), st.integers(1, 65_535))),
    loras=st.lists(LORA, max_size=2).map(tuple),
)
SCORE = st.builds(
    Score,
    metric=NAME,
    dimension=_maybe(st.sampled_from(["technical", "aesthetic", "prompt_adherence", "detail"])),
    tier=st.sampled_from(["lite", "onnx", "torch"]),
    raw=NUMBER,
    normalised=_maybe(TEN),
    reason=st.none(),
)
QUALITY = st.builds(
    Quality.from_scores,
    st.lists(SCORE, max_size=3).map(tuple),
    _maybe(TEN),
    _maybe(st.sampled_from(["A", "B", "C", "D", "F"])),
    _maybe(SHARE),
)
ITERATION = st.builds(
    Iteration,
    iteration=st.integers(1, 1_000_000),
    timestamp=_maybe(MOMENT),
    image_path=_maybe(FILE),
    parameters_used=BAG,
    questions=BAG,
    evaluation=_maybe(
        st.builds(
            Evaluation,
            overall_score=_maybe(st.floats(0, 100)),
            criteria_results=st.dictionaries(NAME, _maybe(st.booleans()), max_size=3),
            probabilities=st.dictionaries(NAME, SHARE, max_size=2),
        )
    ),
    comparison=_maybe(
        st.builds(
            Comparison,
            similarity_score=_maybe(SHARE),
            differences=st.lists(TEXT, max_size=2).map(tuple),
            analysis=TEXT,
        )
    ),
    aivis_metadata=_maybe(st.builds(JudgeReceipt, provider=_maybe(NAME), error=_maybe(TEXT))),
    prompts_used=_maybe(st.builds(PromptsUsed, positive=TEXT, negative=TEXT)),
)


@st.composite
def sidecars(draw: st.DrawFn) -> Sidecar:
    """Any sidecar of ours, or one upgraded from elsewhere."""
    variations = draw(st.dictionaries(NAME, SCALAR, max_size=3))
    return Sidecar(
        timestamp=draw(MOMENT),
        committed_at=draw(_maybe(MOMENT)),
        generation_id=draw(UUID),
        identity=draw(IDENTITY),
        input=draw(st.builds(Input, prompt=TEXT, negative_prompt=TEXT, preset=_maybe(NAME))),
        workflow=draw(
            st.builds(
                Workflow,
                name=_maybe(FILE),
                model=_maybe(FILE),
                graph=_maybe(st.dictionaries(NAME, NODE, max_size=3)),
                unparsed=st.lists(JSON, max_size=2).map(tuple),
            )
        ),
        parameters=draw(PARAMETERS),
        engine=draw(
            _maybe(
                st.builds(
                    Engine,
                    kind=NAME,
                    version=NAME,
                    host=NAME,
                    model_hashes=st.dictionaries(FILE, HASH, max_size=2),
                )
            )
        ),
        parents=tuple(draw(st.lists(st.builds(Parent, sha256=HASH, key=_maybe(KEYS)), max_size=2))),
        iteration=draw(_maybe(ITERATION)),
        quality=draw(_maybe(QUALITY)),
        refinement=draw(
            _maybe(
                st.builds(
                    Refinement,
                    attempt=st.integers(1, 99),
                    max_attempts=st.integers(1, 99),
                    strategy=_maybe(NAME),
                    previous_scores=st.lists(_maybe(TEN), max_size=3).map(tuple),
                )
            )
        ),
        variations=variations,
        variation_combination_hash=combination_hash(variations),
        cost=draw(_maybe(st.builds(Cost, seconds=_maybe(st.floats(0, 1e9)), calls=_maybe(COUNT)))),
        storage=draw(_maybe(st.builds(Storage, kind=st.just("folder"), key=FILE))),
        validation_score=draw(_maybe(SHARE)),
        is_test=draw(st.booleans()),
        origin=draw(_maybe(st.builds(Origin, form=st.just("imported")))),
        extra=draw(st.dictionaries(TEXT, JSON, max_size=2)),
    )
