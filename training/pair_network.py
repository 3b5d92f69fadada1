"""The CLIP-like pair as torch modules: a picture and a caption to one space.

Owns the architecture of both encoders. Both end in unit vectors; a picture and
a caption that says what it shows lie close together.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from darkroom.core.world.lexicon import WORDS
from training.network import attend

WIDTH, SPACE, HEADS = 96, 128, 4
PICTURE_SIDE = 64
CAPTION_WORDS = 56


class Layer(nn.Module):
    """A plain transformer layer; `hidden` is added to the attention scores."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.widen, self.narrow = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(3 * WIDTH, WIDTH)

    def forward(self, x: Tensor, hidden: Tensor | None = None) -> Tensor:
        """As torch calls it."""
        split = self.qkv(self.norm1(x)).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind(0)
        if hidden is None:
            mixed = attend(query, key, value)
        else:
            scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
            mixed = (scores + hidden[:, None, None]).softmax(-1) @ value
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.narrow(functional.relu(self.widen(self.norm2(x))))


class PictureEncoder(nn.Module):
    """64 x 64 pixels to 8 x 8 rows by convolutions, then two layers and a summary row."""

    def __init__(self) -> None:
        super().__init__()
        widths = (12, 32, 64, WIDTH)
        self.stem = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1, stride=stride)
            for before, after, stride in zip(widths, widths[1:], (1, 2, 2), strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in widths[1:])
        self.place = nn.Parameter(torch.randn(1, 64, WIDTH) * 0.1)
        self.summary = nn.Parameter(torch.randn(1, 1, WIDTH) * 0.1)
        self.layers = nn.ModuleList(Layer() for _ in range(2))
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, SPACE)

    def forward(self, picture: Tensor) -> Tensor:
        """As torch calls it."""
        x = functional.pixel_unshuffle(picture, 2)
        for conv, norm in zip(self.stem, self.norms, strict=True):
            x = functional.relu(norm(conv(x)))
        rows = x.flatten(2).transpose(1, 2) + self.place
        rows = torch.cat([self.summary.expand(rows.shape[0], -1, -1), rows], 1)
        for layer in self.layers:
            rows = layer(rows)
        return functional.normalize(self.out(self.norm(rows[:, 0])), dim=-1)


class CaptionEncoder(nn.Module):
    """Word numbers (0 = none, 1 = unknown) to a unit vector."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(len(WORDS) + 2, WIDTH)
        self.place = nn.Parameter(torch.randn(1, CAPTION_WORDS, WIDTH) * 0.1)
        self.summary = nn.Parameter(torch.randn(1, 1, WIDTH) * 0.1)
        self.layers = nn.ModuleList(Layer() for _ in range(2))
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, SPACE)

    def forward(self, numbers: Tensor) -> Tensor:
        """As torch calls it."""
        rows = self.words(numbers) + self.place
        rows = torch.cat([self.summary.expand(rows.shape[0], -1, -1), rows], 1)
        hidden = functional.pad((numbers == 0).to(rows.dtype) * -10_000.0, (1, 0))
        for layer in self.layers:
            rows = layer(rows, hidden)
        return functional.normalize(self.out(self.norm(rows[:, 0])), dim=-1)
