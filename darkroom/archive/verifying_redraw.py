"""Draw stored images again from their sidecars, and say how far the result is from what is kept.

Owns that a redrawing is really drawn (the server's cache must not answer), that it never
becomes a result, and the one small document that it adds to the store.
"""

import copy
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, cast

from darkroom.adapters.image_comparing import pixel_difference
from darkroom.adapters.images import decode
from darkroom.adapters.projects import open_project
from darkroom.adapters.renderer import Graph, Renderer
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.verified import read_verified
from darkroom.core.config.aigen import Comfy
from darkroom.core.errors import (
    ComfyUnreachable,
    ConfigError,
    DarkroomError,
    DataError,
    Interrupted,
    JobFailed,
    StoreUnavailable,
    UsageError,
)
from darkroom.core.jobs import Cancelled, Done, Failed, FinalState, Lost, OutputFile, Progress
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import Identity, Sidecar, moment
from darkroom.core.ulids import RANDOM_BITS, milliseconds, ulid
from darkroom.core.verification import (
    Redrawn,
    receipt_differences,
    serialise,
    verified_key,
)
from darkroom.writepath.fleet_terms import Slot
from darkroom.writepath.intents import Intent, with_prefix
from darkroom.writepath.ledger import JSON, Ledger
from darkroom.writepath.opening import Hosts
from darkroom.writepath.uploads import Uploads

MARK = "darkroom_redrawn_as"
_TURN_S = 300.0
OnProgress = Callable[[Progress], None]


def _silent(_progress: Progress) -> None:
    return


class Turn:
    """The slot of one server, held for as long as images in a row are drawn on it.

    Used as a context manager. Now and then it is given back, for whoever waits.
    """

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._host: str | None = None
        self._began_s = 0.0
        self._held = ExitStack()

    def on(self, host: str | None) -> None:
        """The next image is drawn there; None: on no server."""
        if host == self._host and time.monotonic() - self._began_s < _TURN_S:
            return
        self._held.close()
        self._host = None
        if host is not None:
            self._held.enter_context(self._slot(host))
        self._host, self._began_s = host, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()


@dataclass
class Redrawing:
    """Servers and a store, for one image after the other."""

    store: Store
    hosts: Mapping[str, Renderer]
    host: str | None = None
    """Where to draw; None for the server that drew the image."""
    on_progress: OnProgress = _silent
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    away: dict[str, str] = field(default_factory=dict[str, str])
    """Servers that did not answer; the next image does not wait for them again."""

    def redraw(self, key: str, sidecar: Sidecar) -> Redrawn:
        """Draw one image again, compare, and record what was found."""
        try:
            found = self._compared(key, sidecar)
        except (StoreUnavailable, Interrupted):
            raise  # the next image would meet the same wall
        except ComfyUnreachable as error:
            self.away.setdefault(self.host_of(sidecar) or "", error.message)
            return self._said(key, sidecar, outcome="not_drawn", reason=error.message)
        except DarkroomError as error:
            return self._said(key, sidecar, outcome="not_drawn", reason=error.message)
        self._record(key, found)
        return found

    def _compared(self, key: str, sidecar: Sidecar) -> Redrawn:
        renderer = self._renderer(sidecar)
        data = self._drawn(renderer, key, sidecar)
        digest = sidecar.identity.sha256 or ""
        stored = decode(read_verified(self.store, key, digest)).rgb()
        apart = pixel_difference(stored, decode(data).rgb())
        facts: dict[str, Any] = {
            "host": renderer.name,
            "receipt": receipt_differences(sidecar.engine, renderer.receipt()),
        }
        if apart is None:
            return self._said(key, sidecar, outcome="other_size", **facts)
        return self._said(
            key,
            sidecar,
            outcome="differs" if apart.largest else "bit_exact",
            max_difference=apart.largest,
            differing=apart.share,
            psnr_db=apart.psnr_db,
            **facts,
        )

    def _said(self, key: str, sidecar: Sidecar, **facts: Any) -> Redrawn:
        digest = sidecar.identity.sha256
        return Redrawn(image=key, image_sha256=digest, at=moment(self.now()), **facts)

    def host_of(self, sidecar: Sidecar) -> str | None:
        """Where this image is to be drawn."""
        return self.host or (sidecar.engine.host if sidecar.engine else None)

    def reachable(self, sidecar: Sidecar) -> str | None:
        """The same, where it is configured and has not been found away."""
        name = self.host_of(sidecar)
        return name if name in self.hosts and name not in self.away else None

    def _renderer(self, sidecar: Sidecar) -> Renderer:
        name = self.host_of(sidecar)
        if name is None:
            raise DataError("redraw-impossible", "its sidecar names no server; say --host")
        if name not in self.hosts:
            raise UsageError("redraw-host", f"no host is called {name[:80]!r} here; say --host")
        if name in self.away:
            raise ComfyUnreachable("redraw-away", self.away[name], where=name)
        return self.hosts[name]

    def _drawn(self, renderer: Renderer, key: str, sidecar: Sidecar) -> bytes:
        if sidecar.workflow.graph is None:
            raise DataError("redraw-impossible", "its sidecar holds no graph", where=key)
        prompt_id = str(uuid.uuid4())
        graph = self._with_inputs(renderer, key, sidecar, fresh(sidecar.workflow.graph, prompt_id))
        try:
            renderer.submit(graph, prompt_id)
            final = renderer.wait(prompt_id, self.on_progress)
        except (KeyboardInterrupt, Interrupted):
            renderer.cancel(prompt_id)
            raise
        return renderer.fetch(_output(final, sidecar.identity))

    def _with_inputs(self, renderer: Renderer, key: str, sidecar: Sidecar, graph: Graph) -> Graph:
        """The graph with the images it starts from sent to the server."""
        intent = _promise(self.store, sidecar.identity)
        if intent is not None:
            renamed = intent.model_copy(update={"graph": graph})
            return Uploads().sent(renderer, self.store, renamed)
        if sidecar.parents:
            message = "it was made from an image, and its promise, which names that one, is gone"
            raise DataError("redraw-impossible", message, where=key)
        return graph

    def _record(self, key: str, found: Redrawn) -> None:
        name = ulid(milliseconds(self.now()), secrets.randbits(RANDOM_BITS))
        place = verified_key(key, name)
        if place is not None:
            self.store.put(place, serialise(found), JSON)


def hosts_of(lab: Lab, project: str, stack: ExitStack) -> Hosts:
    """The servers that a project's sidecars may name, each opened when first asked for."""
    told: tuple[Comfy, ...] = ()
    try:
        told = (open_project(lab, project).aigen.comfyui,)
    except (ConfigError, UsageError):
        told = ()  # a mistake in a project's files must not keep its images from being verified
    return Hosts(lab, told, stack)


def fresh(graph: Mapping[str, Mapping[str, Any]], prompt_id: str) -> Graph:
    """A copy that no cache knows: every node that works on others carries a mark of its own.

    Servers compare a node by all of its inputs and hand it only those it declares, so the
    mark changes what is remembered and nothing that is drawn. Loaders stay remembered.
    """
    changed = with_prefix(cast("Graph", copy.deepcopy(dict(graph))), f"darkroom-verify-{prompt_id}")
    for node in changed.values():
        inputs: dict[str, Any] = node["inputs"]
        if any(isinstance(value, list) for value in inputs.values()):
            inputs[MARK] = prompt_id
    return changed


def _promise(store: Store, known: Identity) -> Intent | None:
    """The intent that this image was drawn by, where it can still be read."""
    if not (known.project and known.run_id and known.job_key):
        return None
    keys = RunKeys(known.project, known.run_id)
    try:
        attempts = Ledger(store).attempts(keys, known.job_key)
    except DataError:
        return None
    intents = [attempt.intent for attempt in attempts]
    return next((one for one in intents if one.prompt_id == known.prompt_id), None)


def _output(final: FinalState, known: Identity) -> OutputFile:
    """The file that stands where the image stood among those of its job."""
    match final:
        case Done(outputs):
            saved = tuple(one for one in outputs if one.kind == "output") or outputs
            place = (known.output or 1) - 1
            if place < len(saved):
                return saved[place]
            message = f"the server saved {len(saved)} images; it was image {place + 1}"
            raise JobFailed("image-undrawn", message)
        case Failed(cause, message):
            raise JobFailed("image-undrawn", f"{cause}: {message}")
        case Cancelled():
            raise JobFailed("image-undrawn", "it was cancelled on the server")
        case Lost():
            raise JobFailed("image-undrawn", "the server lost it")
