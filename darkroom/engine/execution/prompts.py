"""A submitted prompt, from the queue to the history.

Owns their shapes as /queue and /history show them.
"""

from dataclasses import dataclass, field
from typing import Any

from darkroom.engine.execution.graph import Graph

Message = tuple[str, dict[str, Any]]

SUCCESS = "success"
ERROR = "error"


@dataclass(frozen=True)
class Prompt:
    """One submission."""

    number: int | float
    prompt_id: str
    graph: Graph
    extra_data: dict[str, Any]
    outputs: tuple[str, ...]

    @property
    def client_id(self) -> str | None:
        """Whose socket hears of it."""
        return self.extra_data.get("client_id")

    def listed(self) -> list[Any]:
        """Its five fields in /queue and /history."""
        return [self.number, self.prompt_id, self.graph, self.extra_data, list(self.outputs)]


@dataclass
class Outcome:
    """What a prompt came to."""

    status: str = SUCCESS
    messages: list[Message] = field(default_factory=list[Message])
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


@dataclass(frozen=True)
class Record:
    """A prompt that has ended."""

    prompt: Prompt
    outcome: Outcome

    def listed(self) -> dict[str, Any]:
        """Its entry in /history."""
        return {
            "prompt": self.prompt.listed(),
            "outputs": self.outcome.outputs,
            "status": {
                "status_str": self.outcome.status,
                "completed": self.outcome.status == SUCCESS,
                "messages": [list(message) for message in self.outcome.messages],
            },
            "meta": {
                node_id: {
                    "node_id": node_id,
                    "display_node": node_id,
                    "parent_node": None,
                    "real_node_id": node_id,
                }
                for node_id in self.outcome.outputs
            },
        }
