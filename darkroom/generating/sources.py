"""Where a request's workflow, values and server come from.

Owns the choice between the project, a file that was named and what is shipped, and the
reading of presets. Sends nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from darkroom.adapters.chosen_hosts import host_at, is_any, once, servers_of
from darkroom.adapters.comfyui.address import read_address
from darkroom.adapters.projects import Project, open_project
from darkroom.adapters.settings import Lab
from darkroom.adapters.shipped import defaults_folder, label, shipped
from darkroom.adapters.yaml_files import read_yaml
from darkroom.core.config.aigen import AIGen, Comfy
from darkroom.core.config.checking import checked
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.config.host_choice import host_names
from darkroom.core.config.parameters import Parameters, Preset
from darkroom.core.errors import ConfigError, UsageError
from darkroom.core.keys import UNNAMED_PROJECT
from darkroom.core.text import nearest
from darkroom.core.workflow.roles import Role
from darkroom.generating.request import Request

_DEFAULT_WORKFLOW = "txt2img_api.json"
_M = TypeVar("_M", AIGen, Preset)
_USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Sources:
    """What a request stands on."""

    project: Project | None
    workflow: Path
    values: Mapping[str, object]
    """By role, below what the request says."""
    bindings: Mapping[str, object]
    servers: tuple[Comfy, ...]
    """Those that may draw; one is enough."""

    @property
    def comfy(self) -> Comfy:
        """The server that draws where there is one alone."""
        return self.servers[0]

    @property
    def store_project(self) -> str:
        """The project in the store."""
        return self.project.name if self.project else UNNAMED_PROJECT


def sources_of(lab: Lab, request: Request) -> Sources:
    """Find everything a request refers to."""
    project = open_project(lab, request.project) if request.project else None
    servers = _servers(lab, request.host, project)
    comfy = servers[0]
    values: dict[str, object] = {}
    bindings: Mapping[str, object] = {}
    if request.workflow is not None:
        path = _workflow(request.workflow, project)
        if path.resolve().is_relative_to(defaults_folder()):  # its own values are placeholders
            values = _values_of(project.aigen) if project else _shipped_values(comfy)
    elif project is not None:
        path, values = project.workflow.path, _values_of(project.aigen)
        bindings = project.aigen.bindings
    else:
        path, values = shipped(f"workflows/{_DEFAULT_WORKFLOW}"), _shipped_values(comfy)
    values |= _preset(request.preset, project)
    return Sources(project, path, values, bindings, servers)


def _workflow(written: str, project: Project | None) -> Path:
    """A path, or the name of a workflow of the project or of the shipped ones."""
    path = Path(written)
    folders = [project.folder / "workflows"] if project else []
    folders.append(shipped("workflows"))
    if path.exists() or path.parent != Path():
        return path
    names = {file.name: file for folder in reversed(folders) for file in folder.glob("*.json")}
    if written in names:
        return names[written]
    near = nearest(written, names)
    meant = f"; did you mean {near!r}?" if near else ""
    raise UsageError("generate-workflow", f"there is no workflow {written!r}{meant}")


def _values_of(aigen: AIGen) -> dict[str, object]:
    return {
        Role.CHECKPOINT: aigen.model.ckpt_name,
        Role.PROMPT: aigen.prompts.positive,
        Role.NEGATIVE: aigen.prompts.negative,
        **_roles(aigen.parameters),
    }


def _roles(parameters: object) -> dict[str, object]:
    """Parameters by role; the seed is the request's business unless it is fixed."""
    told = {name: getattr(parameters, name) for name in Parameters.model_fields}
    told["sampler"] = told.pop("sampler_name")
    return {Role(name): value for name, value in told.items() if value is not None}


def _shipped_values(comfy: Comfy) -> dict[str, object]:
    """What the shipped workflow needs: the engine's own model and size, or a whole redraw."""
    if not comfy.is_embedded:
        return {Role.DENOISE: 1.0}
    name = "demo/config/AIGen.yaml"
    aigen = _read(AIGen, shipped(name), label(name))
    return _values_of(aigen)


def _preset(name: str | None, project: Project | None) -> dict[str, object]:
    if name is None:
        return {}
    folders = ([project.folder] if project else []) + [defaults_folder()]
    known = {
        file.stem: file
        for folder in reversed(folders)
        for file in (folder / "presets").glob("*.yaml")
    }
    if name not in known:
        near = nearest(name, known)
        meant = f"; did you mean {near!r}?" if near else f"; there are {', '.join(sorted(known))}"
        raise UsageError("generate-preset", f"there is no preset {name!r}{meant}")
    return _roles(_read(Preset, known[name], f"presets/{name}.yaml").parameters)


def _read(model: type[_M], path: Path, source: str) -> _M:
    parsed = read_yaml(path, source)
    found, wrong = checked(model, parsed.tree)
    if found is None or parsed.problems:
        raise ConfigError("config-invalid", (*parsed.problems, *wrong))
    return found


def _servers(lab: Lab, choice: str | None, project: Project | None) -> tuple[Comfy, ...]:
    """What may draw: those named, the project's, the first configured, or our own engine."""
    if choice is None:
        usual = Comfy(host=next(iter(lab.config.hosts), EMBEDDED))
        return servers_of(lab, project.aigen.comfyui if project else usual)
    named = (_named(lab, name) for name in host_names(choice))
    return once(each for one in named for each in servers_of(lab, one))


def _named(lab: Lab, host: str) -> Comfy:
    if host in lab.config.hosts or host == EMBEDDED or is_any(lab, host):
        return Comfy(host=host)
    if "://" not in host and ":" not in host and "." not in host and host != "localhost":
        known = [*lab.config.hosts, EMBEDDED]
        near = nearest(host, known)
        meant = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}"
        raise UsageError("generate-host", f"no host of darkroom.yaml is called {host!r}; {meant}")
    return _by_address(lab, host)


def _by_address(lab: Lab, text: str) -> Comfy:
    address = read_address(text)
    if not address.auth and (name := host_at(lab, address.base)):
        return Comfy(host=name)
    parts = urlsplit(address.base)
    if parts.scheme != "http" or parts.path or address.auth:
        message = "only http://host:port can be named here"
        hint = "put other addresses under `hosts` in darkroom.yaml and name them"
        raise UsageError("generate-host", message, hint=hint)
    name = parts.hostname or ""
    shown = f"[{name}]" if ":" in name else name
    port = parts.port or (_USUAL_PORTS[parts.scheme] if "://" in text else Comfy().port)
    return Comfy(host=shown, port=port)
