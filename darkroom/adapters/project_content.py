"""What a project points to: its workflow and its input image.

Owns where they are looked for and that both lie inside the project or the
defaults. Whether a graph makes sense is `darkroom.core.workflow`'s to say, whether
bytes are an image `darkroom.adapters.images`'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.confined import Refused, find_file, read_bounded
from darkroom.adapters.images import MAX_BYTES, decode
from darkroom.adapters.json_files import read_json
from darkroom.adapters.shipped import LABEL, defaults_folder, label
from darkroom.core.config.aigen import AIGen
from darkroom.core.config.faults import near_name
from darkroom.core.errors import ImageRefused, Problem, WorkflowError
from darkroom.core.workflow.bindings import read_bindings
from darkroom.core.workflow.graph import Graph, read_graph
from darkroom.core.workflow.roles import Role, find_roles

INPUT_NAMES = ("input.png", "input.jpg", "input.jpeg", "input.webp")
_FOLDERS = ("workflows", "workflow")
"""Where workflows lie: our name for it, and the one older projects use."""


@dataclass(frozen=True)
class FoundWorkflow:
    """A workflow that was found, read and understood."""

    path: Path
    graph: Graph
    needs_image: bool


def find_workflow(folder: Path, aigen: AIGen) -> FoundWorkflow:
    """Find and read the project's workflow, or raise Refused with what is wrong."""
    path = _workflow_path(folder, aigen.workflow_file)
    try:
        graph = read_graph(read_json(path))
        roles = find_roles(graph, read_bindings(aigen.bindings, graph))
    except WorkflowError as error:
        raise Refused(error.message) from None
    return FoundWorkflow(path, graph, needs_image=Role.IMAGE in roles.places)


def _workflow_path(folder: Path, written: str) -> Path:
    places = [folder, defaults_folder()]
    for place in places:
        for name in _spellings(written):
            path = find_file(name, [place], places)
            if path is not None:
                return path
    near = near_name(Path(written).name, workflow_names(folder))
    meant = f"; did you mean {near!r}?" if near else ""
    raise Refused(f"is neither in the project nor in the defaults{meant}")


def _spellings(written: str) -> list[str]:
    """The name as written, then with the other folder name and without `defaults/`."""
    names = [written]
    bare = written.replace("\\", "/").removeprefix("./").removeprefix(f"{LABEL}/")
    head, slash, rest = bare.partition("/")
    if head in _FOLDERS and slash:
        names += [f"{other}/{rest}" for other in _FOLDERS]
    return list(dict.fromkeys([*names, bare]))


def workflow_names(folder: Path) -> list[str]:
    """The file names of the workflows a project can use as they are."""
    places = [place / name for place in (folder, defaults_folder()) for name in _FOLDERS]
    return sorted({path.name for place in places for path in place.glob("*.json")})


def shown_path(path: Path, folder: Path) -> str:
    """A file as seen from its project, or as one of the defaults."""
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return label(path.relative_to(defaults_folder()).as_posix())


def find_input(folder: Path) -> Path | None:
    """The project's input image, or None; raises Refused for one that may not be used."""
    found = [
        path for name in INPUT_NAMES if (path := find_file(f"input/{name}", [folder], [folder]))
    ]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise Refused(f"there is more than one input image: {names}")
    return found[0] if found else None


def input_problems(folder: Path, source: str, *, is_needed: bool) -> Sequence[Problem]:
    """What is wrong with the input image; its absence only where the workflow loads one."""
    name = f"{source}/input/{INPUT_NAMES[0]}"
    try:
        path = find_input(folder)
        if path is None:
            message = "is missing; the workflow starts from an image"
            return [Problem(name, None, "", message)] if is_needed else []
        name = f"{source}/input/{path.name}"
        decode(read_bounded(path, MAX_BYTES))
    except Refused as error:
        return [Problem(name, None, "", f"the file {error}")]
    except ImageRefused as error:
        return [Problem(name, None, "", f"is no image we accept: {error.message}")]
    return []
