"""Routes of work: /prompt, /queue, /history, /interrupt, /free."""

import re
import time
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from darkroom.engine.documents import listing, mapping, text
from darkroom.engine.execution.graph import Graph
from darkroom.engine.execution.hearers import milliseconds
from darkroom.engine.execution.pending import QueueFullError
from darkroom.engine.execution.prompts import Prompt, Record
from darkroom.engine.execution.validation import validate
from darkroom.engine.execution.verdicts import Problem, problem
from darkroom.engine.server.engine import Engine, engine_of
from darkroom.engine.server.replies import (
    ServerTrouble,
    as_json,
    body_of,
    nothing,
    optional_body_of,
)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_PROMPT = problem("no_prompt", "No prompt provided", "No prompt provided")
_BAD_ID = problem(
    "invalid_prompt_id",
    "prompt_id must be a valid UUID",
    "prompt_id must be a UUID string in canonical lowercase hyphenated form;"
    " omit it to let the server generate one",
)
_FULL = problem("queue_full", "Too many prompts are waiting", "Try again when some have ended")


async def state(request: Request) -> Response:
    """GET /prompt."""
    return as_json({"exec_info": {"queue_remaining": engine_of(request).queue.remaining}})


async def submit(request: Request) -> Response:
    """POST /prompt."""
    engine = engine_of(request)
    body = await body_of(request)
    number = _number(engine, body)
    if "prompt" not in body:
        return _refused(_NO_PROMPT)
    prompt_id = body.get("prompt_id") or str(uuid.uuid4())
    if not (isinstance(prompt_id, str) and _UUID.fullmatch(prompt_id)):
        return _refused(_BAD_ID)
    graph = _graph(body["prompt"])
    targets = body.get("partial_execution_targets")
    verdict = validate(graph, await engine.ready(), targets and map(str, listing(targets)))
    if verdict.error is not None:
        return _refused(verdict.error, verdict.node_errors)
    prompt = Prompt(number, prompt_id, graph, _extra_data(body), verdict.outputs)
    try:
        engine.queue.put(prompt, engine.worker.announce)
    except QueueFullError:
        return _refused(_FULL, status=503)
    answer = {"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors}
    return as_json(answer)


def _refused(
    error: Problem, node_errors: dict[str, Problem] | None = None, status: int = 400
) -> Response:
    return as_json({"error": error, "node_errors": node_errors or {}}, status)


def _number(engine: Engine, body: dict[str, Any]) -> int | float:
    if "number" in body:
        try:
            asked = float(body["number"])
        except (TypeError, ValueError) as exc:
            raise ServerTrouble from exc
        if asked != asked:  # noqa: PLR0124 - NaN would have no place in the queue
            raise ServerTrouble
        return asked
    number = engine.next_number()
    return -number if body.get("front") else number


def _graph(sent: Any) -> Graph:
    """The graph, if it has the shape of one; an editor's file has not."""
    graph = mapping(sent)
    nodes = [mapping(node) for node in graph.values()]
    inputs_are_objects = all(isinstance(node.get("inputs", {}), dict) for node in nodes)
    if graph != sent or not inputs_are_objects or nodes != list(graph.values()):
        raise ServerTrouble
    return graph


def _extra_data(body: dict[str, Any]) -> dict[str, Any]:
    extra_data = dict(mapping(body.get("extra_data")))
    extra_data.pop("client_id", None)
    if client_id := text(body.get("client_id")):
        extra_data["client_id"] = client_id
    extra_data["create_time"] = milliseconds(time.time())
    return extra_data


async def queue(request: Request) -> Response:
    """GET /queue."""
    found = engine_of(request).queue.standing()
    return as_json(
        {
            "queue_running": [found.running.listed()] if found.running else [],
            "queue_pending": [prompt.listed() for prompt in found.waiting],
        }
    )


async def change_queue(request: Request) -> Response:
    """POST /queue: clear it, or delete some that wait."""
    engine, body = engine_of(request), await body_of(request)
    if body.get("clear"):
        engine.queue.clear()
        engine.worker.announce()
    for prompt_id in listing(body.get("delete")):
        if engine.queue.delete(prompt_id):
            engine.worker.announce()
    return nothing()


async def history(request: Request) -> Response:
    """GET /history: all of it, or a page."""
    records = engine_of(request).queue.records()
    try:
        count = int(request.query_params.get("max_items", len(records)))
        offset = int(request.query_params.get("offset", -1))
    except ValueError as exc:
        raise ServerTrouble from exc
    begin = max(0, len(records) - count) if offset < 0 else offset
    return as_json(_listed(records[begin : begin + max(0, count)]))


async def history_of_one(request: Request) -> Response:
    """GET /history/{prompt_id}; an unknown id is an empty answer."""
    record = engine_of(request).queue.record(request.path_params["prompt_id"])
    return as_json(_listed([record] if record else []))


def _listed(records: list[Record]) -> dict[str, Any]:
    return {record.prompt.prompt_id: record.listed() for record in records}


async def change_history(request: Request) -> Response:
    """POST /history: forget all, or some."""
    pending, body = engine_of(request).queue, await body_of(request)
    if body.get("clear"):
        pending.forget()
    pending.forget(map(str, listing(body.get("delete"))))
    return nothing()


async def interrupt(request: Request) -> Response:
    """POST /interrupt: the prompt that runs, or only if it is the one named."""
    body = await optional_body_of(request)
    engine_of(request).worker.interrupt(body.get("prompt_id") or None)
    return nothing()


async def free(request: Request) -> Response:
    """POST /free: drop what was kept for later prompts."""
    body = await body_of(request)
    if body.get("unload_models") or body.get("free_memory"):
        engine_of(request).worker.free()
    return nothing()
