"""`python -m darkroom.adapters.warehouse.worker FOLDER`: read documents for another process.

Owns nothing: it is asked over its standard input what the documents of a portion mean,
answers on its standard output, and ends when nobody asks any more. Whatever goes wrong
ends it; its owner then reads that portion itself, and so meets the same mistake.
"""

import gc
import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import IO

from darkroom.adapters.warehouse.fetching import from_folder
from darkroom.adapters.warehouse.reading import read_portion
from darkroom.adapters.warehouse.wire import receive_request, receive_shapes, send_answer


def serve(root: Path, asked: IO[bytes], answered: IO[bytes]) -> None:
    """Answer every request until there are no more."""
    shapes = receive_shapes(asked)
    while request := receive_request(asked):
        keys, entries = request
        send_answer(read_portion(from_folder(root, keys), entries, shapes), answered)


class _WithoutPandas(MetaPathFinder):
    """Arrow loads pandas only to ask whether a list is one of its columns: a third of a second."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Refuse that one module; others are found by others."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def main() -> None:
    """Serve whoever started this process."""
    sys.meta_path.insert(0, _WithoutPandas())
    gc.freeze()  # what is loaded stays
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else gets between the answers
    with os.fdopen(answers, "wb", buffering=2**20) as answered:
        serve(Path(sys.argv[1]), sys.stdin.buffer, answered)


if __name__ == "__main__":
    main()
