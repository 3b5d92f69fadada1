"""In which order nodes run: sources first, and results as early as possible.

Follows ComfyUI's order, so that a client sees the same sequence of messages: among
the nodes that could run now, one that shows a result is taken first, then one that
a result waits for directly, then one further away, then the first that was found.
"""

from collections.abc import Callable

from darkroom.engine.execution.graph import Graph, sources
from darkroom.engine.nodes.catalogue import NODES


class Order:
    """The nodes still to run for some outputs."""

    def __init__(self, graph: Graph, outputs: list[str], is_cached: Callable[[str], bool]) -> None:
        self._graph = graph
        self._waits_for: dict[str, set[str]] = {}
        self._needed_by: dict[str, list[str]] = {}
        for output in outputs:
            self._find(output, is_cached)
        for node_id in self._waits_for:
            needs = [source for source in sources(graph[node_id]) if source in self._waits_for]
            self._waits_for[node_id] = set(needs)
            for source in dict.fromkeys(needs):
                self._needed_by[source].append(node_id)

    def _find(self, output: str, is_cached: Callable[[str], bool]) -> None:
        """Note what an output needs, latest input first, as deep as nothing is cached."""
        waiting = [output]
        while waiting:
            node_id = waiting.pop()
            if node_id not in self._waits_for:
                self._waits_for[node_id] = set()
                self._needed_by[node_id] = []
                waiting += [s for s in sources(self._graph[node_id]) if not is_cached(s)]

    def next(self) -> str | None:
        """The node to run now; None when all have run."""
        ready = [node_id for node_id, needs in self._waits_for.items() if not needs]
        for distance in range(3):
            for node_id in ready:
                if self._shows_within(node_id, distance):
                    return node_id
        return ready[0] if ready else None

    def _shows_within(self, node_id: str, distance: int) -> bool:
        if distance == 0:
            return NODES[self._graph[node_id]["class_type"]].is_output
        return any(self._shows_within(n, distance - 1) for n in self._needed_by[node_id])

    def done(self, node_id: str) -> None:
        """Take a node off; those that waited for it may run."""
        del self._waits_for[node_id]
        for waiting in self._needed_by.pop(node_id):
            self._waits_for[waiting].discard(node_id)
