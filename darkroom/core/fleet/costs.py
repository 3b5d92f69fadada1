"""What images cost: GPU seconds, requests to models, tokens; per image and per accepted one.

Owns the record, its addition and the shares. Where the figures come from is others'
business; what was not measured counts as nothing spent.
"""

from dataclasses import dataclass
from typing import Self

from darkroom.core.sidecar import Cost


@dataclass(frozen=True)
class Spent:
    """A sum over images."""

    images: int = 0
    accepted: int = 0
    seconds: float = 0.0
    gpu_seconds: float = 0.0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @classmethod
    def on(cls, cost: Cost | None, *, is_accepted: bool = False) -> Self:
        """One image, as its sidecar has it."""
        told = cost or Cost()
        return cls(
            images=1,
            accepted=int(is_accepted),
            seconds=told.seconds or 0.0,
            gpu_seconds=told.gpu_seconds or 0.0,
            calls=told.calls or 0,
            tokens_in=told.tokens_in or 0,
            tokens_out=told.tokens_out or 0,
        )

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.images + other.images,
            self.accepted + other.accepted,
            self.seconds + other.seconds,
            self.gpu_seconds + other.gpu_seconds,
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
        )

    def per_image(self) -> "Share | None":
        """The mean over all images; None where there are none."""
        return self._share(self.images)

    def per_accepted(self) -> "Share | None":
        """Everything spent, over the images that were accepted; None where none was."""
        return self._share(self.accepted)

    def _share(self, count: int) -> "Share | None":
        if not count:
            return None
        tokens = self.tokens_in + self.tokens_out
        return Share(self.gpu_seconds / count, self.calls / count, tokens / count)


@dataclass(frozen=True)
class Share:
    """What one image cost, in the mean."""

    gpu_seconds: float
    calls: float
    tokens: float
