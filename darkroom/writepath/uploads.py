"""Input images on their way to a server: from the store, once per server.

Owns the memory of what a server has been sent in this process, and the replacement of
names where a server chose another one. Reads input images from the store only.
"""

import copy
import threading

from darkroom.adapters.renderer import Graph, Renderer
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.writepath.intents import Intent


class Uploads:
    """What has been sent where, under which name."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str, str], str] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Send everything again next time."""
        with self._lock:
            self._names.clear()

    def sent(self, renderer: Renderer, store: Store, intent: Intent) -> Graph:
        """Make sure the server has the inputs; returns the graph with the names it uses."""
        renamed: dict[str, str] = {}
        with self._lock:
            for item in intent.inputs:
                known = (renderer.name, item.name, item.sha256)
                if known not in self._names:
                    data = read_verified(store, item.key, item.sha256)
                    self._names[known] = renderer.upload(data, item.name)
                if self._names[known] != item.name:
                    renamed[item.name] = self._names[known]
        return _with_names(intent.graph, renamed) if renamed else intent.graph


def _with_names(graph: Graph, renamed: dict[str, str]) -> Graph:
    changed = copy.deepcopy(graph)
    for node in changed.values():
        for name, value in node["inputs"].items():
            if isinstance(value, str) and value in renamed:
                node["inputs"][name] = renamed[value]
    return changed
