"""A real, tiny text-conditioned diffusion model in numpy and onnxruntime.

Owns sampling over the shipped checkpoints. It knows nothing of HTTP, graphs or
files of users; the server in front of it does.
"""

from darkroom.engine.diffusion.checkpoint import (
    CHECKPOINTS,
    LORAS,
    NATIVE_SIZE,
    Checkpoint,
    SampleRequest,
    load_checkpoint,
)
from darkroom.engine.diffusion.conditioning import Conditioning
from darkroom.engine.diffusion.noise_levels import SCHEDULERS
from darkroom.engine.diffusion.samplers import SAMPLERS

__all__ = [
    "CHECKPOINTS",
    "LORAS",
    "NATIVE_SIZE",
    "SAMPLERS",
    "SCHEDULERS",
    "Checkpoint",
    "Conditioning",
    "SampleRequest",
    "load_checkpoint",
]
