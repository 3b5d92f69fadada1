"""Mistakes of shape are told with place, expectation and the nearest valid name."""

from typing import Any

import pytest

from darkroom.core.config.aigen import AIGen
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.checking import checked
from darkroom.core.config.faults import MOST_TOLD, Fault, near_name
from darkroom.core.config.lab import LabConfig
from darkroom.core.config.parameters import Preset
from darkroom.core.config.rule_checks import rule_faults
from darkroom.core.config.rules import Rules
from darkroom.core.config.tree import Branch, Leaf, Node, Origin, from_plain, merge

CANARY = "sk-canary-4815162342"


def aigen(**more: Any) -> dict[str, Any]:
    return {
        "workflow_file": "w.json",
        "model": {"ckpt_name": "m.safetensors"},
        "prompts": {"positive": "a cat"},
        **more,
    }


def criterion(**more: Any) -> dict[str, Any]:
    return {"acceptance_criteria": [{"field": "a", "question": "Is it?", **more}]}


def told(model: type[Any], values: Any) -> list[str]:
    _, problems = checked(model, from_plain(values, Origin("f.yaml", 3)))
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (AIGen, aigen(workflw="x"), "workflw: unknown key; expected one of workflow_file, model"),
        (AIGen, aigen(parameters={"denoise": 1.5}), "denoise: must be at most 1, got 1.5"),
        (AIGen, aigen(parameters={"cfg": 0.5}), "cfg: must be at least 1, got 0.5"),
        (AIGen, aigen(parameters={"cfg": 21}), "cfg: must be at most 20, got 21"),
        (AIGen, aigen(parameters={"steps": 0}), "steps: must be at least 1, got 0"),
        (AIGen, aigen(parameters={"steps": 2.5}), "expected a whole number, got 2.5"),
        (AIGen, aigen(parameters={"steps": "25"}), "got the text '25'; write it without quotes"),
        (
            AIGen,
            aigen(parameters={"steps": "many"}),
            "expected a whole number, got the text 'many'",
        ),
        (AIGen, aigen(parameters={"cfg": True}), "expected a number, got true"),
        (AIGen, aigen(parameters={"cfg": None}), "is empty; write a number or remove the line"),
        (AIGen, aigen(parameters={"seed": 2**64}), "seed: must be at most 18446744073709551615"),
        (AIGen, aigen(parameters={"seed": -2}), "seed: must be at least -1"),
        (AIGen, aigen(parameters={"width": 100}), "width: must be a multiple of 8"),
        (
            AIGen,
            aigen(parameters=[1]),
            "parameters: expected a mapping of keys to values, got a list",
        ),
        (AIGen, aigen(parameters=None), "parameters: is empty; write a mapping"),
        (AIGen, aigen(model={}), "model.ckpt_name: is missing; expected text"),
        (
            AIGen,
            {k: v for k, v in aigen().items() if k != "model"},
            "model: is missing; expected a mapping with ckpt_name",
        ),
        (AIGen, aigen(prompts={"positive": " "}), "positive: must not be blank"),
        (AIGen, aigen(comfyui={"host": "http://x"}), "host: must be a host alone"),
        (AIGen, aigen(comfyui={"host": "a b"}), "host: must be the name or number of a host"),
        (AIGen, aigen(comfyui={"port": 0}), "port: must be at least 1"),
        (AIGen, aigen(bindings={"positivee": "9.text"}), "did you mean 'positive'?"),
        (AIGen, aigen(bindings={"positive": "9"}), "must have the form node.input"),
        (AIGen, aigen(bindings={"positive": []}), "must hold 1 or more entries"),
        (AIGen, aigen(bindings={"positive": {"a": 1}}), "expected a list, got a mapping"),
        (
            AIGen,
            aigen(bindings={f"r{n}": "9.text" for n in range(101)}),
            "bindings: must hold no more than 100 entries",
        ),
        (AIGen, aigen(strategies={"cfg_step": 0}), "cfg_step: must be above 0"),
        (AIGen, aigen(preset="No Such"), "preset: must be lower-case"),
        (AIVis, {"provider": "olama"}, "got the text 'olama' (did you mean 'ollama'?)"),
        (AIVis, {"provider": None}, "or openai, got nothing"),
        (AIGen, aigen(parameters={"cfg": "yes"}), "expected a number, got the text 'yes'"),
        (AIVis, {"provider": False}, "or openai, got false"),
        (AIVis, {"provider": {}}, "or openai, got a mapping"),
        (AIVis, {"provider": "embedded", "canary": "yes"}, "expected true or false, got the text"),
        (AIVis, {"provider": "openai", "base_url": "ftp://x"}, "must be an address such as"),
        (AIVis, {"provider": "openai", "base_url": "http://[x"}, "must be an address such as"),
        (AIVis, {"provider": "openai", "base_url": "http://x:99999"}, "must be an address such as"),
        (AIVis, {"provider": "openai", "base_url": "http://h/?k=v"}, "must end before any '?'"),
        (LabConfig, {"hosts": {"embedded": {"url": "http://x"}}}, "is the built-in engine"),
        (LabConfig, {"hosts": {"Big One": {"url": "http://x"}}}, "must be lower-case letters"),
        (LabConfig, {"hosts": ["x"]}, "expected a mapping of names to values, got a list"),
        (
            LabConfig,
            {"hosts": {"a": {"url": "http://x", "n": 1}}},
            "hosts.a.n: unknown key; expected one of url",
        ),
        (LabConfig, {"providers": {"olama": {}}}, "unknown name; expected embedded, ollama"),
        (LabConfig, {"spool": {"max_bytes": 1}}, "must be at least 1048576"),
        (Preset, {"parameters": {"cfg": 99}}, "cfg: must be at most 20"),
        (Rules, {"acceptance_criteria": []}, "must hold 1 or more entries, got a list"),
        (Rules, {}, "acceptance_criteria: is missing; expected a mapping with field, question"),
        (Rules, criterion(field="1a"), "field: must start with a letter"),
        (Rules, criterion(intent="chang"), "(did you mean 'change'?)"),
        (Rules, criterion(weight=0), "weight: must be above 0"),
        (Rules, criterion(must_include="tie"), "must_include: expected a list, got the text 'tie'"),
        (Rules, criterion(enum=[[1]]), "enum[0]: must be a text, a number, true or false"),
        (Rules, [1], "expected a mapping of keys to values, got a list"),
    ],
)
def test_one_mistake(model: type[Any], values: Any, message: str) -> None:
    lines = told(model, values)
    assert len(lines) == 1
    assert message in lines[0]
    assert lines[0].startswith("f.yaml:3:")


def test_a_key_in_the_wrong_section_is_sent_to_the_right_one() -> None:
    assert "did you mean 'parameters.cfg'?" in told(AIGen, aigen(cfg=3))[0]


def test_a_word_read_as_false_is_told_to_stand_in_quotes() -> None:
    origin = Origin("f.yaml", 9, "no")
    tree = merge(
        from_plain(aigen(), Origin("f.yaml")),
        Branch({"workflow_file": Leaf(False, origin)}, Origin("f.yaml")),
    )
    _, problems = checked(AIGen, tree)
    assert [problem.line for problem in problems] == [9]
    assert "write 'no' in quotes" in problems[0].message


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("1e1", "write 10"),
        ("15e-2", "write 0.15"),
        ("1_0e300", "write 1.000000e+301"),
        ("1e999", "a number within range"),
    ],
)
def test_an_exponent_read_as_text_is_spelled_out(written: str, spelled: str) -> None:
    leaf = Leaf(written, Origin("f.yaml", 2, written))
    parameters = Branch({"cfg": leaf}, Origin("f.yaml"))
    base = from_plain(aigen(), Origin("f.yaml"))
    _, problems = checked(AIGen, merge(base, Branch({"parameters": parameters}, Origin("f"))))
    assert f"YAML reads {written} as text" in problems[0].message
    assert spelled in problems[0].message


@pytest.mark.parametrize(
    "values",
    [
        {"provider": "openrouter", "api_key": [CANARY]},
        {"provider": "openrouter", "api_key": 4815162342},
        {"provider": "openrouter", "apikey": CANARY},
        {"provider": "openrouter", "api_key": {"is": CANARY}},
        {"provider": "openai", "base_url": f"http://u:{CANARY}@host"},
        {"provider": "nope", "api_key": CANARY},
    ],
)
def test_no_complaint_shows_a_secret(values: dict[str, Any]) -> None:
    lines = told(AIVis, values)
    assert lines
    assert not [line for line in lines if CANARY in line or "4815162342" in line]


def test_contradictions_and_mistakes_of_shape_are_told_together() -> None:
    entry = {"field": "a", "question": "?", "min": 1, "max": 0, "colour": 1}
    tree = from_plain({"acceptance_criteria": [entry]}, Origin("f"))
    _, problems = checked(Rules, tree, rule_faults)
    assert {problem.key.split(".")[-1] for problem in problems} == {"min", "colour"}


def test_what_is_right_becomes_the_model() -> None:
    model, problems = checked(AIGen, from_plain(aigen(), Origin("f")))
    assert problems == ()
    assert model is not None
    assert model.parameters.steps == 25


def test_very_many_mistakes_end_in_a_remark() -> None:
    wrong = {f"key{number}": 1 for number in range(3 * MOST_TOLD)}
    lines = told(AIGen, aigen(**wrong))
    assert len(lines) == MOST_TOLD + 1
    assert "more mistakes follow" in lines[-1]


def test_mistakes_are_told_in_the_order_of_their_lines() -> None:
    def at(line: int) -> Node:
        return Leaf(1, Origin("f", line))

    tree = Branch({"b": at(5), "a": at(2)}, Origin("f"))
    _, problems = checked(LabConfig, tree)
    assert [problem.line for problem in problems] == [2, 5]


def test_the_same_mistake_is_told_once() -> None:
    fault = Fault(("x",), "is odd")
    _, problems = checked(LabConfig, from_plain({}, Origin("f")), lambda _: iter([fault, fault]))
    assert len(problems) == 1


def test_long_texts_have_no_nearest_name() -> None:
    assert near_name("x" * 100_000, ["x"]) is None
    assert near_name("denoize", ["denoise", "x" * 100_000]) == "denoise"
