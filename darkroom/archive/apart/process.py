"""A process of its own for one question, which may die of it.

Owns the process: how it starts, how it is asked, and that it is gone in the end. Loads next
to nothing, so that it can start before its owner has loaded what reading an answer takes.
"""

import signal
import subprocess
import sys
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from darkroom.archive.apart.wire import line_of
from darkroom.core.errors import DarkroomError, OutsideError

_CHILD = "darkroom.archive.apart.child"
_ENDS_WITHIN_S = 5.0


class Apart:
    """One process that answers one question; it loads while its owner does other things."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=2**20,
                process_group=0,  # Ctrl-C is for its owner, who then ends it
            )
        except OSError as error:
            message = f"no process can be started to answer: {error.strerror}"
            raise OutsideError("sql-ended", message) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def answers(self) -> IO[bytes]:
        """Where the answer comes out."""
        assert self._process.stdout is not None
        return self._process.stdout

    def ask(self, question: object) -> None:
        """Put the question; a process that died has its say when the answer is read."""
        asked = self._process.stdin
        assert asked is not None
        with suppress(BrokenPipeError):
            asked.write(line_of(question))
            asked.flush()

    def died(self, time_s: float) -> DarkroomError:
        """Why no answer came, or only half of one."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDS_WITHIN_S)
        status = self._process.poll()
        if status == -signal.SIGALRM:
            message = f"not answered after {time_s:g} s, and did not stop"
            return OutsideError("sql-timeout", message)
        how = "is still there" if status is None else f"ended with {_name_of(status)}"
        return OutsideError("sql-ended", f"the process that answers it {how}")

    def end(self) -> None:
        """End it, whatever it does; again, that does nothing."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # a dead process takes no last word
                if pipe is not None:
                    pipe.close()
        self._process.wait()


def _name_of(status: int) -> str:
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"exit code {status}"
