"""`python -m benchmarks.scale [--images 20000] [--new 10000]`: a store that several machines share.

What a machine pays to stay up to the store: listing per thousand keys, a first synchronisation,
one with nothing new and one with so many new images, on an S3 server (rclone) and on the
folder it serves. Ratios against the folder count; other work may run beside.
"""

import argparse
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from benchmarks.warehouse.sidecars import sidecars, write
from benchmarks.warehouse.timing import Spent, spent
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.s3 import S3Store
from darkroom.adapters.stores.s3_settings import S3Settings
from darkroom.adapters.warehouse.updating import Files, update

BUCKET = "lab"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--new", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "s3" / BUCKET
        write(root, given.images)
        with _served(root.parent) as remote:
            told = {"folder": FolderStore(root), "s3": remote}
            spents = {
                name: _measured(store, Path(folder) / f"warehouse-{name}")
                for name, store in told.items()
            }
            _add(remote, given.new)
            for name, store in told.items():
                files = _files(Path(folder) / f"warehouse-{name}")
                spents[name].append(spent(lambda f=files, s=store: update(f, s)))
        _print(given.images, given.new, spents)


def _add(store: Store, count: int) -> None:
    """What other machines have written meanwhile."""
    fresh = ((f"late-{key}", content) for key, content in sidecars(count, seed=2))
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda pair: store.put(*pair, "application/json"), fresh):
            pass


def _files(folder: Path) -> Files:
    return Files(folder / "warehouse.duckdb")


def _measured(store: Store, folder: Path) -> list[Spent]:
    folder.mkdir()
    files = _files(folder)
    return [
        spent(lambda: sum(1 for _ in store.iter_keys(""))),
        spent(lambda: update(files, store)),
        spent(lambda: update(files, store)),
    ]


def _print(images: int, new: int, spents: dict[str, list[Spent]]) -> None:
    names = (
        f"list {images} keys",
        f"first sync of {images}",
        "sync with nothing new",
        f"sync with {new} new",
    )
    counts = (images, images, images, new)
    for position, (name, count) in enumerate(zip(names, counts, strict=True)):
        near, far = spents["folder"][position], spents["s3"][position]
        print(
            f"{name:26} folder {near.wall_s:7.2f} s   s3 {far.wall_s:7.2f} s"
            f" ({far.wall_s / near.wall_s:5.1f}x)"
            f"   s3 per 1,000: {far.wall_s / count * 1e6:6.0f} ms,"
            f" {far.cpu_s / count * 1e6:6.0f} ms of processor"
        )


@contextmanager
def _served(root: Path) -> Iterator[S3Store]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    access, secret = secrets.token_hex(8), secrets.token_hex(16)
    command = [str(Path(sys.executable).with_name("rclone")), "serve", "s3", str(root)]
    command += ["--config", "/dev/null", "--addr", f"127.0.0.1:{port}"]
    command += ["--auth-key", f"{access},{secret}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        address = f"http://127.0.0.1:{port}"
        yield S3Store(S3Settings(address, BUCKET, SecretStr(access), SecretStr(secret)))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
