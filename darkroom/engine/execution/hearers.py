"""Who hears what happens during execution; the sockets keep this contract."""

from typing import Any, Protocol


class Hearers(Protocol):
    """Everyone connected. Calls come from the worker's thread and never wait."""

    def tell(self, kind: str, data: dict[str, Any], client_id: str | None) -> None:
        """Send one message to a client, or to everyone where none is named."""
        ...

    def show(self, jpeg: bytes, metadata: dict[str, Any], client_id: str) -> None:
        """Send a preview frame with what it belongs to."""
        ...

    def wants_metadata(self, client_id: str) -> bool:
        """Whether this client asked for previews with metadata."""
        ...

    def now_running(self, client_id: str | None, node_id: str | None) -> None:
        """Note what a client that comes back is told first."""
        ...


def milliseconds(seconds: float) -> int:
    """A point in time as messages carry it."""
    return int(seconds * 1000)
