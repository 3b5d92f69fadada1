"""The CLIP-like pair as torch modules: a picture and a caption to one space.

Owns the architecture of both encoders. Both end in unit vectors; a picture and
a caption that says what it shows lie close together.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from darkroom.core.world.lexicon import WORDS
from training.network import attend

WIDTH, READ, SPACE, HEADS = 96, 256, 128, 4
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


class Phrases(nn.Module):
    """Each row also hears its two neighbours on either side: words that stand together bind."""

    REACH = 2

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.join = nn.Linear((2 * self.REACH + 1) * WIDTH, 2 * WIDTH)
        self.narrow = nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, rows: Tensor, there: Tensor) -> Tensor:
        """As torch calls it; `there` is 1 where a row is a word."""
        padded = functional.pad(self.norm(rows) * there, (0, 0, self.REACH, self.REACH))
        shifted = [padded[:, at : at + rows.shape[1]] for at in range(2 * self.REACH + 1)]
        return rows + self.narrow(functional.relu(self.join(torch.cat(shifted, -1))))


class Gathering(nn.Module):
    """The unit vector of many rows: each is read by itself, and what was read is added up.

    A sum over rows keeps "red circle" and "blue square" apart where one summary
    row learns which words occur and forgets which go together (measured: no better
    than chance against captions with colours exchanged).
    """

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.read = nn.Linear(WIDTH, READ)
        self.out = nn.Linear(READ, SPACE)

    def forward(self, rows: Tensor, there: Tensor | None = None) -> Tensor:
        """As torch calls it."""
        read = functional.relu(self.read(self.norm(rows)))
        total = (read if there is None else read * there).sum(1)
        return functional.normalize(self.out(total * rows.shape[1] ** -0.5), dim=-1)


class PictureEncoder(nn.Module):
    """64 x 64 pixels to 8 x 8 rows by convolutions, then two layers and a sum over places."""

    def __init__(self) -> None:
        super().__init__()
        widths = (12, 32, 64, WIDTH)
        self.stem = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1, stride=stride)
            for before, after, stride in zip(widths, widths[1:], (1, 2, 2), strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in widths[1:])
        self.around = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.place = nn.Parameter(torch.randn(1, 64, WIDTH) * 0.1)
        self.layers = nn.ModuleList(Layer() for _ in range(2))
        self.gather = Gathering()

    def forward(self, picture: Tensor) -> Tensor:
        """As torch calls it."""
        x = functional.pixel_unshuffle(picture, 2)
        for conv, norm in zip(self.stem, self.norms, strict=True):
            x = functional.relu(norm(conv(x)))
        x = x + functional.relu(self.around(x))
        rows = x.flatten(2).transpose(1, 2) + self.place
        for layer in self.layers:
            rows = layer(rows)
        return self.gather(rows)


class CaptionEncoder(nn.Module):
    """Word numbers (0 = none, 1 = unknown) to a unit vector."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(len(WORDS) + 2, WIDTH)
        self.phrases = nn.ModuleList(Phrases() for _ in range(2))
        self.place = nn.Parameter(torch.randn(1, CAPTION_WORDS, WIDTH) * 0.1)
        self.layers = nn.ModuleList(Layer() for _ in range(2))
        self.gather = Gathering()

    def forward(self, numbers: Tensor) -> Tensor:
        """As torch calls it."""
        there = (numbers != 0).to(self.place.dtype)
        rows = self.words(numbers)
        for phrase in self.phrases:
            rows = phrase(rows, there[..., None])
        rows = rows + self.place
        for layer in self.layers:
            rows = layer(rows, (there - 1) * 10_000.0)
        return self.gather(rows, there[..., None])
