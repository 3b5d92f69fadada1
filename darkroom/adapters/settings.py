"""The laboratory as configured: darkroom.yaml of the user and of the repository, and secrets.

Owns where those files are looked for and how paths in them are meant. Read once
in a door or a block and passed down; nothing here is kept between calls.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from darkroom.adapters.lending import lent_now
from darkroom.adapters.secret_values import Secrets, read_secrets
from darkroom.adapters.yaml_files import parse_value, read_yaml
from darkroom.core.config.aigen import AIGen, Comfy
from darkroom.core.config.aivis import AIVis, Judge
from darkroom.core.config.checking import UNKNOWN_KEY, checked
from darkroom.core.config.contradictions import store_faults
from darkroom.core.config.lab import LabConfig
from darkroom.core.config.overrides import FLAG, Overrides, read_overrides
from darkroom.core.config.prompts import PromptTemplates
from darkroom.core.config.rules import Rules
from darkroom.core.config.tree import Branch, Node, Origin, merge, without_lines
from darkroom.core.errors import ConfigError, Problem

HOME_VARIABLE = "DARKROOM_HOME"
FILE = "darkroom.yaml"
MODELS = {
    "AIGen": AIGen,
    "AIVis": AIVis,
    "rules": Rules,
    "prompts": PromptTemplates,
    "darkroom": LabConfig,
}
"""What `--set` can reach, by the file's stem."""


@dataclass(frozen=True)
class Lab:
    """Where everything is, which servers there are, and the secrets to reach them."""

    home: FilePath
    config: LabConfig
    secrets: Secrets
    overrides: Overrides
    tree: Node
    warnings: tuple[str, ...] = ()

    @property
    def projects(self) -> FilePath:
        """The folder that holds the projects."""
        return self.path(self.config.projects)

    @property
    def store_root(self) -> FilePath:
        """The folder store; the projects folder unless another is named."""
        return self.path(self.config.store.root or self.config.projects)

    @property
    def warehouse(self) -> FilePath:
        """The warehouse file."""
        return self.path(self.config.warehouse.path)

    @property
    def spool(self) -> FilePath:
        """Where images wait while the store is down."""
        return self.path(self.config.spool.path)

    def path(self, written: str) -> FilePath:
        """A path of darkroom.yaml: `~` is the user's home, relative ones start at ours."""
        return self.home / FilePath(os.path.expanduser(written))  # noqa: PTH111 - never raises

    def host_url(self, comfy: Comfy) -> str | None:
        """Where a project's ComfyUI is; None for the built-in engine."""
        if comfy.is_embedded:
            return None
        named = self.config.hosts.get(comfy.host)
        return named.url if named else f"http://{comfy.host}:{comfy.port}"

    def provider_url(self, judge: Judge) -> str | None:
        """Where a judge's server is; None means the provider's usual address."""
        known = self.config.providers.get(judge.provider)
        return judge.base_url or (known.base_url if known else None)

    def shown(self, path: FilePath) -> str:
        """How messages name a file: as seen from our home where it lies inside."""
        return shown(path, self.home)


def open_lab(
    flags: Sequence[str] = (),
    *,
    environ: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
) -> Lab:
    """Read everything that does not belong to one project, or raise with every mistake."""
    lab, problems = read_lab(flags, environ=environ, cwd=cwd)
    if problems:
        raise ConfigError("config-invalid", problems)
    return lab


def read_lab(
    flags: Sequence[str] = (),
    *,
    environ: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
) -> tuple[Lab, tuple[Problem, ...]]:
    """As `open_lab`, but hand the mistakes over; the built-in values stand in for wrong ones."""
    environ = os.environ if environ is None else environ
    home = _home(environ, cwd or FilePath.cwd())
    overrides = read_overrides(flags, MODELS, _flag_value)
    tree, problems = _layers(environ, home)
    lent = lent_now()
    tree = merge(merge(tree, lent.tree), overrides.trees.get("darkroom", _EMPTY))
    config, wrong = checked(LabConfig, tree, store_faults)
    env_file = home / ".env"
    read = read_secrets(environ, env_file, shown(env_file, home))
    unseen = unrelated(problems, wrong)
    secrets = lent.over(read.secrets)
    lab = Lab(home, config or LabConfig(), secrets, overrides, tree, read.warnings)
    return lab, (*problems, *unseen, *read.problems, *overrides.problems)


_EMPTY = Branch({}, Origin("built in"))


def _home(environ: Mapping[str, str], cwd: FilePath) -> FilePath:
    named = environ.get(HOME_VARIABLE, "")
    return cwd / FilePath(os.path.expanduser(named))  # noqa: PTH111 - never raises


def _layers(environ: Mapping[str, str], home: FilePath) -> tuple[Node, tuple[Problem, ...]]:
    """The user's darkroom.yaml under the repository's."""
    tree: Node = _EMPTY
    problems: list[Problem] = []
    for path in (user_file(environ), home / FILE):
        if os.path.lexists(path):
            parsed = read_yaml(path, shown(path, home))
            tree = merge(tree, parsed.tree)
            problems += parsed.problems
    return tree, tuple(problems)


def user_file(environ: Mapping[str, str]) -> FilePath:
    """Where the user's own darkroom.yaml would be."""
    base = FilePath(environ.get("XDG_CONFIG_HOME", ""))
    if not base.is_absolute():  # the XDG rule: relative ones are ignored
        base = FilePath(os.path.expanduser(environ.get("HOME") or "~")) / ".config"  # noqa: PTH111 - never raises
    return base / "darkroom" / FILE


def shown(path: FilePath, home: FilePath) -> str:
    """A path as seen from a folder where it lies inside, else whole."""
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def unrelated(told: Sequence[Problem], further: Sequence[Problem]) -> tuple[Problem, ...]:
    """The further mistakes, without those that only follow from one already told."""
    places = {(problem.file, problem.key) for problem in told}
    return tuple(
        problem
        for problem in further
        if (problem.file, problem.key) not in places or problem.message.startswith(UNKNOWN_KEY)
    )


def _flag_value(text: str) -> Node | Problem:
    parsed = parse_value(text.encode(), FLAG)
    if parsed.problems:
        first = parsed.problems[0]
        return Problem(FLAG, None, first.key, first.message)
    return without_lines(parsed.tree)
