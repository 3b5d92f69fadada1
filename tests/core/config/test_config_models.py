"""What a right document becomes."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from darkroom.core.config.aigen import AIGen, Comfy
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.config.lab import LabConfig
from darkroom.core.config.parameters import MAX_SEED, Parameters
from darkroom.core.config.rules import Criterion, Question, Rules
from darkroom.core.workflow.bindings import read_bindings
from darkroom.core.workflow.graph import read_graph


def criterion(**more: Any) -> Criterion:
    return Criterion.model_validate({"field": "a", "question": "Is it?", **more})


def test_a_criterion_needs_only_a_name_and_a_question() -> None:
    found = criterion()
    assert (found.type, found.weight, found.depends_on, found.on_fail) == ("boolean", 1.0, (), None)


@pytest.mark.parametrize(
    ("written", "read"),
    [("b", ("b",)), (["b", "c"], ("b", "c")), (["b", "b"], ("b",)), ([], ())],
)
def test_one_parent_may_be_written_without_a_list(written: object, read: tuple[str, ...]) -> None:
    assert criterion(depends_on=written).depends_on == read


@pytest.mark.parametrize(
    ("written", "kind", "allowed"),
    [
        ("integer", "integer", None),
        (["number"], "number", None),
        (["tie", "hat"], "string", ("tie", "hat")),
        ({"type": "string", "enum": ["x"]}, "string", ("x",)),
        ([{"type": "boolean"}], "boolean", None),
    ],
)
def test_the_items_of_a_list_may_be_said_in_three_ways(
    written: object, kind: str, allowed: object
) -> None:
    document = {"field": "a", "question": "?", "type": "array", "items": written}
    items = Question.model_validate(document).items
    assert items is not None
    assert (items.type, items.enum) == (kind, allowed)


def test_items_of_another_shape_are_refused() -> None:
    with pytest.raises(ValidationError):
        Question.model_validate({"field": "a", "question": "?", "type": "array", "items": 4})


def test_rules_without_a_project_section_have_usual_values() -> None:
    rules = Rules(acceptance_criteria=(criterion(),))
    assert (rules.project.max_iterations, rules.project.strategy) == (20, "fixed")
    assert rules.project.control == "none"


@pytest.mark.parametrize(("seed", "read"), [(None, None), (-1, None), (0, 0), (MAX_SEED, MAX_SEED)])
def test_a_seed_of_minus_one_is_drawn(seed: int | None, read: int | None) -> None:
    assert Parameters(seed=seed).seed == read


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Parameters().cfg = 3.0


@pytest.mark.parametrize("host", ["localhost", "10.0.0.7", "gpu-1.lab", "[::1]", "a"])
def test_hosts_that_are_accepted(host: str) -> None:
    assert not Comfy(host=host).is_embedded


def test_the_built_in_engine_is_a_host() -> None:
    assert Comfy(host=EMBEDDED).is_embedded


def test_bindings_are_in_the_form_the_workflow_reader_takes() -> None:
    document = {
        "workflow_file": "w.json",
        "model": {"ckpt_name": "m"},
        "prompts": {"positive": "x"},
        "bindings": {"positive": "9.text", "seed": ["3.seed"]},
    }
    aigen = AIGen.model_validate(document)
    nodes = {
        "9": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}},
        "3": {"class_type": "KSampler", "inputs": {"seed": 1}},
    }
    assert len(read_bindings(aigen.bindings, read_graph(nodes))) == 2


@pytest.mark.parametrize(
    ("provider", "asked", "read"), [("ollama", None, 1), ("openrouter", None, 4), ("openai", 2, 2)]
)
def test_services_are_asked_more_at_a_time_than_local_models(
    provider: str, asked: int | None, read: int
) -> None:
    document = {"provider": provider, "model": "m", "max_concurrent": asked}
    assert AIVis.model_validate(document).concurrency == read


def test_the_fallback_is_a_judge_of_its_own() -> None:
    document = {"provider": "ollama", "model": "a", "fallback_provider": "openai"}
    aivis = AIVis.model_validate(document | {"fallback_model": "b"})
    assert aivis.fallback is not None
    assert (aivis.fallback.provider, aivis.fallback.model) == ("openai", "b")
    assert AIVis(provider="embedded").fallback is None


def test_an_empty_key_is_no_key() -> None:
    assert AIVis(provider="embedded", api_key=SecretStr("")).key is None
    assert AIVis(provider="embedded", api_key=SecretStr("x")).key == SecretStr("x")


def test_a_key_shows_in_no_form_of_the_model() -> None:
    canary = "sk-canary-4815162342"
    aivis = AIVis(provider="openrouter", model="m", api_key=SecretStr(canary))
    forms = [repr(aivis), str(aivis), str(aivis.model_dump()), aivis.model_dump_json()]
    forms += [str(aivis.model_dump(mode="json")), f"{aivis!r}", str(aivis.__dict__)]
    assert not [form for form in forms if canary in form]


def test_addresses_lose_a_closing_slash() -> None:
    lab = LabConfig.model_validate({"hosts": {"big": {"url": "http://10.0.0.7:8188/"}}})
    assert lab.hosts["big"].url == "http://10.0.0.7:8188"
