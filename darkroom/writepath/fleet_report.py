"""What every configured server says of itself now, asked all at once.

Owns the line that `darkroom hosts` shows per server. Starts nothing: an engine that does
not run is said not to run.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from darkroom.adapters.comfyui import ComfyClient, Timing
from darkroom.adapters.drained import Drains
from darkroom.adapters.engine_process import engine_of
from darkroom.adapters.settings import Lab
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import ComfyError

_QUICK = Timing(connect_s=2.0, read_s=5.0, catalogue_s=5.0, get_attempts=1)
_AT_ONCE = 16
_LOADERS = (("CheckpointLoaderSimple", "ckpt_name"), ("UNETLoader", "unet_name"))


@dataclass(frozen=True)
class HostLine:
    """One server as it is now."""

    name: str
    url: str | None
    health: str
    """`ready`, `busy`, `drained`, `draining`, `worker looks dead`, `not running`, `away`."""
    version: str | None = None
    device: str | None = None
    running: int | None = None
    pending: int | None = None
    vram_free_bytes: int | None = None
    vram_total_bytes: int | None = None
    ram_free_bytes: int | None = None
    models: tuple[str, ...] = ()
    """The model files it has."""
    may_draw: tuple[str, ...] | None = None
    """The models darkroom.yaml lets it draw; None: every one."""
    is_drained: bool = False
    said: str | None = None
    """Why it did not answer."""


def host_lines(lab: Lab) -> tuple[HostLine, ...]:
    """Every server of darkroom.yaml, then the built-in engine."""
    drains = Drains(lab)
    known = [(name, told.url) for name, told in lab.config.hosts.items()]
    engine = engine_of(lab).status()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = [pool.submit(_line, lab, drains, *each) for each in known]
        if engine is not None:
            asked.append(pool.submit(_line, lab, drains, EMBEDDED, engine.url))
        lines = [each.result() for each in asked]
    if engine is None:
        is_drained = drains.is_drained(EMBEDDED)
        lines.append(HostLine(EMBEDDED, None, "not running", is_drained=is_drained))
    return tuple(lines)


def _line(lab: Lab, drains: Drains, name: str, url: str) -> HostLine:
    is_drained = drains.is_drained(name)
    known = lab.config.hosts.get(name)
    with closing(ComfyClient(name, url, _QUICK)) as client:
        try:
            found = client.health()
            models = [model for loader in _LOADERS for model in client.choices(*loader)]
        except ComfyError as error:
            allowed = known.models if known else None
            return HostLine(
                name, url, "away", may_draw=allowed, is_drained=is_drained, said=error.message
            )
    return HostLine(
        name,
        url,
        _word(found.running, found.pending, found.looks_dead, is_drained),
        found.receipt.version,
        found.receipt.device,
        found.running,
        found.pending,
        found.vram_free_bytes,
        found.vram_total_bytes,
        found.ram_free_bytes,
        tuple(models),
        known.models if known else None,
        is_drained,
    )


def _word(running: int, pending: int, looks_dead: bool, is_drained: bool) -> str:
    if looks_dead:
        return "worker looks dead"
    if is_drained:
        return "draining" if running or pending else "drained"
    return "busy" if running or pending else "ready"
