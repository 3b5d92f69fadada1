"""How far each node of a running prompt is, in the form of `progress_state` messages."""

from dataclasses import dataclass, field
from typing import Any

Number = int | float


@dataclass
class NodeProgress:
    """One node's way."""

    state: str
    value: Number
    maximum: Number


@dataclass
class PromptProgress:
    """The nodes that were begun, in that order."""

    prompt_id: str
    nodes: dict[str, NodeProgress] = field(default_factory=dict[str, NodeProgress])

    def begin(self, node_id: str) -> None:
        """A node starts; how many steps it has is not known yet."""
        self.nodes[node_id] = NodeProgress("running", 0.0, 1.0)

    def step(self, node_id: str, done: int, total: int) -> None:
        """A node tells how far it is."""
        self.nodes[node_id] = NodeProgress("running", done, total)

    def finish(self, node_id: str) -> None:
        """A node has ended; one that came from the cache never began."""
        known = self.nodes.get(node_id)
        end: Number = known.maximum if known else 1
        self.nodes[node_id] = NodeProgress("finished", end, end)

    def message(self) -> dict[str, Any]:
        """The data of a `progress_state` message."""
        return {
            "prompt_id": self.prompt_id,
            "nodes": {
                node_id: {
                    "value": entry.value,
                    "max": entry.maximum,
                    "state": entry.state,
                    "node_id": node_id,
                    "prompt_id": self.prompt_id,
                    "display_node_id": node_id,
                    "parent_node_id": None,
                    "real_node_id": node_id,
                }
                for node_id, entry in self.nodes.items()
            },
        }
