"""Which servers a person wants left alone: one small file each, under `.darkroom` of the home.

Owns those files. A name means something only beside the darkroom.yaml that gives it, so
they lie there and not in the store; to drain a server for every machine, say so in each
one's darkroom.yaml. Looking costs one look at a folder entry, so it may be done per image.
"""

from pathlib import Path

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.durable import local_errors
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import UsageError

_FOLDER = ".darkroom/hosts"


class Drains:
    """The servers of one laboratory that take nothing."""

    def __init__(self, lab: Lab) -> None:
        self._folder = lab.path(_FOLDER)
        self._hosts = lab.config.hosts

    @property
    def names(self) -> tuple[str, ...]:
        """Every server that is configured, and the built-in engine."""
        return (*self._hosts, EMBEDDED)

    def is_drained(self, host: str) -> bool:
        """Whether the server is to take nothing, by the file of settings or by command."""
        known = self._hosts.get(host)
        return bool(known and known.drain) or self._mark(host).exists()

    def drain(self, host: str) -> None:
        """Let the server finish what it has and take nothing more."""
        path = self._mark(self._checked(host))
        with local_errors(str(path)):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch()

    def resume(self, host: str) -> None:
        """Let the server take orders again."""
        path = self._mark(self._checked(host))
        with local_errors(str(path)):
            path.unlink(missing_ok=True)
        known = self._hosts.get(host)
        if known and known.drain:
            raise UsageError(
                "host-drained-by-file",
                f"darkroom.yaml says `drain: true` for {host}",
                where=f"hosts.{host}.drain",
            )

    def _checked(self, host: str) -> str:
        if host not in self.names:
            known = ", ".join(self.names)
            raise UsageError("host-not-configured", f"no server is called {host[:80]!r}: {known}")
        return host

    def _mark(self, host: str) -> Path:
        return self._folder / f"{host}.drained"
