"""Bring one job into a server's queue, exactly once as far as that can be known.

Owns the POST and what follows when its answer is lost: the id is looked up, and only a
job that neither queue nor history knows is sent again. An answer 200 may still hold
errors: then a part of the graph would be left out in silence, so the job is taken back.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from darkroom.adapters.comfyui.faults import never_connected, refused_status, tidy
from darkroom.adapters.comfyui.lookup import look
from darkroom.adapters.comfyui.object_info import ObjectInfo
from darkroom.adapters.comfyui.rejections import explain
from darkroom.adapters.comfyui.server_limits import largest_upload
from darkroom.adapters.comfyui.transport import Reply, Transport
from darkroom.core.errors import ComfyError, ComfyUnreachable, JobRejected
from darkroom.core.jobs import Lost
from darkroom.core.workflow.json_shape import as_object

Graph = dict[str, dict[str, Any]]


class Submitter:
    """Sends jobs to one server."""

    def __init__(
        self, transport: Transport, catalogue: ObjectInfo, cancel: Callable[[str], object]
    ) -> None:
        self._transport = transport
        self._catalogue = catalogue
        self._cancel = cancel

    def submit(self, graph: Graph, prompt_id: str, extra: Mapping[str, object]) -> None:
        """Queue the graph; the caller has checked it."""
        body: dict[str, Any] = {"prompt": graph, "prompt_id": prompt_id, "client_id": prompt_id}
        if extra:
            body["extra_data"] = dict(extra)
        doubt = self._posted(body)
        for pause_s in self._transport.timing.resubmit_pauses_s:
            if doubt is None or self._is_known(prompt_id, doubt):
                return
            time.sleep(pause_s)
            if self._is_known(prompt_id, doubt):  # it may have arrived late
                return
            doubt = self._posted(body)
        if doubt is not None and not self._is_known(prompt_id, doubt):
            raise doubt

    def _is_known(self, prompt_id: str, doubt: ComfyError) -> bool:
        try:
            return not isinstance(look(self._transport, prompt_id).state, Lost)
        except ComfyUnreachable as error:
            if never_connected(doubt):
                return False
            raise ComfyUnreachable(
                "submission-unclear",
                f"the server went away while it was sent the job: {error.message}",
                where=error.where,
            ) from error

    def _posted(self, body: Mapping[str, Any]) -> ComfyError | None:
        """None when the server has the job, an error when that is not known."""
        limit_s = self._transport.timing.submit_s
        try:
            reply = self._transport.post_json("/prompt", body, limit_s=limit_s)
            if reply.status == HTTPStatus.OK:
                self._check_accepted(reply, body)
                return None
        except JobRejected:
            raise
        except ComfyError as error:
            return error
        return self._refused(reply, body)

    def _check_accepted(self, reply: Reply, body: Mapping[str, Any]) -> None:
        answer = as_object(reply.json()) or {}
        known_as = answer.get("prompt_id")
        if answer.get("node_errors"):
            self._take_back(str(known_as or body["prompt_id"]))
            reason = explain(answer, body["prompt"], self._catalogue.options)
            message = f"the server would leave a part of the graph out: {reason}"
            raise JobRejected("job-refused", message, where=reply.where)
        if known_as != body["prompt_id"]:
            self._take_back(str(known_as))
            message = "the server gave the job another id than ours: its version is too old"
            raise JobRejected("comfy-too-old", message, where=reply.where)

    def _take_back(self, prompt_id: str) -> None:
        with contextlib.suppress(ComfyError):
            self._cancel(prompt_id)

    def _refused(self, reply: Reply, body: Mapping[str, Any]) -> ComfyError:
        where = reply.where
        if reply.status == HTTPStatus.BAD_REQUEST:
            raise JobRejected("job-refused", self._explained(reply, body), where=where)
        if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            most = largest_upload(self._transport)
            message = f"the graph is larger than the server takes ({most} bytes)"
            raise JobRejected("job-refused", message, where=where)
        if reply.status < HTTPStatus.INTERNAL_SERVER_ERROR and reply.status != 429:  # noqa: PLR2004
            raise refused_status(reply.status, where)
        if reply.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            message = "the server failed over the graph (HTTP 500) and queued nothing"
            return JobRejected("job-breaks-server", message, where=where)
        return refused_status(reply.status, where)

    def _explained(self, reply: Reply, body: Mapping[str, Any]) -> str:
        try:
            return explain(reply.json(), body["prompt"], self._catalogue.options)
        except ComfyError:
            return tidy(reply.body.decode("utf-8", "replace")) or "the server gives no reason"
