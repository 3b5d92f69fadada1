"""One CLIP for two metrics: how well a picture fits its prompt, and how it pleases.

Owns the shared encoder (open_clip's architecture and bundled vocabulary, weights from
the folder) and the aesthetic head on top of it. A picture goes through the encoder
once, whatever is asked of it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from darkroom.adapters.scorers.onnx_pixels import clip_pixels
from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.torch_checkpoints import load_strictly, tensors_of
from darkroom.adapters.scorers.torch_extra import extra
from darkroom.adapters.scorers.weights_folder import NeededFile, WeightsFolder
from darkroom.core.errors import DataError

ARCHITECTURE = "ViT-L-14-quickgelu"
"""OpenAI's weights need the quick GELU: with the plain one they give plausible, wrong vectors."""
_HEAD = (1024, 128, 64, 16, 1)
_DROPOUTS = (0.2, 0.2, 0.1)


class Clip:
    """Pictures and texts as unit vectors."""

    def __init__(self, folder: WeightsFolder, file: NeededFile, device: str) -> None:
        self._torch, open_clip = extra("torch"), extra("open_clip")
        settings = open_clip.get_model_config(ARCHITECTURE)
        if not settings or "hf_model_name" in settings["text_cfg"]:
            message = f"open_clip has no {ARCHITECTURE} of its own"
            raise DataError("weights-refused", message, where=file.file)
        tensors = tensors_of(folder.verified_bytes(file), file.file)
        model = open_clip.CLIP(**{k: v for k, v in settings.items() if k != "custom_text"})
        self.model = load_strictly(model, tensors, file.file).to(device)
        self.tokenizer = open_clip.SimpleTokenizer(context_length=self.model.context_length)
        self.size = int(settings["vision_cfg"]["image_size"])
        self.device = device

    def images(self, pictures: Sequence[Picture]) -> Any:
        """One row per picture, of length 1."""
        prepared = np.stack([clip_pixels(picture.rgb, self.size) for picture in pictures])
        batch = self._torch.from_numpy(prepared).to(self.device)
        return self.model.encode_image(batch, normalize=True).float()

    def texts(self, prompts: Sequence[str]) -> Any:
        """One row per prompt, of length 1; what is too long for the model is cut."""
        return self.model.encode_text(
            self.tokenizer(list(prompts)).to(self.device), normalize=True
        ).float()


def aesthetic_head(folder: WeightsFolder, file: NeededFile, width: int | None, device: str) -> Any:
    """The linear head of LAION's aesthetic predictor: layers in a row, nothing between them.

    `width` is that of the encoder; None takes the file's own.
    """
    nn = extra("torch").nn
    tensors = tensors_of(folder.verified_bytes(file), file.file)
    width = width or _width_of(tensors, file)
    parts: list[Any] = []
    for place, size in enumerate(_HEAD):
        parts.append(nn.Linear(width, size))
        if place < len(_DROPOUTS):
            parts.append(nn.Dropout(_DROPOUTS[place]))
        width = size
    head = nn.ModuleDict({"layers": nn.Sequential(*parts)})
    return load_strictly(head, tensors, file.file).to(device)["layers"]


def _width_of(tensors: Any, file: NeededFile) -> int:
    try:
        return int(tensors["layers.0.weight"].shape[1])
    except (KeyError, TypeError, AttributeError, IndexError) as exc:
        message = f"{file.file} holds no aesthetic head"
        raise DataError("weights-refused", message, where=file.file) from exc
