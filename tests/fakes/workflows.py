"""The workflow corpus written for the tests, read from tests/data/workflows."""

import json
from pathlib import Path

from darkroom.core.workflow.graph import Graph, read_graph
from darkroom.core.workflow.object_info import Catalogue, read_object_info

FOLDER = Path(__file__).parents[1] / "data" / "workflows"
GRAPHS = sorted(path.stem for path in (FOLDER / "api").glob("*.json"))
CONVERTED = sorted(path.stem for path in (FOLDER / "expected").glob("*.json"))


def document(name: str) -> dict:
    """One JSON file of the corpus, by its path without the ending."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def corpus(name: str) -> Graph:
    """One API graph of the corpus."""
    return read_graph(document(f"api/{name}"))


def node(class_type: str, **inputs: object) -> dict:
    """One node in API format."""
    return {"class_type": class_type, "inputs": inputs}


def graph_of(**nodes: dict) -> Graph:
    """A graph of a few nodes; ids are the argument names."""
    return read_graph(nodes)


def host() -> Catalogue:
    """The reduced node table that the corpus was written for."""
    return read_object_info(document("object_info"))
