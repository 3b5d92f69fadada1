"""What a server says over the websocket, as a closed set of records.

Owns the decoding of text messages and binary frames. Whatever cannot be read is no
message at all: the socket is a hint, and no hint may break a job.
"""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from darkroom.core.workflow.json_shape import as_object, object_at, text_at, whole_number

_PREVIEW, _PREVIEW_WITH_FACTS = 1, 4
_FORMATS = {1: "jpeg", 2: "png"}
_WORD = 4
_MOST_FACTS_BYTES = 1 << 20
FEATURE_FLAGS = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""Has to be the very first message sent; a second one is ignored."""


@dataclass(frozen=True)
class QueueStatus:
    """Sent to everybody when the queue changes, and first of all to a new socket."""

    remaining: int | None


@dataclass(frozen=True)
class NodeStarted:
    """A node runs; right after a reconnection the server leaves the id out."""

    prompt_id: str | None
    node: str


@dataclass(frozen=True)
class Stepped:
    """A node has done so many of its steps."""

    prompt_id: str | None
    node: str | None
    step: int
    steps: int


@dataclass(frozen=True)
class Alive:
    """Something else that the server says of a job: started, cached, executed ..."""

    prompt_id: str
    kind: str


@dataclass(frozen=True)
class Announced:
    """The job ended, but its history entry may not be written yet."""

    prompt_id: str
    kind: str


@dataclass(frozen=True)
class Settled:
    """`executing` without a node: the job ended and its history entry is written."""

    prompt_id: str


@dataclass(frozen=True)
class Frame:
    """A preview picture; old clients get it without the id."""

    prompt_id: str | None
    node: str | None
    data: bytes
    format: str


Message: TypeAlias = QueueStatus | NodeStarted | Stepped | Alive | Announced | Settled | Frame

_ENDINGS = frozenset({"execution_success", "execution_error", "execution_interrupted"})


def read_text(text: str | bytes) -> Message | None:
    """Decode one text message; None for what says nothing to us."""
    try:
        message = as_object(json.loads(text)) or {}
    except (ValueError, RecursionError):
        return None
    data, kind = object_at(message, "data"), text_at(message, "type")
    prompt_id = text_at(data, "prompt_id") or None
    if kind in _READERS:
        return _READERS[kind](data, prompt_id)
    if prompt_id is None:
        return None
    return Announced(prompt_id, kind) if kind in _ENDINGS else Alive(prompt_id, kind)


def _status(data: Mapping[str, object], _prompt_id: str | None) -> Message | None:
    queue = object_at(object_at(data, "status"), "exec_info")
    return QueueStatus(whole_number(queue.get("queue_remaining")))


def _executing(data: Mapping[str, object], prompt_id: str | None) -> Message | None:
    node = data.get("node")
    if node is None:
        return Settled(prompt_id) if prompt_id else None
    return NodeStarted(prompt_id, str(node))


def _stepped(data: Mapping[str, object], prompt_id: str | None) -> Message | None:
    step, steps = whole_number(data.get("value")), whole_number(data.get("max"))
    if step is None or steps is None:
        return None
    return Stepped(prompt_id, text_at(data, "node") or None, step, steps)


_READERS: Mapping[str, Callable[[Mapping[str, object], str | None], Message | None]] = {
    "status": _status,
    "executing": _executing,
    "progress": _stepped,
}


def read_binary(frame: bytes) -> Message | None:
    """Decode one binary frame; None for what is no preview."""
    event, rest = _word(frame), frame[_WORD:]
    head = _word(rest)
    if head is None:
        return None
    body = rest[_WORD:]
    if event == _PREVIEW:
        name = _FORMATS.get(head)
        return Frame(None, None, body, name) if name and body else None
    if event == _PREVIEW_WITH_FACTS and head <= min(len(body), _MOST_FACTS_BYTES):
        return _frame_with_facts(body[:head], body[head:])
    return None  # 2 is internal, 3 is text for the editor


def _frame_with_facts(facts: bytes, picture: bytes) -> Message | None:
    try:
        known = as_object(json.loads(facts)) or {}
    except (ValueError, RecursionError):
        return None
    kind = text_at(known, "image_type").rpartition("/")[2] or "jpeg"
    if not picture:
        return None
    return Frame(
        text_at(known, "prompt_id") or None, text_at(known, "node_id") or None, picture, kind
    )


def _word(data: bytes) -> int | None:
    return struct.unpack_from(">I", data)[0] if len(data) >= _WORD else None
