"""No network for the libraries of the torch tier, which fetch weights when they can.

Owns the settings they obey, which must stand before they are imported, and the hook
that holds for those that obey none.
"""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

_AWAY = frozenset({"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"})


class NetworkForbidden(PermissionError):
    """A library tried to reach a network from the scoring process."""


def offline_settings(weights: Path) -> dict[str, str]:
    """The environment under which torch, timm and transformers look only into one folder."""
    return {
        "TORCH_HOME": str(weights / "torch"),
        "HF_HOME": str(weights / "hf"),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_ALBUMENTATIONS_UPDATE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "MPLCONFIGDIR": str(weights / ".matplotlib"),
    }


def forbid_network() -> None:
    """Refuse every connection of this process but those to sockets of this machine's files.

    An audit hook stays until the process ends, so only processes of our own call this.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: Sequence[object]) -> None:
    if event not in _AWAY:
        return
    sock = arguments[0]
    if isinstance(sock, socket.socket) and sock.family == socket.AF_UNIX:
        return
    target = arguments[1] if len(arguments) > 1 else arguments[0]
    raise NetworkForbidden(f"the scoring process uses no network; {event} of {target} was refused")
