"""An experiment's file: what it means, and every mistake in it at once."""

import pytest

from tests.core.experiments.declared import experiment, mistakes


def labels(text: str) -> list[list[object]]:
    return [[value.label for value in axis.values] for axis in experiment(text).axes]


@pytest.mark.parametrize(
    ("axis", "meant"),
    [
        ("cfg: [2.0, 4]", [2.0, 4]),
        ("steps: {from: 8, to: 20, step: 6}", [8, 14, 20]),
        ("steps: {from: 8, to: 19, step: 6}", [8, 14]),
        ("cfg: {from: 1, to: 2, step: 0.5}", [1.0, 1.5, 2.0]),
        ("cfg: {from: 1, to: 2, count: 5}", [1, 1.25, 1.5, 1.75, 2]),
        ("cfg: {from: 1, to: 100, count: 3, log: true}", [1, 10, 100]),
        ("size: {targets: [width, height], values: [[64, 128], [64, 64]]}", ["64x128", "64x64"]),
        ("size: {targets: [width, height], values: [64, 128]}", [64, 128]),
        ("size: {targets: [width, cfg], values: [[64, 2.5]]}", ["64, 2.5"]),
        ("lora:detail: [0, 0.5]", [0.0, 0.5]),
        ("soft: {target: 'lora:soft', from: 0.0, to: 1.0, count: 2}", [0.0, 1.0]),
        ("3.cfg: [1.0, true, name]", [1.0, True, "name"]),
        ("sampler_name: [[euler]]", ["euler"]),
    ],
)
def test_an_axis_has_these_values(axis: str, meant: list[object]):
    (found,) = labels(f"axes:\n  {axis}\n")
    assert found == meant
    assert [type(each) for each in found] == [type(each) for each in meant]


def test_linked_inputs_change_together():
    text = "axes:\n  size: {targets: [width, height], values: [[64, 128]]}\n"
    (axis,) = experiment(text).axes
    assert axis.values[0].sets == {"width": 64, "height": 128}
    assert axis.value_at("64x128") is axis.values[0]


def test_an_open_range_makes_the_value_it_is_asked_for():
    (axis,) = experiment("axes: {cfg: {from: 1.0, to: 9.0}}\nadaptive: {}\n").axes
    assert axis.value_at(2.5).sets == {"cfg": 2.5}


def test_other_spellings_of_a_role_are_the_role():
    (axis,) = experiment("axes: {sampler_name: [euler]}").axes
    assert axis.targets == ("sampler",)


def test_what_is_left_out_has_a_usual_value():
    found = experiment("{}")
    assert (found.seed_count, found.scale, found.declared.repeats) == (3, 100.0, 1)
    assert experiment("seeds: [7, 8]\njudge: scores").seed_count == 2
    assert experiment("judge: scores").scale == 10.0
    assert experiment("refine: none").declared.refine is None
    assert experiment("hosts: [a, b]").declared.hosts == ("a", "b")
    assert experiment("judge: scores\nrefine: {threshold: 7}").declared.refine is not None


def test_prompts_may_be_one_a_list_or_named():
    assert [label for label, _ in experiment("prompts: a cat").templates] == ["a cat"]
    assert len(experiment("prompts: [a, b]").templates) == 2
    assert [n for n, _ in experiment("prompts: {cat: a cat, dog: a dog}").templates] == [
        "cat",
        "dog",
    ]
    assert len(experiment("axes: {prompt: [a, b]}").templates) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("axis: {}", "e.yaml:1: axis: unknown key"),
        ("axes: {cfg: 3}", "expected a list of values, or a mapping"),
        ("axes: {cfg: []}", "expected a list of one or more values"),
        ("axes: {cfg: {values: 3}}", "expected a list of one or more values"),
        ("axes: {cfg: {}}", "expected either values, or from and to"),
        ("axes: {cfg: {values: [1.0], from: 1}}", "expected either values"),
        ("axes: {cfg: {form: 1, to: 2, count: 3}}", "unknown key"),
        ("axes: {cfg: {from: 1, count: 3}}", "to is missing"),
        ("axes: {cfg: {from: x, to: 2, count: 3}}", "expected a number, got 'x'"),
        ("axes: {cfg: {from: 2, to: 2, count: 3}}", "from 2 is not below to 2"),
        ("axes: {cfg: {from: 1, to: 2, count: 3, step: 1}}", "write step or count"),
        ("axes: {cfg: {from: 1, to: 2, step: 0}}", "must be above 0"),
        ("axes: {cfg: {from: 1, to: 2, count: 1}}", "whole number from 2"),
        ("axes: {cfg: {from: 1, to: 2, count: 2, log: 3}}", "log must be true or false"),
        ("axes: {cfg: {from: 0, to: 2, count: 2, log: true}}", "from must be above 0"),
        ("axes: {cfg: {from: 1, to: 2, step: 1, log: true}}", "log goes with count"),
        ("axes: {cfg: {from: 1, to: 2, step: 0.00001}}", "more than 10000 values"),
        ("axes: {cfg: {from: 1, to: 2}}", "only with adaptive"),
        ("axes: {cfgg: [1.0]}", "did you mean 'cfg'"),
        ("axes: {seed: [1, 2]}", "under seeds:"),
        ("axes: {.x: [1]}", "not of the form node.input"),
        ("axes: {'lora:': [1]}", "names no LoRA"),
        ("axes: {cfg: [1.0, 1.0]}", "stands here twice"),
        ("axes: {cfg: [-1.0]}", "cfg must be a number from 0"),
        ("axes: {'lora:x': [high]}", "a LoRA's strength must be a number"),
        ("axes: {cfg: [{a: 1}]}", "must be a single text, number"),
        ("axes: {s: {targets: [width, height], values: [[1]]}}", "holds 1 values for 2 targets"),
        ("axes: {s: {targets: [width, width], values: [64]}}", "names a target twice"),
        ("axes: {s: {targets: [], values: [64]}}", "names nothing to change"),
        ("axes: {s: {targets: [1, cfg], values: [64]}}", "axes.s.targets[0]"),
        ("axes: {s: {target: 5, targets: [cfg], values: [6]}}", "write one of both"),
        ("axes: {a: {target: cfg, values: [6]}, cfg: [5.0]}", "and so does axis 'a'"),
        ("axes: {cfg: [5.0]}\nsettings: {cfg: 3}", "also fixes for every cell"),
        ("axes: {'lora:x': [5.0]}\nloras: {x: 3}", "also fixes for every cell"),
        ("axes: {negative: [x]}\nnegative: y", "which the file also fixes"),
        ("axes: {p: {target: prompt, values: [x]}}", "write prompts under prompts:"),
        ("axes: {color: {target: cfg, values: [1.0]}}\nprompts: '{color=a|b}'", "has the name"),
        ("axes: {prompt: [a]}\nprompts: b", "write one of both"),
        ("prompts: [a, a]", "stands here twice"),
        ("prompts: ['']", "expected a prompt in words"),
        ("prompts: []", "holds no prompt"),
        ("prompts: 5", "expected a prompt in words"),
        ("prompts: 'a {b'", "is not closed"),
        ("settings: {prompt: x}", "write the prompt under prompts:"),
        ("settings: {negative: x}", "write it as negative:"),
        ("settings: {nope: 1}", "no role is called 'nope'"),
        ("constraints: [stepps > 1]\naxes: {steps: [1, 2]}", "did you mean 'steps'"),
        ("constraints: ['1 +']", "is no condition"),
        ("constraints: [3]", "expected text"),
        ("seeds: 0", "expected how many"),
        ("seeds: true", "expected how many"),
        ("seeds: []", "must hold 1 to"),
        ("seeds: [1, 1]", "1 stands here twice"),
        ("seeds: [-1]", "expected a seed from 0"),
        ("hosts: [a, a]", "names one twice"),
        ("judge: none\nstop: {worse: true}", "needs a score"),
        ("judge: none\nadaptive: {}\naxes: {cfg: [1.0]}", "needs a score"),
        ("adaptive: {}", "has nothing to choose from"),
        ("refine: {threshold: 7}", "write judge: scores"),
        ("adaptive: {sampler: tpee}", "did you mean 'tpe'"),
        ("adaptive: {objectives: [score, score]}", "names one twice"),
        ("budget: {image: 3}", "did you mean 'images'"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, complaint: str):
    found = mistakes(text)
    assert any(complaint in each for each in found), found


def test_all_mistakes_are_told_at_once_in_file_order():
    found = mistakes("seeds: 0\naxes:\n  cfgg: [1]\n  steps: [x]\njudge: who\n")
    assert [each.split(":")[1] for each in found] == ["1", "3", "4", "5"]


def test_an_adaptive_experiment_may_choose_among_words_alone():
    assert experiment("adaptive: {}\nprompts: '{a|b}'").declared.adaptive is not None
    assert experiment("adaptive: {}\nprompts: [a, b]").declared.adaptive is not None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("stop: {target: 120}", "stop.target: is more than a perfect score, which is 100"),
        ("judge: scores\nstop: {target: 95}", "stop.target: is more than a perfect score, which"),
        ("axes: {cfgg: [3, 5]}", "no role is called 'cfgg'"),
        ("axes: {steps: [[1, 2]]}", "holds 2 values for 1 target"),
        ("constraints: [5]", "expected text, got 5"),
    ],
)
def test_a_mistake_is_told_once(text: str, complaint: str):
    (told,) = mistakes(text)
    assert complaint in told
