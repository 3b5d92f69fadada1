"""A console for the log lines of a run that outlives whoever reads them.

A worker reads what its runs say through a pipe. When it is killed, the next line of a run breaks
that pipe, and Rich, with which Prefect writes, then ends the process: so the run would die of its
worker after all. Owns nothing but going on in silence; the lines still reach the Prefect server.
"""

import logging
import os

from prefect.logging.handlers import PrefectConsoleHandler


class LastingConsole(PrefectConsoleHandler):
    """Prefect's own, but for that. Prefect finds it by `flows.environment.OUTLIVES_READERS`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or from now on nothing."""
        try:
            super().emit(record)
        except SystemExit:  # Rich's answer to a broken pipe; it is quiet from now on
            self._forget_the_reader()

    def _forget_the_reader(self) -> None:
        """What others write there must not fail either."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)
