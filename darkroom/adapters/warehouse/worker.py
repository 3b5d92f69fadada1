"""`python -m darkroom.adapters.warehouse.worker FOLDER`: read documents for another process.

Owns what is loaded and how little: it is asked over its standard input what the documents
of a portion mean, answers on its standard output, and ends when nobody asks any more.
Whatever goes wrong ends it; its owner then reads that portion itself, and so meets the
same mistake.
"""

import gc
import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path


class _LoadingLittle(MetaPathFinder):
    """Arrow loads numpy and pandas only to ask whether a list is one of theirs: half a second."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Refuse those two; others are found by others."""
        if fullname in {"numpy", "pandas"}:
            raise ModuleNotFoundError(fullname)


def main() -> None:
    """Serve whoever started this process."""
    sys.meta_path.insert(0, _LoadingLittle())
    # only now, as it loads Arrow
    from darkroom.adapters.warehouse.answering import serve

    gc.freeze()  # what is loaded stays
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else gets between the answers
    with os.fdopen(answers, "wb", buffering=2**20) as answered:
        serve(Path(sys.argv[1]), sys.stdin.buffer, answered)


if __name__ == "__main__":
    main()
