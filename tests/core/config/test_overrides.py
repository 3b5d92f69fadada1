"""Flags of the command line become the topmost layer of the right file."""

import pytest

from darkroom.core.config.aigen import AIGen
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.lab import LabConfig
from darkroom.core.config.overrides import Overrides, read_overrides
from darkroom.core.config.prompts import PromptTemplates
from darkroom.core.config.rules import Rules
from darkroom.core.config.tree import Leaf, Node, Origin, plain
from darkroom.core.errors import Problem

MODELS = {
    "AIGen": AIGen,
    "AIVis": AIVis,
    "rules": Rules,
    "prompts": PromptTemplates,
    "darkroom": LabConfig,
}


def as_number(text: str) -> Node | Problem:
    if text == "bad":
        return Problem("--set", None, "", "is bad")
    return Leaf(float(text), Origin("--set"))


def read(*flags: str) -> Overrides:
    return read_overrides(flags, MODELS, as_number)


@pytest.mark.parametrize(
    ("flag", "file", "values"),
    [
        ("parameters.cfg=5", "AIGen", {"parameters": {"cfg": 5.0}}),
        ("prompts.positive=a: b", "AIGen", {"prompts": {"positive": "a: b"}}),
        ("model.ckpt_name=7", "AIGen", {"model": {"ckpt_name": "7"}}),
        ("model=qwen", "AIVis", {"model": "qwen"}),
        ("AIVis.model=qwen", "AIVis", {"model": "qwen"}),
        ("AIVis.holdout.model=x", "AIVis", {"holdout": {"model": "x"}}),
        ("project.max_iterations=3", "rules", {"project": {"max_iterations": 3.0}}),
        ("questions=3", "rules", {"questions": 3.0}),
        ("prompts.system=be kind", "prompts", {"system": "be kind"}),
        ("store.root=x=y", "darkroom", {"store": {"root": "x=y"}}),
        ("hosts.big.url=http://x", "darkroom", {"hosts": {"big": {"url": "http://x"}}}),
    ],
)
def test_a_flag_finds_its_file(flag: str, file: str, values: object) -> None:
    found = read(flag)
    assert found.problems == ()
    assert {name: plain(tree) for name, tree in found.trees.items()} == {file: values}


def test_later_flags_win() -> None:
    found = read("parameters.cfg=5", "parameters.steps=9", "parameters.cfg=6")
    assert plain(found.trees["AIGen"]) == {"parameters": {"cfg": 6.0, "steps": 9.0}}


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("parameters.cfg", "expected KEY=VALUE"),
        ("=5", "expected KEY=VALUE"),
        ("parameters.cgf=5", "did you mean 'parameters.cfg'?"),
        ("cfg=5", "did you mean 'parameters.cfg'?"),
        ("parameters=5", "no file has this key"),
        ("nothing.like.it=5", "no file has this key"),
        ("acceptance_criteria.0.field=x", "no file has this key"),
        ("api_key=sk-canary", "is a secret"),
        ("parameters.cfg=bad", "is bad"),
        ("prompts.positive=a\x1b[2J", "control character U+001B"),
    ],
)
def test_flags_that_are_refused(flag: str, message: str) -> None:
    found = read(flag)
    assert found.trees == {}
    assert [message in str(problem) for problem in found.problems] == [True]
    assert "sk-canary" not in str(found)
