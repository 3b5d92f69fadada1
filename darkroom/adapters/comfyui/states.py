"""What a server's history and queue say of one job.

Owns the reading of both documents, which is tolerant: servers of many versions and
foreign nodes write them. Asks nothing and decides nothing beyond the closed set of states.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from darkroom.adapters.comfyui.faults import tidy
from darkroom.core.jobs import (
    Cancelled,
    Done,
    Failed,
    FailureCause,
    FinalState,
    OutputFile,
    Pending,
    Running,
)
from darkroom.core.workflow.json_shape import as_list, as_object, list_at, object_at, text_at

_MEMORY_TYPES = ("outofmemory", "memoryerror")
_MEMORY_WORDS = re.compile(
    r"out of memory|allocation on device|can(?:no|')t allocate memory|not enough (?:gpu )?memory"
    r"|unable to allocate|CUBLAS_STATUS_ALLOC_FAILED|std::bad_alloc",
    re.IGNORECASE,
)
_KINDS = frozenset({"output", "temp", "input"})
_NUMBER, _PROMPT_ID, _GRAPH = 0, 1, 2
_WARNING = "darkroom_warning"
"""What the embedded engine says beside a success."""

Facts = Mapping[str, object]


def is_memory_fault(exception_type: str, message: str) -> bool:
    """Whether an error of a node means that memory ran out, on the GPU or beside it."""
    name = exception_type.rpartition(".")[2].casefold()
    return any(kind in name for kind in _MEMORY_TYPES) or bool(_MEMORY_WORDS.search(message))


def read_history(document: object, prompt_id: str) -> FinalState | None:
    """How a job ended, from the answer to `/history/{id}`; None where it says nothing."""
    entry = as_object((as_object(document) or {}).get(prompt_id))
    if entry is None:
        return None
    status = object_at(entry, "status")
    messages = list(_messages(status))
    for kind, facts in messages:
        if kind == "execution_interrupted":
            return Cancelled()
        if kind == "execution_error":
            return _failed(facts)
    if text_at(status, "status_str") == "error":
        return Failed("error", "the server gives no reason")
    return _done(entry, messages)


def _messages(status: Facts) -> Iterator[tuple[str, Facts]]:
    for item in list_at(status, "messages"):
        pair = as_list(item)
        if pair and isinstance(pair[0], str):
            yield pair[0], (as_object(pair[1]) if len(pair) > 1 else None) or {}


def _failed(facts: Facts) -> Failed:
    kind, message = text_at(facts, "exception_type"), text_at(facts, "exception_message")
    node, class_type = str(facts.get("node_id", "")), text_at(facts, "node_type")
    cause: FailureCause = "out_of_memory" if is_memory_fault(kind, message) else "error"
    place = f"node {node} ({class_type}): " if class_type else ""
    name = kind.rpartition(".")[2] or "error"
    return Failed(cause, f"{place}{name}: {tidy(message)}", node or None)


def _done(entry: Facts, messages: list[tuple[str, Facts]]) -> Done:
    outputs, warnings = _outputs(object_at(entry, "outputs"))
    warnings += [tidy(f.get("message", "")) for kind, f in messages if kind == _WARNING]
    if not outputs:
        warnings.append("the server reports success and names no image")
    is_cached = bool(outputs) and _is_cached(entry, messages)
    return Done(tuple(outputs), is_cached, _seconds(messages), tuple(warnings))


def _outputs(nodes: Facts) -> tuple[list[OutputFile], list[str]]:
    outputs: list[OutputFile] = []
    warnings: list[str] = []
    for node, value in nodes.items():
        for item in list_at(as_object(value) or {}, "images"):
            image = as_object(item) or {}
            name, kind = text_at(image, "filename"), text_at(image, "type") or "output"
            if name and kind in _KINDS:
                known = cast("Literal['output', 'temp', 'input']", kind)
                outputs.append(OutputFile(node, name, text_at(image, "subfolder"), known))
            else:
                warnings.append(f"node {node} names an image that cannot be fetched")
    return outputs, warnings


def _is_cached(entry: Facts, messages: list[tuple[str, Facts]]) -> bool:
    prompt = as_list(entry.get("prompt")) or []
    graph = as_object(prompt[_GRAPH]) if len(prompt) > _GRAPH else None
    cached = {node for kind, f in messages if kind == "execution_cached" for node in _nodes(f)}
    return bool(graph) and set(graph) <= cached


def _nodes(facts: Facts) -> list[str]:
    return [node for node in list_at(facts, "nodes") if isinstance(node, str)]


def _seconds(messages: list[tuple[str, Facts]]) -> float | None:
    moments = {
        kind: moment
        for kind, facts in messages
        if isinstance(moment := facts.get("timestamp"), int | float)
    }
    start, end = moments.get("execution_start"), moments.get("execution_success")
    return None if start is None or end is None else max(0.0, (end - start) / 1000)


def read_queue(document: object, prompt_id: str) -> Pending | Running | None:
    """Where a job stands in the answer to `/queue`; None where it is not in it."""
    queue = as_object(document) or {}
    if any(item[_PROMPT_ID] == prompt_id for item in _items(queue, "queue_running")):
        return Running()
    pending = list(_items(queue, "queue_pending"))
    own = [_number(item) for item in pending if item[_PROMPT_ID] == prompt_id]
    if not own:
        return None
    # the list is a heap, not sorted; what runs next has the lowest number
    return Pending(sum(_number(item) < min(own) for item in pending))


def running_ids(document: object) -> tuple[str, ...]:
    """The jobs that run."""
    return _ids(document, "queue_running")


def pending_ids(document: object) -> tuple[str, ...]:
    """The jobs that wait."""
    return _ids(document, "queue_pending")


def _ids(document: object, part: str) -> tuple[str, ...]:
    return tuple(str(item[_PROMPT_ID]) for item in _items(as_object(document) or {}, part))


def _items(queue: Facts, part: str) -> Iterator[list[object]]:
    for item in list_at(queue, part):
        entry = as_list(item)
        if entry and len(entry) > _PROMPT_ID:
            yield entry


def _number(item: list[object]) -> float:
    number = item[_NUMBER]
    return float(number) if isinstance(number, int | float) else 0.0
