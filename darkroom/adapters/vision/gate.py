"""So many requests at a time, and no more: over all threads and runs of this machine.

Owns the places of one provider, each a lock that the kernel releases when its holder
dies. A local model that answers one question at a time is not sent two.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from darkroom.core.errors import VisionError

_POLL_S = 0.02
_SLOWEST_POLL_S = 0.25
_LONGEST_S = 3600.0


@dataclass(frozen=True)
class Gate:
    """The places of one provider; whoever allows fewer takes the first ones only."""

    folder: Path
    provider: str
    places: int

    @contextmanager
    def place(self) -> Generator[None]:
        """Wait for a place and hold it."""
        descriptor = self._taken()
        try:
            yield
        finally:
            os.close(descriptor)

    def _taken(self) -> int:
        ends_at, pause_s = time.monotonic() + _LONGEST_S, _POLL_S
        while (found := self._free_place()) is None:
            if time.monotonic() > ends_at:
                raise VisionError(
                    "vision-throttled", f"{self.provider} has been busy with others for an hour"
                )
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _SLOWEST_POLL_S)
        return found

    def _free_place(self) -> int | None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number in range(1, self.places + 1):
                if (
                    descriptor := _locked(self.folder / f"{self.provider}.{number}.lock")
                ) is not None:
                    return descriptor
        except OSError as exc:
            raise VisionError(
                "vision-failed", f"no place can be taken: {exc.strerror}", where=str(self.folder)
            ) from exc
        return None


def _locked(path: Path) -> int | None:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
