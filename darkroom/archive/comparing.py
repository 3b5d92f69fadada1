"""Put images side by side and tell only what differs.

Owns which facts count as parameters and which as results, the way a graph is taken to
pieces, and how two prompts differ. Two images drawn alike differ in nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.warehouse.asking import rows_of
from darkroom.adapters.warehouse.opening import Connection
from darkroom.adapters.warehouse.statements import query
from darkroom.archive.annotating_targets import meant
from darkroom.archive.opening import opened_library
from darkroom.core.errors import UsageError
from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.findings import pointer

RESULTS = (
    "seconds",
    "score",
    "composite_score",
    "grade",
    "overall_score",
    "similarity_score",
    "rating",
    "is_liked",
    "status",
    "technical_quality",
    "failure_category",
)
_NAMES = ("image", "run", "iteration", "document")
_OURS = "/inputs/filename_prefix"
"""Names the file on the server; the write path sets it, anew for every image."""
_FEWEST = 2
Record = dict[str, object]


@dataclass(frozen=True)
class Difference:
    """One fact that is not the same in all images; values in the order of the images."""

    field: str
    values: tuple[object, ...]


@dataclass(frozen=True)
class Comparison:
    """What differs between images, and how many facts are the same."""

    images: tuple[str, ...]
    names: tuple[str, ...]
    """Short names, in the same order."""
    parameters: tuple[Difference, ...]
    results: tuple[Difference, ...]
    graph: tuple[Difference, ...]
    """Inputs of nodes, by JSON pointer within the workflow's graph."""
    same_count: int


def compare_images(
    connection: Connection, images: Sequence[str], *, graph: bool = False
) -> Comparison:
    """Compare images by their keys."""
    wanted = list(dict.fromkeys(images))
    if len(wanted) < _FEWEST:
        raise UsageError("usage", "a comparison needs two different images at least")
    rows = _rows(connection, wanted)
    facts = [name for name in rows[0] if name not in _NAMES]
    found = [d for name in facts if (d := _difference(name, [row[name] for row in rows]))]
    return Comparison(
        images=tuple(wanted),
        names=tuple(_short(row) for row in rows),
        parameters=tuple(item for item in found if item.field not in RESULTS),
        results=tuple(item for item in found if item.field in RESULTS),
        graph=tuple(_graph_differences(rows)) if graph else (),
        same_count=len(facts) - len(found),
    )


def _rows(connection: Connection, images: list[str]) -> list[Record]:
    rows = rows_of(connection, query("compared").text, {"images": images})
    found = {str(row["image"]): row for row in rows}
    lacking = [image for image in images if image not in found]
    if lacking:
        message = f"not in the warehouse yet: {', '.join(lacking)}"
        raise UsageError("annotation-target", message, hint="run `darkroom warehouse sync`")
    return [found[image] for image in images]


def _short(row: Record) -> str:
    return f"{row['run']}/{row['iteration']}" if row["run"] and row["iteration"] else _key(row)


def _key(row: Record) -> str:
    return str(row["image"])


def _difference(name: str, values: Sequence[object]) -> Difference | None:
    if all(value == values[0] for value in values):
        return None
    return Difference(name, tuple(values))


def _graph_differences(rows: Sequence[Record]) -> Iterator[Difference]:
    graphs = [dict(_leaves(_graph(row), ())) for row in rows]
    for place in dict.fromkeys(place for graph in graphs for place in graph):
        if place.endswith(_OURS):
            continue
        found = _difference(place, [graph.get(place) for graph in graphs])
        if found:
            yield found


def _graph(row: Record) -> Json:
    document = cast("dict[str, Json]", orjson.loads(str(row["document"])))
    workflow = document.get("workflow")
    graph = workflow.get("graph") if isinstance(workflow, dict) else None
    return graph or {}


def _leaves(value: Json, path: tuple[str | int, ...]) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    else:
        yield pointer(path), value


def words_apart(texts: Sequence[str]) -> list[str]:
    """For each text the words that the others do not all have, in its own order."""
    shared = set[str].intersection(*[set(_words(text)) for text in texts])
    return [
        " ".join(dict.fromkeys(word for word in _words(text) if word not in shared))
        for text in texts
    ]


def _words(text: str) -> list[str]:
    return [word.strip(",.;()") for word in text.split() if word.strip(",.;()")]


def compare_named(lab: Lab, names: Sequence[str], *, graph: bool = False) -> Comparison:
    """Compare images by whatever names a person gives."""
    with opened_store(lab) as store:
        named = meant(lab, store, names)
    if named.runs:
        message = f"{', '.join(named.runs)}: images are compared, not runs"
        raise UsageError("annotation-target", message)
    with opened_library(lab) as connection:
        return compare_images(connection, named.images, graph=graph)
