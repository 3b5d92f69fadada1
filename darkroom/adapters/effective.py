"""Everything that is configured, as one report, and the check of all of it.

Owns what `config show` and `config check` tell: each file's effective values with
their origins, and the mistakes of every file and project in one error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from darkroom.adapters.projects import check_project, project_names, strangers
from darkroom.adapters.settings import Lab, read_lab
from darkroom.core.config.explain import Setting, explained
from darkroom.core.errors import ConfigError, Problem


@dataclass(frozen=True)
class Effective:
    """The values of each file, in the order they are shown."""

    files: Mapping[str, tuple[Setting, ...]]
    warnings: tuple[str, ...]

    def as_dict(self, *, explain: bool) -> dict[str, object]:
        """The form that `--json` prints."""
        files: dict[str, object] = {
            file: {item.key: _told(item, explain=explain) for item in settings}
            for file, settings in self.files.items()
        }
        return files | {"warnings": list(self.warnings)}


def _told(item: Setting, *, explain: bool) -> object:
    return {"value": item.value, "from": item.origin} if explain else item.value


@dataclass(frozen=True)
class Checks:
    """What was checked and found right, and what is worth a warning."""

    home: str
    projects: tuple[str, ...]
    warnings: tuple[str, ...]


def effective(project: str | None, flags: Sequence[str]) -> Effective:
    """Every effective value, of the laboratory and of a project if one is named."""
    lab, problems = read_lab(flags)
    found = check_project(lab, project) if project is not None else None
    if wrong := (*problems, *(found.problems if found else ())):
        raise ConfigError("config-invalid", wrong)
    files = {
        "darkroom.yaml": explained(lab.config, lab.tree),
        "places": _places(lab),
        "secrets": lab.secrets.states(),
    }
    if found is None or found.project is None:
        return Effective(files, lab.warnings)
    parts = found.project
    models = {"rules": parts.rules, "AIGen": parts.aigen, "AIVis": parts.aivis}
    for name, model in {**models, "prompts": parts.prompts}.items():
        files[f"{name}.yaml"] = explained(model, parts.trees[name])
    return Effective(files, (*lab.warnings, *found.warnings))


def _places(lab: Lab) -> tuple[Setting, ...]:
    """Where the paths of darkroom.yaml lead."""
    places = {
        "home": lab.home,
        "projects": lab.projects,
        "store": lab.store_root if lab.config.store.kind == "folder" else None,
        "warehouse": lab.warehouse,
        "spool": lab.spool,
    }
    return tuple(
        Setting(name, str(path), "derived") for name, path in places.items() if path is not None
    )


def check_everything(flags: Sequence[str], names: Sequence[str] | None = None) -> Checks:
    """Check the laboratory and the named projects, or all; one error tells every mistake."""
    lab, problems = read_lab(flags)
    found = [check_project(lab, name) for name in names or project_names(lab)]
    wrong: list[Problem] = [*problems, *(p for check in found for p in check.problems)]
    if wrong:
        raise ConfigError("config-invalid", tuple(wrong))
    told = (text for check in found for text in check.warnings)
    warnings = (*lab.warnings, *strangers(lab), *told)
    return Checks(str(lab.home), tuple(check.name for check in found), warnings)
