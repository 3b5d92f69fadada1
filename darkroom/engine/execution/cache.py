"""Results of nodes, found again by what they were made from.

Owns signatures: a node's class, its own values, the content behind them, and the
signatures of its sources. Keeps what the running prompt uses and nothing older.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from darkroom.engine.execution.graph import Graph, links, sources
from darkroom.engine.nodes.catalogue import NODES
from darkroom.engine.nodes.definition import Around, Result

Signatures = dict[str, str]


@dataclass(frozen=True)
class Kept:
    """A finished node: what it gave, and the warnings that come with it each time."""

    result: Result
    warnings: tuple[dict[str, Any], ...] = ()


class Cache:
    """Results by signature."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    def get(self, signature: str) -> Kept | None:
        """The result made from exactly this, if it is still there."""
        return self._kept.get(signature)

    def keep(self, signature: str, kept: Kept, in_use: set[str]) -> None:
        """Add a result and drop those that the running prompt does not use."""
        self._kept[signature] = kept
        self._kept = {s: entry for s, entry in self._kept.items() if s in in_use}

    def clear(self) -> None:
        """Drop everything, as POST /free asks."""
        self._kept.clear()


def fingerprints(graph: Graph, needed: set[str], around: Around) -> dict[str, str]:
    """What lies behind the values of nodes that read files; unreadable is never the same."""
    found: dict[str, str] = {}
    for node_id in needed:
        fingerprint = NODES[graph[node_id]["class_type"]].fingerprint
        if fingerprint is not None:
            found[node_id] = _taken(fingerprint, graph[node_id]["inputs"], around)
    return found


def _taken(
    fingerprint: Callable[[dict[str, Any], Around], str], values: dict[str, Any], around: Around
) -> str:
    try:
        return fingerprint(values, around)
    except OSError:
        return f"unreadable {uuid.uuid4()}"


def signatures(graph: Graph, needed: set[str], contents: dict[str, str]) -> Signatures:
    """The signature of every needed node; the graph has no cycle, that was checked."""
    made: Signatures = {}
    waiting = list(needed)
    while waiting:
        node_id = waiting[-1]
        missing = [s for s in sources(graph[node_id]) if s not in made and s in needed]
        if node_id not in made and missing:
            waiting += missing
            continue
        waiting.pop()
        made[node_id] = _signature(graph, node_id, made, contents.get(node_id))
    return made


def _signature(graph: Graph, node_id: str, made: Signatures, content: str | None) -> str:
    linked = links(graph[node_id])
    inputs: dict[str, Any] = graph[node_id]["inputs"]
    values = {
        name: ["link", made[value[0]], value[1]] if name in linked else ["value", value]
        for name, value in inputs.items()
    }
    written = json.dumps([graph[node_id]["class_type"], content, values], sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()
