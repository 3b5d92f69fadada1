"""The spool under kill -9: what was acknowledged is delivered, whole and once it can be."""

import signal
import subprocess
import sys
from pathlib import Path

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.adapters.stores.spool_files import SpoolFiles
from tests.fakes.s3_servers import plain_environment

SPOOL_FOR_EVER = """
import sys
from pathlib import Path
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import StoreUnavailable
class Away(FolderStore):
    def put(self, key, data, content_type, *, lasting=True):
        raise StoreUnavailable("store-unavailable", "away")
store = SpooledStore(Away(Path(sys.argv[1])), Path(sys.argv[2]))
for number in range(100000):
    store.put(f"a/{number:05d}", b"x" * 5000, "image/png")
    print(number, flush=True)
"""

DRAIN = """
import sys
from pathlib import Path
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.spool import SpooledStore
print("go", flush=True)
SpooledStore(FolderStore(Path(sys.argv[1])), Path(sys.argv[2])).drain()
"""


def killed_after(script: str, lines: int, *arguments: Path) -> list[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=plain_environment(),
    )
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    seen += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    return [line for line in seen if line.endswith("\n")]


def test_kill_9_while_spooling_and_while_delivering_loses_nothing(
    root: Path, tmp_path: Path
) -> None:
    spool_dir = tmp_path / "spool"
    acknowledged = killed_after(SPOOL_FOR_EVER, 40, root, spool_dir)
    for _ in range(2):
        killed_after(DRAIN, 1, root, spool_dir)
    store = FolderStore(root)
    SpooledStore(store, spool_dir).drain()
    keys = list(store.iter_keys())
    assert {f"a/{int(number):05d}" for number in acknowledged} <= set(keys)
    assert all(store.get(key) == b"x" * 5000 for key in keys)
    assert SpoolFiles(spool_dir).entries() == []
