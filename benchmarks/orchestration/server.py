"""A ComfyUI whose prompts take a given time: real HTTP and websocket, in a process of its own.

`python -m benchmarks.orchestration.server SECONDS FILE` prints its address, then adds one
line to FILE per prompt: when it began and ended, by the clock all processes share.
"""

import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.fakes.comfy_server import ComfyServer, Job, finish, running_server, start

SIDE = 512


def _picture() -> bytes:
    """About as large as a drawn image: smooth, with some grain."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    grain = np.random.default_rng(7).integers(0, 12, (SIDE, SIDE))
    bands = np.stack([rows // 3 + grain, columns // 3 + grain, (rows + columns) // 5 + grain], 2)
    target = io.BytesIO()
    Image.fromarray(bands.astype(np.uint8)).save(target, "PNG")
    return target.getvalue()


def main(seconds: float, log: Path) -> None:
    """Serve until standard input ends."""
    data = _picture()
    lines = log.open("a")

    def work(server: ComfyServer, job: Job) -> None:
        begin = time.monotonic()
        start(server, job)
        for step in (1, 2, 3, 4):
            time.sleep(seconds / 4)
            server.tell(job, "progress", value=step, max=4, node="3")
        end = time.monotonic()  # before the result is encoded and announced, as a GPU would be
        finish(server, job, data)
        lines.write(f"{begin} {end}\n")
        lines.flush()

    with running_server() as (comfy, url):
        comfy.work = work
        print(url, flush=True)
        sys.stdin.read()
    lines.close()


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
