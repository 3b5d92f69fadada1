"""Progress on its way to whoever draws a bar.

Owns the callback: one that raises is called no more and is reported as a warning, for
a bar must not break a picture. An `Interrupted` passes: it is meant to stop the wait.
"""

import logging
from collections.abc import Callable

from darkroom.adapters.comfyui.messages import Frame, NodeStarted, Stepped
from darkroom.core.errors import Interrupted
from darkroom.core.jobs import Progress

_LOG = logging.getLogger(__name__)
OnProgress = Callable[[Progress], None]


class Teller:
    """Hands progress of one job on."""

    def __init__(self, prompt_id: str, callback: OnProgress | None) -> None:
        self._prompt_id = prompt_id
        self._callback = callback
        self.faults: tuple[str, ...] = ()
        """What the callback did wrong."""

    def tell(self, message: NodeStarted | Stepped | Frame) -> None:
        """Hand one message on."""
        match message:
            case NodeStarted():
                progress = Progress(self._prompt_id, node=message.node)
            case Stepped():
                progress = Progress(
                    self._prompt_id, node=message.node, step=message.step, steps=message.steps
                )
            case Frame():
                progress = Progress(
                    self._prompt_id,
                    node=message.node,
                    preview=message.data,
                    preview_format=message.format,
                )
        self._call(progress)

    def _call(self, progress: Progress) -> None:
        if self._callback is None:
            return
        try:
            self._callback(progress)
        except Interrupted:
            raise
        except Exception as exc:  # noqa: BLE001 - foreign code; it must not break the job
            self._callback = None
            self.faults = (f"showing progress failed: {type(exc).__name__}: {exc}",)
            _LOG.warning("%s", self.faults[0])
