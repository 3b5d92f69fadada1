"""What the nodes of one server take, asked from the server.

Owns the request and the memory of its answer. What the answer means is in
`darkroom.core.workflow.object_info`.
"""

import threading

from darkroom.adapters.comfyui.transport import Transport
from darkroom.core.errors import ComfyError, WorkflowError
from darkroom.core.workflow.object_info import Catalogue, read_object_info


class ObjectInfo:
    """The catalogue of one server; asked once, until it is forgotten."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._whole: Catalogue | None = None

    def catalogue(self) -> Catalogue:
        """Every class the server has."""
        with self._lock:
            if self._whole is None:
                self._whole = self._asked("/object_info")
            return self._whole

    def forget(self) -> None:
        """Ask again next time: somebody may have added a model."""
        with self._lock:
            self._whole = None

    def options(self, class_type: str, name: str) -> tuple[str, ...]:
        """What one input takes, now; empty where the server says nothing of it."""
        if not class_type.isidentifier():
            return ()
        try:
            spec = self._asked(f"/object_info/{class_type}").get(class_type)
        except (ComfyError, WorkflowError):
            return ()
        declared = spec.inputs.get(name) if spec else None
        found = (declared.options if declared else None) or ()
        return tuple(item for item in found if isinstance(item, str))

    def _asked(self, path: str) -> Catalogue:
        limit_s = self._transport.timing.catalogue_s
        reply = self._transport.get(path, limit_s=limit_s).expect_ok()
        return read_object_info(reply.json(), reply.where)
