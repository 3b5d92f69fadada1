"""A checkpoint of the shape world: text, pictures and sampling behind one object.

Owns the order of work of one generation. The same request gives the same bytes:
all chance comes from one PCG64 generator seeded by the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import onnxruntime
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from darkroom.engine.diffusion import latents
from darkroom.engine.diffusion.conditioning import Conditioning, condition
from darkroom.engine.diffusion.noise_levels import schedule, window
from darkroom.engine.diffusion.samplers import Walk, walk_down
from darkroom.engine.diffusion.weights import Weights, arrays, session

CHECKPOINTS = ("shapeworld_base.onnx", "shapeworld_small.onnx")
LORAS = ("outline.npz",)
LORA_FOR = "shapeworld_base.onnx"
NATIVE_SIZE = 128

Latent = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class SampleRequest:
    """Everything that decides a result; the last four are KSamplerAdvanced's."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent
    seed: int
    steps: int
    cfg: float
    sampler: str
    scheduler: str
    denoise: float = 1.0
    start_step: int = 0
    end_step: int | None = None
    add_noise: bool = True
    return_with_leftover_noise: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """One set of weights, with the styles added to it."""

    name: str
    loras: tuple[tuple[str, float], ...] = ()

    @cached_property
    def _denoiser(self) -> onnxruntime.InferenceSession:
        return session(self.name, _styled(self.name, self.loras))

    @cached_property
    def _decoder(self) -> onnxruntime.InferenceSession:
        return session("shapeworld_decoder.onnx", arrays("shapeworld_decoder.npz"))

    def encode_text(self, text: str) -> Conditioning:
        """Read a prompt."""
        return condition(text)

    def encode_image(self, pixels: Latent) -> Latent:
        """Latents of pictures [b,h,w,3] with values from 0 to 1, of any size."""
        return latents.encode_pixels(pixels)

    def decode(self, latent: Latent) -> Latent:
        """Pictures [b,128,128,3] with values from 0 to 1."""
        picture = np.asarray(self._decoder.run(None, {"small": latent})[0], np.float32)
        return np.clip((picture.transpose(0, 2, 3, 1) + 1) / 2, 0, 1)

    def empty_latent(self, batch: int) -> Latent:
        """Latents to start from nothing."""
        return latents.empty(batch)

    def with_lora(self, name: str, strength: float) -> "Checkpoint":
        """This checkpoint with a style added; strength 0 changes nothing."""
        if name not in LORAS:
            raise ValueError(f"no style file named {name!r}; there are {LORAS}")
        if self.name != LORA_FOR:
            raise ValueError(f"{name} was made for {LORA_FOR} and does not fit {self.name}")
        if strength == 0:
            return self
        return _loaded(self.name, (*self.loras, (name, strength)))

    def sample(
        self, request: SampleRequest, on_step: Callable[[int, int, Latent], None] | None = None
    ) -> Latent:
        """Draw; `on_step` hears steps done, steps in all and a preview, and may raise to stop."""
        levels = schedule(request.steps, request.scheduler, request.denoise)
        keep = request.return_with_leftover_noise
        levels = window(levels, request.start_step, request.end_step, keep)
        start = np.asarray(request.latent, np.float32)
        if len(levels) < 2:  # noqa: PLR2004 - one level is no step
            return start
        rng = Generator(PCG64(request.seed))
        noise = rng.standard_normal(start.shape, np.float32)
        x = start + noise * np.float32(levels[0]) if request.add_noise else start
        walk = Walk(lambda x, sigma: self._guided(x, sigma, request), rng)
        return walk_down(request.sampler, x, levels, walk, on_step)

    def _guided(self, x: Latent, sigma: float, request: SampleRequest) -> Latent:
        """The clean estimate, pushed from the negative prompt towards the positive one."""
        wanted = request.positive.as_row()
        if request.cfg == 1:
            return np.clip(self._clean(x, sigma, wanted), -1, 1)
        unwanted = request.negative.as_row(negative=True)
        toward = self._clean(x, sigma, wanted)
        away = self._clean(x, sigma, unwanted)
        return np.clip(away + np.float32(request.cfg) * (toward - away), -1, 1)

    def _clean(self, x: Latent, sigma: float, row: NDArray[np.int64]) -> Latent:
        inputs = {
            "noisy": x,
            "sigma": np.full(len(x), sigma, np.float32),
            "fields": np.repeat(row, len(x), axis=0),
        }
        return np.asarray(self._denoiser.run(None, inputs)[0], np.float32)


def _styled(name: str, loras: tuple[tuple[str, float], ...]) -> Weights:
    """The weights with low-rank changes added: W + strength * (up @ down)."""
    weights = dict(arrays(name.replace(".onnx", ".npz")))
    for lora, strength in loras:
        parts = arrays(lora)
        for key in [key.removesuffix(".up") for key in parts if key.endswith(".up")]:
            change = (parts[f"{key}.up"] @ parts[f"{key}.down"]).reshape(weights[key].shape)
            weights[key] = weights[key] + np.float32(strength) * change
    return weights


@cache
def _loaded(name: str, loras: tuple[tuple[str, float], ...]) -> Checkpoint:
    return Checkpoint(name, loras)


def load_checkpoint(name: str) -> Checkpoint:
    """The checkpoint of this name; loaded once per process."""
    if name not in CHECKPOINTS:
        raise ValueError(f"no checkpoint named {name!r}; there are {CHECKPOINTS}")
    return _loaded(name, ())
