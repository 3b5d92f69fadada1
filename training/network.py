"""The denoiser and the decoder as torch modules.

Owns their architecture. The denoiser reads a noisy 32 x 32 RGB picture, a noise
level and the field numbers of a caption, and predicts the clean picture. The
decoder turns a 32 x 32 picture into a crisp 128 x 128 one. Attention is written
out because the backward pass of torch's fused CPU attention is far slower.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from darkroom.core.world.facts import FIELD_SIZES
from darkroom.core.world.vocabulary import MAX_OBJECTS

DATA_SPREAD = 0.6
LATENT_SIDE = 32
TOKENS = 1 + MAX_OBJECTS + (MAX_OBJECTS - 1) + 1


@dataclass(frozen=True)
class Shape:
    """The widths of one denoiser."""

    fine: int  # channels on the 16 x 16 grid
    coarse: int  # channels on the 8 x 8 grid
    blocks: int  # transformer blocks
    token: int  # width of a caption token
    heads: int


BASE = Shape(fine=64, coarse=160, blocks=4, token=128, heads=5)
SMALL = Shape(fine=24, coarse=48, blocks=1, token=32, heads=3)
SHAPES = {"base": BASE, "small": SMALL}


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention over the last two axes, as plain matrix products."""
    scaled = query * query.shape[-1] ** -0.5
    return (scaled @ key.transpose(-1, -2)).softmax(-1) @ value


def time_features(level: Tensor, width: int) -> Tensor:
    """Sines and cosines of a noise level between 0 and 1."""
    steps = torch.arange(width // 2, device=level.device)
    rates = torch.exp(steps * (-math.log(1000.0) / (width // 2 - 1)))
    turns = level[:, None] * rates[None] * 1000.0
    return torch.cat([turns.sin(), turns.cos()], -1)


class Caption(nn.Module):
    """Field numbers to tokens: ground, four objects, three relations, count."""

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes = FIELD_SIZES
        self.ground = nn.Embedding(sizes[0], width)
        self.words = nn.ModuleList(nn.Embedding(size, width) for size in sizes[1:5])
        relations = sizes[1 + 4 * MAX_OBJECTS]
        self.relation = nn.Embedding(relations, width)
        self.to_next = nn.Embedding(relations, width)
        self.to_last = nn.Embedding(relations, width)
        self.count = nn.Embedding(sizes[-1], width)
        self.role = nn.Parameter(torch.randn(TOKENS, width) * 0.5)
        for part in self.modules():
            if isinstance(part, nn.Embedding):
                nn.init.normal_(part.weight, std=0.7)

    def forward(self, fields: Tensor) -> Tensor:
        """As torch calls it."""
        rows = fields[:, 1 : 1 + 4 * MAX_OBJECTS].unflatten(1, (MAX_OBJECTS, 4))
        links = fields[:, 1 + 4 * MAX_OBJECTS : -1]
        objects = sum(part(rows[:, :, at]) for at, part in enumerate(self.words))
        none = torch.zeros_like(links[:, :1])
        objects = objects + self.to_next(torch.cat([links, none], 1))
        objects = objects + self.to_last(torch.cat([none, links], 1))
        ground, count = self.ground(fields[:, :1]), self.count(fields[:, -1:])
        return torch.cat([ground, objects, self.relation(links), count], 1) + self.role


class SelfAttention(nn.Module):
    """Every row looks at every row."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """As torch calls it."""
        split = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind(0)
        return self.out(attend(query, key, value).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A transformer block steered by noise level and caption."""

    def __init__(self, width: int, heads: int, steer: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.widen, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.steer = nn.Linear(steer, 4 * width)
        nn.init.zeros_(self.steer.weight)
        nn.init.zeros_(self.steer.bias)

    def forward(self, x: Tensor, steer: Tensor) -> Tensor:
        """As torch calls it."""
        scale1, shift1, scale2, shift2 = self.steer(steer)[:, None].chunk(4, -1)
        x = x + self.attention(self.norm1(x) * (1 + scale1) + shift1)
        hidden = self.widen(self.norm2(x) * (1 + scale2) + shift2)
        return x + self.narrow(functional.relu(hidden))


class Listen(nn.Module):
    """Cross-attention from pixels to caption tokens."""

    def __init__(self, width: int, token: int) -> None:
        super().__init__()
        self.heads = 4
        self.norm = nn.LayerNorm(width)
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.keyvalue = nn.Linear(token, 2 * width)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """As torch calls it."""
        rows = x.flatten(2).transpose(1, 2)
        query = self.query(self.norm(rows)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        both = self.keyvalue(tokens).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        heard = attend(query, *both.unbind(0)).transpose(1, 2).flatten(2)
        return (rows + self.out(heard)).transpose(1, 2).unflatten(-1, x.shape[2:])


class Residual(nn.Module):
    """Two convolutions steered by noise level and caption."""

    def __init__(self, before: int, after: int, steer: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, before), nn.GroupNorm(8, after)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.steer = nn.Linear(steer, 2 * after)
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor, steer: Tensor) -> Tensor:
        """As torch calls it."""
        hidden = self.conv1(functional.relu(self.norm1(x)))
        scale, shift = self.steer(steer)[:, :, None, None].chunk(2, 1)
        hidden = self.conv2(functional.relu(self.norm2(hidden) * (1 + scale) + shift))
        return self.skip(x) + hidden


class Denoiser(nn.Module):
    """A small U-Net with transformer blocks over pixels and caption at its bottom."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        fine, coarse, token = shape.fine, shape.coarse, shape.token
        steer = coarse
        self.caption = Caption(token)
        self.level = nn.Sequential(nn.Linear(128, steer), nn.SiLU(), nn.Linear(steer, steer))
        self.summary = nn.Linear(token * TOKENS, steer)
        self.enter = nn.Conv2d(14, fine, 3, padding=1)
        self.down_fine = Residual(fine, fine, steer)
        self.listen_down = Listen(fine, token)
        self.shrink = nn.Conv2d(fine, coarse, 3, 2, 1)
        self.down_coarse = Residual(coarse, coarse, steer)
        self.place = nn.Parameter(torch.randn(1, 64, coarse) * 0.05)
        self.context = nn.Linear(token, coarse)
        self.blocks = nn.ModuleList(Block(coarse, shape.heads, steer) for _ in range(shape.blocks))
        self.up_coarse = Residual(2 * coarse, coarse, steer)
        self.grow = nn.Conv2d(coarse, fine, 1)
        self.listen_up = Listen(2 * fine, coarse)
        self.up_fine = Residual(2 * fine, fine, steer)
        self.last = Residual(fine, fine, steer)
        self.norm = nn.GroupNorm(8, fine)
        self.leave = nn.Conv2d(fine, 12, 3, padding=1)
        axis = (torch.arange(16) + 0.5) / 8 - 1
        grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"))[None]
        self.register_buffer("grid", grid, persistent=False)

    def forward(self, noisy: Tensor, level: Tensor, fields: Tensor) -> Tensor:
        """`noisy` scaled to unit spread, `level` = sigma / (1 + sigma); clean picture out."""
        heard = self.caption(fields)
        times = time_features(level, 128).to(noisy.dtype)
        steer = functional.silu(self.level(times) + self.summary(heard.flatten(1)))
        grid = self.grid.expand(noisy.shape[0], -1, -1, -1)
        entered = self.enter(torch.cat([functional.pixel_unshuffle(noisy, 2), grid], 1))
        fine = self.listen_down(self.down_fine(entered, steer), heard)
        coarse = self.down_coarse(self.shrink(fine), steer)
        pixels = coarse.flatten(2).transpose(1, 2) + self.place
        rows = torch.cat([pixels, self.context(heard)], 1)
        for block in self.blocks:
            rows = block(rows, steer)
        mixed = rows[:, :64].transpose(1, 2).unflatten(-1, (8, 8))
        up = self.up_coarse(torch.cat([mixed, coarse], 1), steer)
        grown = functional.interpolate(self.grow(up), scale_factor=2.0, mode="nearest")
        up = self.listen_up(torch.cat([grown, fine], 1), rows[:, 64:])
        up = self.last(self.up_fine(up, steer), steer)
        return functional.pixel_shuffle(self.leave(functional.relu(self.norm(up))), 2)


class Decoder(nn.Module):
    """32 x 32 to 128 x 128: a correction to plain enlargement."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        # with plain ReLU nine units in ten died early and the edges stayed blocks
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.LeakyReLU(0.1)]
        for _ in range(3):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.1)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 48, 3, padding=1))

    def forward(self, small: Tensor) -> Tensor:
        """As torch calls it."""
        enlarged = small.repeat_interleave(16, 1)
        return functional.pixel_shuffle(self.layers(small) + enlarged, 4)
