"""Workflow files, and the node tables that are needed to understand the editor's own.

Owns the way from a path (or an image with a graph inside) to a checked graph, and
from a file or a host to its `/object_info`. What graphs mean is `core.workflow`'s.
"""

import json
import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.confined import Refused, read_bounded
from darkroom.adapters.json_files import read_json
from darkroom.adapters.plain_files import write_new_file
from darkroom.adapters.png_text import read_png_text
from darkroom.adapters.settings import open_lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import WorkflowError
from darkroom.core.workflow.convert import Conversion, convert
from darkroom.core.workflow.graph import Graph, is_ui_format, read_graph
from darkroom.core.workflow.nearest import nearest_name
from darkroom.core.workflow.object_info import Catalogue, read_object_info

MAX_CATALOGUE_BYTES = 64_000_000
MAX_IMAGE_BYTES = 256_000_000


@dataclass(frozen=True)
class Opened:
    """A workflow as it would be sent, and what was assumed to get there."""

    graph: Graph
    notes: tuple[str, ...]


def read_workflow(path: Path) -> object:
    """The JSON of a workflow file, or the graph inside a PNG that ComfyUI saved."""
    try:
        _check_present(path)
        return _from_image(path) if path.suffix.lower() == ".png" else read_json(path)
    except Refused as refused:
        raise WorkflowError("workflow-file", f"it {refused}", where=str(path)) from refused


def _check_present(path: Path) -> None:
    if "\0" in str(path) or not os.path.lexists(path):
        raise Refused("does not exist")


def _from_image(path: Path) -> object:
    text = read_png_text(read_bounded(path, MAX_IMAGE_BYTES))
    if text.prompt is None:
        raise Refused("holds no graph of ComfyUI's")
    return text.prompt


def open_workflow(path: Path, catalogue: Catalogue | None) -> Opened:
    """Read a graph in API format; the editor's format needs a node table."""
    data = read_workflow(path)
    if catalogue is None or not is_ui_format(data):
        return Opened(read_graph(data, str(path)), ())
    converted = convert(data, catalogue, str(path))
    return Opened(read_graph(converted.graph, str(path)), converted.notes)


def convert_file(path: Path, catalogue: Catalogue, output: Path | None) -> Conversion:
    """Convert a file of the editor, and write the graph to a new file if one is named."""
    converted = convert(read_workflow(path), catalogue, str(path))
    if output is not None:
        text = json.dumps(converted.graph, indent=2, ensure_ascii=False)
        write_new_file(output, f"{text}\n".encode())
    return converted


def open_catalogue(file: Path | None, host: str | None) -> Catalogue | None:
    """The node table in a file, or of a host by its name or address; None where none is named."""
    if file is not None:
        try:
            _check_present(file)
            return read_object_info(read_json(file, MAX_CATALOGUE_BYTES), str(file))
        except Refused as refused:
            raise WorkflowError("workflow-file", f"it {refused}", where=str(file)) from refused
    return _asked(host) if host else None


def _asked(host: str) -> Catalogue:
    """Ask a server named by its address, or by its name in darkroom.yaml."""
    if "://" in host:
        with closing(ComfyClient(host, host)) as client:
            return client.object_info()
    lab = open_lab()
    hosts = [*lab.config.hosts, EMBEDDED]
    if host not in hosts:
        near = nearest_name(host, hosts)
        meant = f"; did you mean {near!r}?" if near else f"; there are {', '.join(hosts)}"
        raise WorkflowError("workflow-host", f"no host is called {host!r}{meant}")
    with renderer_of(lab, Comfy(host=host)) as client:
        return client.object_info()


def need_catalogue(file: Path | None, host: str | None) -> Catalogue:
    """As `open_catalogue`, but one has to be named."""
    found = open_catalogue(file, host)
    if found is None:
        raise WorkflowError("workflow-host", "neither --object-info nor --host was given")
    return found
