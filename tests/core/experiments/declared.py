"""What the tests of experiments share: a file's text as an understood experiment."""

from darkroom.adapters.yaml_files import parse_yaml
from darkroom.core.errors import Problem
from darkroom.core.experiments.declaration import Experiment
from darkroom.core.experiments.reading import read_experiment


def read(text: str) -> tuple[Experiment | None, tuple[Problem, ...]]:
    parsed = parse_yaml(text.encode(), "e.yaml")
    assert not parsed.problems
    return read_experiment("first", parsed.tree)


def experiment(text: str) -> Experiment:
    found, problems = read(text)
    assert found is not None, [str(each) for each in problems]
    return found


def mistakes(text: str) -> list[str]:
    found, problems = read(text)
    assert found is None
    return [str(each) for each in problems]
