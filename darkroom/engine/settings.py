"""What an engine is told at start: where it lives, who may reach it, how much it takes.

Owns the limits and their reasons. Reads no environment and no file.
"""

from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
PROTOCOL_VERSION = "0.33.0"
"""The ComfyUI whose protocol is spoken."""
WEIGHTS = Path(__file__).parent / "weights"
"""The shipped weights and the table of their checksums."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Limits:
    """No request may make the engine hold or decode more than this."""

    upload_bytes: int = 100 * MIB
    """ComfyUI's own limit, stated in /features."""
    graph_bytes: int = 8 * MIB
    """Pending graphs are held in memory."""
    graph_nodes: int = 1000
    pending: int = 1000
    history: int = 10_000
    """ComfyUI's own cap; the oldest entry goes."""
    sockets: int = 256
    pixels: int = 64_000_000
    """Of one image read, and of one batch held."""


@dataclass(frozen=True)
class Settings:
    """One engine process."""

    root: Path
    """Holds output/, temp/ and input/; nothing outside is read or written."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    allowed_hosts: tuple[str, ...] = LOOPBACK
    """Names a request may carry in its Host header; anything else is a rebinding attempt."""
    instance: str = ""
    """Names this process, so that whoever started it knows it again behind a port."""
    limits: Limits = Limits()
