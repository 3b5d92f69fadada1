"""The configuration of one project: defaults below, its own files above, flags on top.

Owns which files are layered in what order, and that every mistake of every file is
found in one pass. A project's rules are its own and never inherited; everything
else may be left out and then comes from the defaults.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TypeVar

from pydantic import BaseModel

from darkroom.adapters.confined import Refused, find_file, read_bounded
from darkroom.adapters.settings import Lab, unrelated
from darkroom.adapters.shipped import defaults_folder, label
from darkroom.adapters.yaml_files import parse_yaml, read_yaml
from darkroom.core.config.aigen import AIGen
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.checking import checked
from darkroom.core.config.contradictions import drawing_faults, judge_faults, merge_judges
from darkroom.core.config.faults import Fault, near_name
from darkroom.core.config.parameters import Preset
from darkroom.core.config.prompts import PromptTemplates
from darkroom.core.config.rule_checks import rule_faults
from darkroom.core.config.rules import Rules
from darkroom.core.config.tree import Branch, Leaf, Node, Origin, child, merge
from darkroom.core.errors import ConfigError, Problem

CONFIG = "config"
GUIDELINES = "rules_guidelines.md"
KNOWN = ("rules.yaml", "AIGen.yaml", "AIVis.yaml", "prompts.yaml")
MAX_BYTES = 1_000_000
M = TypeVar("M", bound=BaseModel)
Contradictions = Callable[[object], Iterator[Fault]]
_EMPTY = Branch({}, Origin("built in"))


@dataclass(frozen=True)
class Layers:
    """The checked files of a project; one that is wrong is None and among the problems."""

    rules: Rules | None
    aigen: AIGen | None
    aivis: AIVis | None
    prompts: PromptTemplates | None
    guidelines: str
    trees: dict[str, Node]
    problems: tuple[Problem, ...]


def read_layers(lab: Lab, folder: FilePath) -> Layers:
    """Read and check every configuration file of a project at once."""
    return _Reader(lab, folder).layers()


@dataclass
class _Reader:
    """Reads the files of one project and collects what is wrong."""

    lab: Lab
    folder: FilePath
    problems: list[Problem] = field(default_factory=list[Problem])

    def layers(self) -> Layers:
        self._report_misnamed()
        trees = {
            "rules": self._with_flags("rules", self._own("config/rules.yaml")),
            "AIGen": self._aigen(),
            "AIVis": self._aivis(),
            "prompts": self._prompts(),
        }
        has_rules = (self.folder / CONFIG / KNOWN[0]).exists()
        return Layers(
            rules=self._checked(Rules, trees["rules"], rule_faults) if has_rules else None,
            aigen=self._checked(AIGen, trees["AIGen"], drawing_faults),
            aivis=self._checked(AIVis, trees["AIVis"], judge_faults),
            prompts=self._checked(PromptTemplates, trees["prompts"]),
            guidelines=self._guidelines(),
            trees=trees,
            problems=tuple(self.problems),
        )

    def _checked(
        self, model: type[M], tree: Node, contradictions: Contradictions | None = None
    ) -> M | None:
        found, wrong = checked(model, tree, contradictions)
        self.problems += unrelated(self.problems, wrong)
        return found

    def _aigen(self) -> Node:
        tree = self._shipped("config/AIGen.yaml")
        for layer in (self._own("config/AIGen.yaml"), self._flags("AIGen")):
            tree = merge(merge(tree, self._preset_of(layer)), layer)
        return tree

    def _aivis(self) -> Node:
        tree = merge_judges(self._shipped("config/AIVis.yaml"), self._own("config/AIVis.yaml"))
        return merge_judges(tree, self._flags("AIVis"))

    def _prompts(self) -> Node:
        own = self._own("config/prompts.yaml")
        return self._with_flags("prompts", merge(self._shipped("prompts.yaml"), own))

    def _with_flags(self, file: str, tree: Node) -> Node:
        return merge(tree, self._flags(file))

    def _flags(self, file: str) -> Node:
        return self.lab.overrides.trees.get(file, _EMPTY)

    def _own(self, name: str) -> Node:
        """A file of the project; an empty tree where there is none."""
        source = self.lab.shown(self.folder / name)
        try:
            path = find_file(name, [self.folder], [self.folder, defaults_folder()])
            data = read_bounded(path, MAX_BYTES) if path else b""
        except Refused as error:
            self.problems.append(Problem(source, None, "", f"the file {error}"))
            return Branch({}, Origin(source))
        parsed = parse_yaml(data, source)
        self.problems += parsed.problems
        return parsed.tree

    def _shipped(self, name: str) -> Node:
        data = read_bounded(defaults_folder() / name, MAX_BYTES)
        return parse_yaml(data, label(name)).tree

    def _preset_of(self, layer: Node) -> Node:
        """The parameters of the preset that a layer names."""
        named = child(layer, "preset")
        if not isinstance(named, Leaf) or not isinstance(named.value, str):
            return _EMPTY
        tree = self._preset(named.value, named.origin)
        self._checked(Preset, tree)
        parameters = child(tree, "parameters")
        return Branch({"parameters": parameters}, tree.origin) if parameters else _EMPTY

    def _preset(self, name: str, origin: Origin) -> Node:
        known = preset_names(self.folder)
        if name not in known:
            message = f"there is no preset {name[:80]!r}; there are {', '.join(known)}"
            near = near_name(name, known)
            self.problems.append(Problem(origin.source, origin.line, "preset", message, near))
            return _EMPTY
        file = f"presets/{name}.yaml"
        is_own = (self.folder / file).is_file()
        return self._own(file) if is_own else self._shipped(file)

    def _guidelines(self) -> str:
        name = f"{CONFIG}/{GUIDELINES}"
        places = [self.folder, defaults_folder()]
        try:
            path = find_file(name, places, places)
            return read_bounded(path, MAX_BYTES).decode("utf-8-sig") if path else ""
        except Refused as error:
            message = f"the file {error}"
        except UnicodeDecodeError:
            message = "is not UTF-8; save it with that encoding"
        self.problems.append(Problem(self.lab.shown(self.folder / name), None, "", message))
        return ""

    def _report_misnamed(self) -> None:
        """A file that is almost called like one of ours would be passed over in silence."""
        present = _names_in(self.folder / CONFIG)
        for name in present:
            near = near_name(name, KNOWN)
            if name.endswith((".yaml", ".yml")) and near and near not in present:
                source = self.lab.shown(self.folder / CONFIG / name)
                self.problems.append(Problem(source, None, "", "is not read by anything", near))
        if KNOWN[0] not in present:
            source = self.lab.shown(self.folder / CONFIG / KNOWN[0])
            self.problems.append(Problem(source, None, "", "is missing; it says what is wanted"))


def load_rules(path: FilePath, source: str) -> Rules:
    """Read one rules file that stands by itself, or raise with every mistake."""
    parsed = read_yaml(path, source)
    rules, wrong = checked(Rules, parsed.tree, rule_faults)
    problems = (*parsed.problems, *unrelated(parsed.problems, wrong))
    if rules is None or problems:
        raise ConfigError("config-invalid", problems)
    return rules


def preset_names(folder: FilePath) -> list[str]:
    """The presets a project may name: its own and the shipped ones."""
    own = _names_in(folder / "presets") if folder.is_dir() else []
    shipped_ones = _names_in(defaults_folder() / "presets")
    files = [name for name in (*own, *shipped_ones) if name.endswith(".yaml")]
    return sorted({name.removesuffix(".yaml") for name in files})


def _names_in(folder: FilePath) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names only, and one error to catch
    except OSError:
        return []
