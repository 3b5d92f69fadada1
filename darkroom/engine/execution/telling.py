"""What an execution says: to sockets while it runs, and to the history.

Owns the data of each message and who hears it; when a message is due belongs to the
executor.
"""

import time
from typing import Any

from darkroom.engine import pictures
from darkroom.engine.diffusers import Array
from darkroom.engine.execution.cache import Kept
from darkroom.engine.execution.hearers import Hearers, milliseconds
from darkroom.engine.execution.progress import PromptProgress
from darkroom.engine.execution.prompts import Outcome, Prompt

_WITH_PREVIEWS = ("auto", "latent2rgb", "taesd")


class Teller:
    """The voice of one prompt."""

    def __init__(self, prompt: Prompt, outcome: Outcome, hearers: Hearers) -> None:
        self._prompt = prompt
        self._outcome = outcome
        self._hearers = hearers
        self._progress = PromptProgress(prompt.prompt_id)

    def record(self, kind: str, data: dict[str, Any]) -> None:
        """Say something that also stays in the history."""
        stamped: dict[str, Any] = {"prompt_id": self._prompt.prompt_id, **data}
        stamped["timestamp"] = milliseconds(time.time())
        self._outcome.messages.append((kind, stamped))
        self._say(kind, stamped)

    def warnings(self, node_id: str, kept: Kept) -> None:
        """Say, each time a result is used, in what it is not as asked."""
        for warning in kept.warnings:
            node_type = self._prompt.graph[node_id]["class_type"]
            place = {"node_id": node_id, "node_type": node_type}
            self.record("darkroom_warning", place | warning)

    def begun(self, node_id: str) -> None:
        """A node starts."""
        self._progress.begin(node_id)
        self._say_progress()
        self._hearers.now_running(self._prompt.client_id, node_id)
        self._say("executing", self._node(node_id))

    def executed(self, node_id: str, ui: dict[str, Any] | None) -> None:
        """A node has something to show."""
        self._say("executed", self._node(node_id) | {"output": ui})

    def finished(self, node_id: str) -> None:
        """A node has ended."""
        self._progress.finish(node_id)
        self._say_progress()

    def step(self, node_id: str, done: int, total: int, preview: Array) -> None:
        """A node tells how far it is; the two kinds of preview stand on two sides of that."""
        self._progress.step(node_id, done, total)
        self._say_progress()
        client_id = self._prompt.client_id
        shown = client_id is not None and self._wants_previews()
        early = shown and self._hearers.wants_metadata(client_id or "")
        if early:
            self._show(node_id, preview)
        prompt_id = self._prompt.prompt_id
        data = {"value": done, "max": total, "prompt_id": prompt_id, "node": node_id}
        self._hearers.tell("progress", data, client_id)
        if shown and not early:
            self._show(node_id, preview)

    def _wants_previews(self) -> bool:
        return self._prompt.extra_data.get("preview_method") in _WITH_PREVIEWS

    def _show(self, node_id: str, preview: Array) -> None:
        metadata = {
            "node_id": node_id,
            "prompt_id": self._prompt.prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
            "image_type": "image/jpeg",
        }
        jpeg = pictures.preview_jpeg(preview)
        self._hearers.show(jpeg, metadata, self._prompt.client_id or "")

    def _node(self, node_id: str) -> dict[str, Any]:
        prompt_id = self._prompt.prompt_id
        return {"node": node_id, "display_node": node_id, "prompt_id": prompt_id}

    def _say(self, kind: str, data: dict[str, Any]) -> None:
        """Tell the client that submitted; one without an id hears nothing of this."""
        if self._prompt.client_id is not None:
            self._hearers.tell(kind, data, self._prompt.client_id)

    def _say_progress(self) -> None:
        """ComfyUI tells everyone where the client has no id."""
        self._hearers.tell("progress_state", self._progress.message(), self._prompt.client_id)
