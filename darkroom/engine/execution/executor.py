"""Run one prompt to its end.

Owns what happens to a node: taken from the cache, run, failed, interrupted. What is
said of it belongs to `telling`, which prompt is next to the worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from darkroom.engine.diffusers import Array
from darkroom.engine.documents import mapping
from darkroom.engine.execution import faults
from darkroom.engine.execution.cache import Cache, Kept, fingerprints, signatures
from darkroom.engine.execution.graph import links, reached_from
from darkroom.engine.execution.hearers import Hearers
from darkroom.engine.execution.order import Order
from darkroom.engine.execution.prompts import ERROR, Outcome, Prompt
from darkroom.engine.execution.telling import Teller
from darkroom.engine.nodes.catalogue import NODES
from darkroom.engine.nodes.definition import Around, Result


class InterruptedPrompt(Exception):
    """The prompt was told to stop; someone asked for it, so this is no error."""


@dataclass
class Stopper:
    """Which prompt was told to stop; a word for another one is not heard."""

    prompt_id: str | None = None

    def check(self, prompt_id: str) -> None:
        """Stop here if this prompt was told to."""
        if self.prompt_id == prompt_id:
            raise InterruptedPrompt


@dataclass(frozen=True)
class Tools:
    """What every execution shares."""

    around: Around
    cache: Cache
    hearers: Hearers
    stopper: Stopper


@dataclass
class NodeCall:
    """One node while it runs; what it may ask and say."""

    execution: "Execution"
    node_id: str
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def around(self) -> Around:
        """Folders, model and limits."""
        return self.execution.tools.around

    @property
    def texts(self) -> dict[str, Any]:
        """What a saved image carries."""
        return self.execution.texts()

    def step(self, done: int, total: int, preview: Array) -> None:
        """Tell everyone how far this node is; raises where the prompt was told to stop."""
        self.execution.tools.stopper.check(self.execution.prompt.prompt_id)
        self.execution.teller.step(self.node_id, done, total, preview)

    def warn(self, message: str, unknown_words: Sequence[str]) -> None:
        """Keep a warning; it is told when the node has run, and each time it is reused."""
        self.warnings.append({"message": message, "unknown_words": list(unknown_words)})


class Execution:
    """One prompt on its way."""

    def __init__(self, prompt: Prompt, tools: Tools) -> None:
        self.prompt = prompt
        self.tools = tools
        self.outcome = Outcome()
        self.teller = Teller(prompt, self.outcome, tools.hearers)
        self._ran: list[str] = []
        needed = reached_from(prompt.graph, list(prompt.outputs))
        self._contents = fingerprints(prompt.graph, needed, tools.around)
        self._signatures = signatures(prompt.graph, needed, self._contents)

    def run(self) -> Outcome:
        """Execute; every way of ending is an outcome, none an exception."""
        self.teller.record("execution_start", {})
        cached = {n: kept for n in self.prompt.graph if (kept := self._kept(n)) is not None}
        self.teller.record("execution_cached", {"nodes": list(cached)})
        for node_id, kept in cached.items():
            self.teller.warnings(node_id, kept)
        outputs = list(self.prompt.outputs)
        order = Order(self.prompt.graph, outputs, lambda n: self._kept(n) is not None)
        while (node_id := order.next()) is not None:
            if not self._execute(node_id):
                self.outcome.status = ERROR
                return self.outcome
            order.done(node_id)
        self.teller.record("execution_success", {})
        return self.outcome

    def _kept(self, node_id: str) -> Kept | None:
        signature = self._signatures.get(node_id)
        return self.tools.cache.get(signature) if signature else None

    def _execute(self, node_id: str) -> bool:
        """Bring one node to its end; False where that was a failure or an interruption."""
        if kept := self._kept(node_id):
            self._show(node_id, kept.result)
            if kept.result.ui is None:
                self.teller.executed(node_id, None)
            self.teller.finished(node_id)
            return True
        call = NodeCall(self, node_id)
        try:
            self.tools.stopper.check(self.prompt.prompt_id)
            self.teller.begun(node_id)
            call.values = self._values(node_id)
            result = NODES[self._class_of(node_id)].run(call)
        except InterruptedPrompt:
            self.teller.record("execution_interrupted", self._place(node_id))
            return False
        except Exception as exc:  # noqa: BLE001 - the door of a node: whatever failed is told
            self.teller.warnings(node_id, Kept(Result(()), tuple(call.warnings)))
            self.teller.record("execution_error", self._place(node_id) | self._failure(call, exc))
            return False
        self._finish(node_id, Kept(result, tuple(call.warnings)))
        return True

    def _finish(self, node_id: str, kept: Kept) -> None:
        in_use = set(self._signatures.values())
        self.tools.cache.keep(self._signatures[node_id], kept, in_use)
        self._ran.append(node_id)
        self.teller.warnings(node_id, kept)
        self._show(node_id, kept.result)
        self.teller.finished(node_id)

    def _show(self, node_id: str, result: Result) -> None:
        if result.ui is not None:
            self.outcome.outputs[node_id] = result.ui
            self.teller.executed(node_id, result.ui)

    def texts(self) -> dict[str, Any]:
        """The text chunks of a saved image: the graph, and the client's own entries."""
        graph = {
            node_id: node | {"is_changed": [self._contents[node_id]]}
            if node_id in self._contents
            else node
            for node_id, node in self.prompt.graph.items()
        }
        own = mapping(self.prompt.extra_data.get("extra_pnginfo"))
        return {"prompt": graph} | {k: v for k, v in own.items() if _is_keyword(k)}

    def _values(self, node_id: str) -> dict[str, Any]:
        node = self.prompt.graph[node_id]
        values = dict(node["inputs"])
        for name, (source, slot) in links(node).items():
            kept = self._kept(source)
            if kept is None:
                raise RuntimeError(f"the result of node {source} is gone")
            values[name] = kept.result.outputs[slot]
        return values

    def _class_of(self, node_id: str) -> str:
        return self.prompt.graph[node_id]["class_type"]

    def _place(self, node_id: str) -> dict[str, Any]:
        ran = list(self._ran)
        return {"node_id": node_id, "node_type": self._class_of(node_id), "executed": ran}

    def _failure(self, call: NodeCall, exc: Exception) -> dict[str, Any]:
        return {
            "exception_message": faults.message(exc),
            "exception_type": faults.type_name(exc),
            "traceback": faults.frames(exc),
            "current_inputs": {name: [_described(v)] for name, v in call.values.items()},
            "current_outputs": list(self._signatures),
        }


def _is_keyword(keyword: str) -> bool:
    """Whether a PNG text chunk may be named so."""
    return keyword.isascii() and 0 < len(keyword) < 80  # noqa: PLR2004 - the format's limit


def _described(value: object) -> object:
    """A value as an error may quote it: numbers and text as they are, arrays by their shape."""
    if isinstance(value, np.ndarray):
        return f"array{value.shape}"  # pyright: ignore[reportUnknownMemberType]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return type(value).__name__
