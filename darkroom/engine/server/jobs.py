"""Routes of the newer interface: /api/jobs.

Owns the view of prompts as jobs with one status each.
"""

from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from darkroom.engine.documents import listing, mapping, text
from darkroom.engine.execution.prompts import SUCCESS, Prompt, Record
from darkroom.engine.server.engine import Engine, engine_of
from darkroom.engine.server.replies import ServerTrouble, as_json

Job = dict[str, Any]
_ENDS = ("execution_success", "execution_error", "execution_interrupted")


async def jobs(request: Request) -> Response:
    """GET /api/jobs, the newest first."""
    asked = request.query_params
    wanted = set(asked["status"].split(",")) if asked.get("status") else None
    found = [job for job in _all(engine_of(request)) if not wanted or job["status"] in wanted]
    newest_first = asked.get("sort_order", "desc") != "asc"
    found.sort(key=lambda job: job["create_time"], reverse=newest_first)
    try:
        offset = max(0, int(asked.get("offset", 0)))
        limit = int(asked["limit"]) if "limit" in asked else None
    except ValueError as exc:
        raise ServerTrouble from exc
    page = found[offset:] if limit is None else found[offset : offset + max(0, limit)]
    more = offset + len(page) < len(found)
    pages = {"offset": offset, "limit": limit, "total": len(found), "has_more": more}
    return as_json({"jobs": page, "pagination": pages})


async def job(request: Request) -> Response:
    """GET /api/jobs/{job_id}."""
    found = _one(engine_of(request), request.path_params["job_id"])
    return as_json(found) if found else as_json({"error": "Job not found"}, 404)


async def cancel(request: Request) -> Response:
    """POST /api/jobs/{job_id}/cancel: wherever it is, running or waiting."""
    engine, job_id = engine_of(request), request.path_params["job_id"]
    cancelled = engine.worker.interrupt(job_id)
    if not cancelled and engine.queue.delete(job_id):
        engine.worker.announce()
        cancelled = True
    # what neither ran nor waited may have begun between the two looks
    return as_json({"cancelled": cancelled or engine.worker.interrupt(job_id)})


def _all(engine: Engine) -> list[Job]:
    found = engine.queue.standing()
    queued = chain(
        [_queued(found.running, "in_progress")] if found.running else [],
        (_queued(prompt, "pending") for prompt in found.waiting),
    )
    return [*queued, *(_ended(record) for record in found.ended)]


def _one(engine: Engine, job_id: str) -> Job | None:
    found = engine.queue.standing()
    ended = (record for record in found.ended if record.prompt.prompt_id == job_id)
    if record := next(ended, None):
        return _ended(record) | _details(record)
    if found.running and found.running.prompt_id == job_id:
        return _queued(found.running, "in_progress")
    waiting = (prompt for prompt in found.waiting if prompt.prompt_id == job_id)
    prompt = next(waiting, None)
    return _queued(prompt, "pending") if prompt else None


def _queued(prompt: Prompt, status: str) -> Job:
    return {
        "id": prompt.prompt_id,
        "status": status,
        "priority": prompt.number,
        "create_time": prompt.extra_data["create_time"],
        "outputs_count": 0,
        "previewable_outputs_count": 0,
    } | _workflow_id(prompt)


def _workflow_id(prompt: Prompt) -> Job:
    workflow = mapping(mapping(prompt.extra_data.get("extra_pnginfo")).get("workflow"))
    workflow_id = text(workflow.get("id"))
    return {"workflow_id": workflow_id} if workflow_id else {}


def _ended(record: Record) -> Job:
    messages = dict(record.outcome.messages)
    end = next((kind for kind in _ENDS if kind in messages), "execution_error")
    shown = [
        {**image, "nodeId": node_id, "mediaType": "images"}
        for node_id, ui in record.outcome.outputs.items()
        for image in listing(ui.get("images"))
    ]
    found = _queued(record.prompt, _status(record, end)) | {
        "execution_start_time": messages.get("execution_start", {}).get("timestamp"),
        "execution_end_time": messages.get(end, {}).get("timestamp"),
        "execution_error": messages.get("execution_error"),
        "outputs_count": len(shown),
        "previewable_outputs_count": len(shown),
        "preview_output": shown[0] if shown else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _status(record: Record, end: str) -> str:
    if record.outcome.status == SUCCESS:
        return "completed"
    return "cancelled" if end == "execution_interrupted" else "failed"


def _details(record: Record) -> Job:
    entry = record.listed()
    return {
        "outputs": entry["outputs"],
        "execution_status": entry["status"],
        "workflow": {"prompt": record.prompt.graph, "extra_data": record.prompt.extra_data},
    }
