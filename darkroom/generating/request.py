"""What a person asks for, and the checks that need nothing but the request itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from darkroom.core.config.parameters import DRAW_SEED, MAX_SEED
from darkroom.core.errors import UsageError
from darkroom.core.scoring.metrics import Tier

MOST_IMAGES = 100_000
_PICTURE = re.compile(r".*\.png\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """One call of `darkroom generate`; None means "as the workflow or project has it"."""

    workflow: str | None = None
    prompt: str | None = None
    negative: str | None = None
    seed: int | None = None
    """Of the first image; the next ones count up from it."""
    steps: int | None = None
    cfg: float | None = None
    sampler: str | None = None
    scheduler: str | None = None
    preset: str | None = None
    loras: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    count: int = 1
    input: Path | None = None
    output: Path | None = None
    keeps_metadata: bool = True
    is_test: bool = False
    is_fresh: bool = False
    """Draw also what the store has."""
    host: str | None = None
    project: str | None = None
    scores: bool = False
    """Measure each image before it is committed."""
    validates: bool = False
    """Fill the sidecar's validation score: how well the image shows its prompt."""
    tier: Tier | None = None
    """Which scorers measure; None means the configured ones."""

    @property
    def is_judged(self) -> bool:
        """Whether anything is to be measured."""
        return self.scores or self.validates


def check_request(request: Request) -> None:
    """Refuse what cannot be, before anything is opened."""
    if not 1 <= request.count <= MOST_IMAGES:
        message = f"{request.count} images cannot be drawn at once; 1 to {MOST_IMAGES} can"
        raise UsageError("generate-request", message)
    if request.seed is not None and not DRAW_SEED <= request.seed <= MAX_SEED:
        message = f"seed must be from 0 to 2^64-1, or -1 to draw one, not {request.seed}"
        raise UsageError("generate-request", message)
    if not request.keeps_metadata and request.output is None:
        raise UsageError(
            "generate-request",
            "without metadata nothing is kept in the store, so --no-metadata needs --output",
        )
    if not request.keeps_metadata and request.is_judged:
        raise UsageError("generate-request", "scores are kept in the metadata; leave --no-metadata")
    taken = [path for path in output_files(request) if path.exists()]
    if taken:
        raise UsageError("file-not-written", "exists already", where=str(taken[0]))


def output_files(request: Request) -> Iterator[Path]:
    """Where the copies go, one per image."""
    target = request.output
    if target is None:
        return
    is_file = bool(_PICTURE.match(target.name)) and not target.is_dir()
    for number in range(1, request.count + 1):
        if not is_file:
            yield target / f"image_{number:03d}.png"
        elif request.count == 1:
            yield target
        else:
            yield target.with_name(f"{target.stem}_{number:03d}{target.suffix}")
