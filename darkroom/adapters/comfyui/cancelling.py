"""Take one job off a server, and no other.

Owns the two ways: the jobs route of newer servers, which does it in one step, and
queue deletion or a targeted interrupt on older ones. An interrupt without an id is
never sent: it would stop whoever runs.
"""

import time
from http import HTTPStatus

from darkroom.adapters.comfyui.faults import refused_status
from darkroom.adapters.comfyui.lookup import look
from darkroom.adapters.comfyui.transport import Transport
from darkroom.core.jobs import Done, Failed, Pending, Running
from darkroom.core.workflow.json_shape import as_object

_ABSENT = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)
_MOST_COPIES = 5
"""One deletion removes one entry, and an id may have been queued more than once."""


class Canceller:
    """Cancels jobs of one server; asks once whether it has the newer route."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._has_route: bool | None = None

    def cancel(self, prompt_id: str) -> bool:
        """Stop the job wherever it is; says whether there was anything to stop."""
        if self._has_route is not False:
            answer = self._by_route(prompt_id)
            if answer is not None:
                return answer
        return self._step_by_step(prompt_id)

    def _by_route(self, prompt_id: str) -> bool | None:
        reply = self._transport.post_json(f"/api/jobs/{prompt_id}/cancel", {})
        if reply.status in _ABSENT:
            self._has_route = False
            return None
        if not reply.is_ok:
            return None  # this once; the older way is always there
        self._has_route = True
        return bool((as_object(reply.json()) or {}).get("cancelled"))

    def _step_by_step(self, prompt_id: str) -> bool:
        was_there = False
        for _ in range(_MOST_COPIES):
            state = look(self._transport, prompt_id).state
            match state:
                case Pending():
                    self._post("/queue", {"delete": [prompt_id]})
                    was_there = True
                case Running():
                    self._post("/interrupt", {"prompt_id": prompt_id})
                    return self._is_stopped(prompt_id)
                case _:
                    return was_there
        return was_there

    def _is_stopped(self, prompt_id: str) -> bool:
        """Whether it did not finish by itself; a stop that is still under way counts."""
        pause_s = self._transport.timing.slice_s / 4
        until = time.monotonic() + self._transport.timing.cancel_settle_s
        while isinstance(state := look(self._transport, prompt_id).state, Running):
            if time.monotonic() > until:
                return True
            time.sleep(pause_s)
        return not isinstance(state, Done | Failed)

    def _post(self, path: str, body: object) -> None:
        reply = self._transport.post_json(path, body)
        if not reply.is_ok:
            raise refused_status(reply.status, reply.where)
