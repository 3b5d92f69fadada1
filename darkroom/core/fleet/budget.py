"""When a fleet stops for what it has spent.

Owns the limits and the sum: what is being drawn counts as what such images cost so far,
so that a budget is not overrun by what is on its way.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """The most that may be spent; None: no limit."""

    images: int | None = None
    gpu_seconds: float | None = None


@dataclass(frozen=True)
class Used:
    """What was spent, and what is on its way."""

    images: int = 0
    gpu_seconds: float = 0.0
    under_way: int = 0

    @property
    def expected_gpu_seconds(self) -> float:
        """What it comes to when everything under way costs as much as the mean so far."""
        mean_s = self.gpu_seconds / self.images if self.images else 0.0
        return self.gpu_seconds + mean_s * self.under_way


def spent_up(budget: Budget, used: Used) -> str | None:
    """Why nothing more may be begun, or None."""
    if budget.images is not None and used.images + used.under_way >= budget.images:
        return f"the budget of {budget.images} images is spent"
    seconds = budget.gpu_seconds
    if seconds is not None and used.expected_gpu_seconds >= seconds:
        return f"the budget of {seconds:g} GPU seconds is spent"
    return None
