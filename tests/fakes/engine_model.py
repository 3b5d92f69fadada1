"""A diffusion model that draws at once: the engine's server is tested without weights.

It has the names of the recorded server, so that transcripts apply to it unchanged.
Never shipped; the real one lives in darkroom/engine/diffusion.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from darkroom.engine.diffusers import Array, OnStep, Sampling

DATA = Path(__file__).parents[1] / "data" / "engine"
SIZE = 64
UNKNOWN = "zorp"
"""The one word this model does not know."""


def recorded(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


_SAMPLER = recorded("object_info")["KSampler"]["input"]["required"]


@dataclass(frozen=True)
class FakeText:
    text: str

    @property
    def unknown_words(self) -> tuple[str, ...]:
        return tuple(word for word in self.text.split() if word == UNKNOWN)

    @property
    def understood(self) -> bool:
        return any(word != UNKNOWN for word in self.text.split())


@dataclass
class FakeDiffusion:
    """`hold` makes samplers wait after a first step, until `release`; `step_s` makes them slow."""

    step_s: float = 0.0

    holding: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    drawn: list[Sampling] = field(default_factory=list)
    styles: list[tuple[str, float]] = field(default_factory=list)
    checkpoints: tuple[str, ...] = ("tiny_sd15_random.safetensors",)
    loras: tuple[str, ...] = ("outline.npz",)
    samplers: tuple[str, ...] = tuple(_SAMPLER["sampler_name"][0])
    schedulers: tuple[str, ...] = tuple(_SAMPLER["scheduler"][0])
    native_size: int = SIZE

    def hold(self) -> None:
        self.released.clear()
        self.holding.set()

    def release(self) -> None:
        self.holding.clear()
        self.released.set()

    def warm(self) -> None:
        return

    def load(self, name: str) -> "FakeModel":
        assert name in self.checkpoints
        return FakeModel(self)

    def empty_latent(self, batch: int) -> Array:
        return np.zeros((batch, 3, 8, 8), np.float32)

    def request(self, sampling: Sampling) -> Sampling:
        return sampling


@dataclass(frozen=True)
class FakeModel:
    world: FakeDiffusion

    def encode_text(self, text: str) -> FakeText:
        return FakeText(text)

    def encode_image(self, pixels: Array) -> Array:
        mean = pixels.mean(axis=(1, 2), dtype=np.float32)
        return np.broadcast_to(mean[:, :, None, None], (len(pixels), 3, 8, 8)) * 2 - 1

    def decode(self, latent: Array) -> Array:
        pixels = np.repeat(np.repeat(latent, SIZE // 8, 2), SIZE // 8, 3).transpose(0, 2, 3, 1)
        return np.clip((pixels + 1) / 2, 0, 1)

    def empty_latent(self, batch: int) -> Array:
        return self.world.empty_latent(batch)

    def with_lora(self, name: str, strength: float) -> "FakeModel":
        self.world.styles.append((name, strength))
        return self

    def sample(self, request: Sampling, on_step: OnStep | None = None) -> Array:
        self.world.drawn.append(request)
        noise = np.random.default_rng(request.seed).uniform(-1, 1, request.latent.shape)
        latent = noise.astype(np.float32)
        for done in range(1, request.steps + 1):
            if on_step:
                on_step(done, request.steps, latent)
            if self.world.holding.is_set():
                self.world.released.wait(60)
            if self.world.step_s:
                time.sleep(self.world.step_s)
        return latent
