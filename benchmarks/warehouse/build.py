"""`python -m benchmarks.warehouse.build STORE FILE`: build a warehouse, and nothing else.

A process of its own, as the memory of whoever compares several things says nothing of one.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.warehouse.timing import spent
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.updating import Files, SyncReport, update


def main() -> None:
    """Build, and say what it took as one line of JSON."""
    files, store = Files(Path(sys.argv[2])), FolderStore(Path(sys.argv[1]))
    files.published.unlink(missing_ok=True)
    reports: list[SyncReport] = []
    built = spent(lambda: reports.append(update(files, store)))
    told = {"added": reports[0].added, "quarantined": reports[0].quarantined}
    print(json.dumps(asdict(built) | told))


if __name__ == "__main__":
    main()
