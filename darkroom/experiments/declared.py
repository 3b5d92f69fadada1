"""The experiments of projects: where their files lie, and reading one.

Owns the names: `project/experiment`, a YAML file under `projects/<project>/experiments/`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.confined import Refused, find_file, read_bounded
from darkroom.adapters.projects import Project, check_project, project_folder, project_names
from darkroom.adapters.settings import Lab
from darkroom.adapters.yaml_files import MAX_BYTES, parse_yaml
from darkroom.core.config.slugs import is_slug
from darkroom.core.config.tree import Leaf, find, plain
from darkroom.core.errors import ConfigError, Problem, UsageError
from darkroom.core.experiments.declaration import Experiment
from darkroom.core.experiments.reading import read_experiment
from darkroom.core.text import nearest
from darkroom.experiments.named import misnamed

FOLDER = "experiments"
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Declared:
    """One experiment of one project, read and checked."""

    project: Project
    experiment: Experiment
    source: str
    """How messages name the file."""
    written: object
    """What the file says, as plain values."""

    @property
    def name(self) -> str:
        """How a person calls it."""
        return f"{self.project.name}/{self.experiment.name}"


@dataclass(frozen=True)
class Listed:
    """One line of `experiment list`."""

    name: str
    description: str
    file: str
    mistakes: int


def split(name: str) -> tuple[str, str]:
    """Take `project/experiment` apart; the path of the file will do as well."""
    bare = name.replace("\\", "/").removesuffix(".yaml").removesuffix(".yml").strip("/")
    parts = [part for part in bare.split("/") if part]
    if len(parts) > 2 and parts[-2] == FOLDER:  # noqa: PLR2004 - project, folder, file
        parts = [parts[-3], parts[-1]]
    if len(parts) != 2 or not all(is_slug(part) for part in parts):  # noqa: PLR2004 - both names
        message = f"{name[:120]!r} does not name an experiment"
        raise UsageError("experiment-unknown", message)
    return parts[0], parts[1]


def read_declared(lab: Lab, name: str) -> Declared:
    """Read one experiment and its project, or raise with every mistake in both."""
    project_name, experiment_name = split(name)
    folder = project_folder(lab, project_name)
    source, data = _file(lab, folder, experiment_name)
    parsed = parse_yaml(data, source)
    experiment, problems = read_experiment(experiment_name, parsed.tree)
    checked = check_project(lab, project_name)
    names = misnamed(lab, checked.project, parsed.tree, source) if checked.project else []
    own = [*(parsed.problems or problems), *(each.problem for each in names)]
    wrong = [*checked.problems, *sorted(own, key=lambda each: each.line or 0)]
    if len(names) == len(wrong) == 1:
        raise names[0].error
    if wrong or experiment is None or checked.project is None:
        raise ConfigError("config-invalid", tuple(wrong))
    return Declared(checked.project, experiment, source, plain(parsed.tree))


def experiment_names(folder: Path) -> list[str]:
    """The experiments of one project, sorted."""
    try:
        entries = sorted(os.listdir(folder / FOLDER))  # noqa: PTH208 - names only
    except OSError:
        return []
    stems = [name.rpartition(".")[0] for name in entries if name.endswith(_ENDINGS)]
    return sorted({stem for stem in stems if is_slug(stem)})


def list_declared(lab: Lab, project: str | None = None) -> list[Listed]:
    """Every experiment of one project or of all, wrong ones as well."""
    names = [project] if project else project_names(lab)
    return [
        _listed(lab, folder, name)
        for folder in (project_folder(lab, each) for each in names)
        for name in experiment_names(folder)
    ]


def _listed(lab: Lab, folder: Path, name: str) -> Listed:
    try:
        source, data = _file(lab, folder, name)
    except ConfigError as error:
        wrong = error.problems[0]
        return Listed(f"{folder.name}/{name}", wrong.message, wrong.file, 1)
    parsed = parse_yaml(data, source)
    _, problems = read_experiment(name, parsed.tree)
    said = find(parsed.tree, ("description",))
    description = str(said.value).strip() if isinstance(said, Leaf) else ""
    mistakes = len(parsed.problems or problems)
    return Listed(f"{folder.name}/{name}", description, source, mistakes)


def _file(lab: Lab, folder: Path, name: str) -> tuple[str, bytes]:
    """How messages name the file, and its bytes."""
    for ending in _ENDINGS:
        source = lab.shown(folder / FOLDER / f"{name}{ending}")
        try:
            path = find_file(f"{FOLDER}/{name}{ending}", [folder], [folder])
            if path is not None:
                return source, read_bounded(path, MAX_BYTES)
        except Refused as error:
            problem = Problem(source, None, "", f"the file {error}")
            raise ConfigError("config-invalid", (problem,)) from error
    known = experiment_names(folder)
    near = nearest(name, known)
    meant = f"; did you mean {near!r}?" if near else f"; there are {', '.join(known) or 'none'}"
    message = f"project {folder.name!r} has no experiment {name!r}{meant}"
    raise UsageError("experiment-unknown", message)
