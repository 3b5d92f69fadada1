"""The border to the diffusion model: what the nodes ask of it, and its late loading.

Importing the model loads onnxruntime, which costs more than the whole start of the
server, so it happens in a thread of its own while the server is already answering.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
OnStep = Callable[[int, int, Array], None]
"""Steps done, steps in all, a preview; raising stops the sampler."""


class Text(Protocol):
    """A prompt as the model reads it."""

    @property
    def text(self) -> str:
        """The prompt as written."""
        ...

    @property
    def unknown_words(self) -> tuple[str, ...]:
        """Words that will have no effect."""
        ...

    @property
    def understood(self) -> bool:
        """Whether anything of it is known."""
        ...


@dataclass(frozen=True)
class Sampling:
    """Everything that decides a drawing; the last four are KSamplerAdvanced's."""

    positive: Text
    negative: Text
    latent: Array
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


class Model(Protocol):
    """A checkpoint: MODEL, CLIP and VAE of the graph are all this one object."""

    def encode_text(self, text: str) -> Text:
        """Read a prompt."""
        ...

    def encode_image(self, pixels: Array) -> Array:
        """Latents of pictures of any size."""
        ...

    def decode(self, latent: Array) -> Array:
        """Pictures of latents."""
        ...

    def empty_latent(self, batch: int) -> Array:
        """Latents to start from nothing."""
        ...

    def with_lora(self, name: str, strength: float) -> "Model":
        """The same model with a style added."""
        ...

    def sample(self, request: Any, on_step: OnStep | None = None) -> Array:
        """Draw."""
        ...


class Diffusion(Protocol):
    """What can be drawn with: names for the lists in /object_info, and the loader."""

    @property
    def checkpoints(self) -> Sequence[str]:
        """File names of the checkpoints."""
        ...

    @property
    def loras(self) -> Sequence[str]:
        """File names of the styles."""
        ...

    @property
    def samplers(self) -> Sequence[str]:
        """Names a sampler node takes."""
        ...

    @property
    def schedulers(self) -> Sequence[str]:
        """Names for its noise levels."""
        ...

    @property
    def native_size(self) -> int:
        """The one width and height it draws."""
        ...

    def load(self, name: str) -> Model:
        """The checkpoint of this name."""
        ...

    def empty_latent(self, batch: int) -> Array:
        """Latents to start from nothing."""
        ...

    def request(self, sampling: Sampling) -> Any:
        """The model's own form of a request."""
        ...


class ShapeWorld:
    """The shipped model, imported by whoever needs it first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._module: Any = None

    def warm(self) -> None:
        """Import the model now; called from a thread at start."""
        self._loaded()

    def _loaded(self) -> Any:
        with self._lock:
            if self._module is None:
                from darkroom.engine import diffusion

                self._module = diffusion
            return self._module

    @property
    def checkpoints(self) -> Sequence[str]:
        """File names of the checkpoints."""
        return tuple(self._loaded().CHECKPOINTS)

    @property
    def loras(self) -> Sequence[str]:
        """File names of the styles."""
        return tuple(self._loaded().LORAS)

    @property
    def samplers(self) -> Sequence[str]:
        """Names a sampler node takes."""
        return tuple(self._loaded().SAMPLERS)

    @property
    def schedulers(self) -> Sequence[str]:
        """Names a sampler node takes for its noise levels."""
        return tuple(self._loaded().SCHEDULERS)

    @property
    def native_size(self) -> int:
        """The one width and height it draws."""
        return int(self._loaded().NATIVE_SIZE)

    def load(self, name: str) -> Model:
        """The checkpoint of this name."""
        return self._loaded().load_checkpoint(name)

    def empty_latent(self, batch: int) -> Array:
        """Latents of nothing yet; the same for every checkpoint."""
        return self.load(self.checkpoints[0]).empty_latent(batch)

    def request(self, sampling: Sampling) -> Any:
        """The model's own form of a request."""
        return self._loaded().SampleRequest(**vars(sampling))
