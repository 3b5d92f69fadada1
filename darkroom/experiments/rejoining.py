"""Servers that were away when an experiment began, and answer before it ends.

Owns when they are asked again, and what an experiment with one more server is. A step ends
when one answers: the next step has it.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

from darkroom.adapters.comfyui import ComfyClient
from darkroom.core.experiments.cells import Cell
from darkroom.experiments.composing import check_cells
from darkroom.experiments.opening import Opened
from darkroom.writepath.fleet_opening import Servers, back_again

EVERY_S = 60.0
_LEAVE_S = 5.0
"""One that hangs is not waited for longer at the end."""


class Lookout:
    """Asks them once a minute, in a thread of its own; used as a context manager."""

    def __init__(self, absent: Mapping[str, ComfyClient]) -> None:
        self._absent: Mapping[str, ComfyClient] = absent
        self._found: Servers | None = None
        self._over = threading.Event()
        # a daemon: a server that hangs must not keep a process alive
        self._thread = threading.Thread(target=self._look, daemon=True, name="lookout")

    @property
    def sees(self) -> bool:
        """Whether one answers that nobody has taken yet."""
        return self._found is not None

    def take(self) -> Servers | None:
        """Those that answer by now; each is given once."""
        found, self._found = self._found, None
        return found

    def _look(self) -> None:
        while self._absent and not self._over.wait(EVERY_S):
            if self._found is None and (found := back_again(self._absent)).hosts:
                self._absent = {n: c for n, c in self._absent.items() if n not in found.hosts}
                self._found = found

    def __enter__(self) -> Self:
        if self._absent:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(_LEAVE_S)


def joined(opened: Opened, cells: Sequence[Cell], found: Servers) -> Opened:
    """The same experiment with these servers as well, for the cells that they can draw."""
    catalogues = {**opened.catalogues, **found.catalogues}
    check_cells(opened.base, cells, catalogues, opened.checked)
    return replace(
        opened,
        hosts={**opened.hosts, **found.hosts},
        receipts={**opened.receipts, **found.receipts},
        catalogues=catalogues,
        absent={name: each for name, each in opened.absent.items() if name not in found.hosts},
    )
