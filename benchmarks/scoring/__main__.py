"""`python -m benchmarks.scoring`: what a score costs, and what one process per image would.

CPU seconds are compared, so other work on the machine does not change the ratios. The
torch part needs the extra `models`, takes random weights of the true sizes, and is left
out where the extra is missing. Bars: lite 40 ms per 512 x 512 image, resident 7x.
"""

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from darkroom.adapters.scorers.lite.scorer import LiteScorer
from darkroom.adapters.scorers.pictures import decode
from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_client import ScoringClient, ScoringPlace, image_of
from darkroom.adapters.scorers.resident_process import ResidentProcess
from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.scoring.metrics import MetricSpec

SIDE = 512
RESIDENT_IMAGES, SINGLE_IMAGES, LITE_IMAGES = 12, 2, 40
LITE_BAR_MS, RESIDENT_BAR = 40.0, 7.0
_TICKS = os.sysconf("SC_CLK_TCK")


def picture(seed: int) -> bytes:
    """A PNG with edges, planes and texture."""
    chance = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    base = 120 + 60 * np.sin(rows / (9 + seed)) + 40 * np.cos(columns / 14)
    rgb = (base[..., None] + chance.normal(0, 6, (SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


class Resident:
    """The process under measurement, with an empty cache."""

    def __init__(self, home: Path, weights: Path, specs: tuple[MetricSpec, ...]) -> None:
        self._place = ScoringPlace(home / "scoring", weights, "cpu")
        self._specs = specs

    def pid(self) -> int:
        """Its number; starts it when it does not run."""
        talk = ResidentProcess(self._place).converse("[]")
        talk.close()
        return talk.pid

    def score(self, images: list[bytes]) -> None:
        """Score all; every metric must give a value."""
        with ScoringClient(self._place, self._specs) as client:
            for row in client.score_images(image_of(data) for data in images):
                for score in row:
                    assert score.raw is not None or score.metric.startswith("shapeworld"), score

    def stop(self) -> None:
        """End it."""
        ResidentProcess(self._place).stop()


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_mb(pid: int) -> float:
    """The most memory a process ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def costs(pid: int, work: Callable[[], None]) -> tuple[float, float]:
    """CPU seconds of the process and wall seconds of some work."""
    cpu, wall = cpu_of(pid), time.perf_counter()
    work()
    return cpu_of(pid) - cpu, time.perf_counter() - wall


def lite(home: Path) -> None:
    """The lite tier through the resident process, and again from what it knows."""
    resident = Resident(home, home, metric_table().in_tier("lite"))
    pid = resident.pid()
    images = [picture(seed) for seed in range(LITE_IMAGES)]
    resident.score([picture(1000)])
    cpu, wall = costs(pid, lambda: resident.score(images))
    _, again = costs(pid, lambda: resident.score(images))
    here = _lite_here(images)
    print(f"lite, {SIDE} x {SIDE}, pixels to scores: {here:.1f} ms CPU per image", end=" ")
    print(f"(bar {LITE_BAR_MS:.0f} ms: {here / LITE_BAR_MS:.2f}x of it)")
    ms = cpu * 1000 / LITE_IMAGES
    print(f"  through the process, {SIDE} x {SIDE}, decoding included: {ms:.1f} ms CPU", end=" ")
    print(f"({wall * 1000 / LITE_IMAGES:.1f} ms wall)")
    print(f"  again, all known: {again * 1000 / LITE_IMAGES:.2f} ms wall per image", end=" ")
    print(f"({wall / again:.0f}x less)")
    print(f"  peak memory: {peak_mb(pid):.0f} MB")
    resident.stop()


def _lite_here(images: list[bytes]) -> float:
    """CPU ms per image in this process, one thread, decoding left out."""
    scorer = LiteScorer(metric_table().in_tier("lite"))
    pictures = [one for one in map(decode, images) if isinstance(one, Picture)]
    scorer.score(pictures[:1])
    begin = time.process_time()
    scorer.score(pictures)
    return (time.process_time() - begin) * 1000 / len(pictures)


def torch(home: Path) -> None:
    """Each metric of the torch tier, resident and one process per image."""
    from benchmarks.scoring.random_weights import MODELS, write

    weights = home / "weights"
    write(weights)
    images = [picture(seed) for seed in range(RESIDENT_IMAGES)]
    (home / "one.png").write_bytes(images[0])
    specs = {spec.model: spec for spec in metric_table().in_tier("torch")}
    total_single, total_resident, peak, held = 0.0, 0.0, 0.0, 0.0
    for model in MODELS:
        resident = Resident(home, weights, (specs[model],))
        pid = resident.pid()
        resident.score([picture(1000)])
        cpu, wall = costs(pid, lambda resident=resident: resident.score(images))
        held = max(held, peak_mb(pid))  # now: it may end while the single processes run
        per_resident = cpu / RESIDENT_IMAGES
        per_single, single_wall, single_peak = _single(weights, model, home / "one.png")
        peak = max(peak, single_peak)
        total_single, total_resident = total_single + per_single, total_resident + per_resident
        print(f"{model:9} one process per image {per_single * 1000:6.0f} ms CPU", end=" ")
        print(
            f"({single_wall * 1000:6.0f} ms wall), resident {per_resident * 1000:5.0f} ms", end=" "
        )
        print(f"({wall * 1000 / RESIDENT_IMAGES:5.0f} ms wall): {per_single / per_resident:.1f}x")
    ratio = total_single / total_resident
    print(f"all of them: {ratio:.1f}x (bar {RESIDENT_BAR:.0f}x)")
    print(f"peak memory: {held:.0f} MB resident with all models, {peak:.0f} MB single")
    Resident(home, weights, ()).stop()


def _single(weights: Path, model: str, image: Path) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak MB of a process for one image."""
    command = [sys.executable, "-m", "benchmarks.scoring.single", str(weights), model, str(image)]
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for _ in range(SINGLE_IMAGES):
        subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.perf_counter() - wall
    return cpu / SINGLE_IMAGES, wall / SINGLE_IMAGES, after.ru_maxrss / 1024


def main() -> None:
    """Run and print."""
    with tempfile.TemporaryDirectory() as folder:
        lite(Path(folder) / "lite")
        if find_spec("pyiqa") is None:
            print("torch: left out, the extra `models` is not installed")
            return
        torch(Path(folder) / "torch")


if __name__ == "__main__":
    main()
