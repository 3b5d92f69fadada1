"""One optimiser for a bf16 network on a CPU: Muon for matrices, AdamW for the rest.

Owns the fp32 master weights, their moving average and the update rule. The
network computes in bf16 (several times faster on these processors) and is
refreshed from the masters after every step.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

_MUON_MOMENTUM = 0.95
_MUON_DECAY = 0.02
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # quintic coefficients of the Muon paper


@dataclass
class State:
    """Everything needed to go on after a stop."""

    masters: dict[str, Tensor]
    average: dict[str, Tensor]
    momentum: dict[str, Tensor]
    adam: dict = field(default_factory=dict)
    step: int = 0


def orthogonalised(matrices: Tensor) -> Tensor:
    """Nearest semi-orthogonal matrices of a stack, by five Newton-Schulz steps."""
    a, b, c = _NEWTON_SCHULZ
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.transpose(-1, -2)
    x = x / (x.float().norm(dim=(-2, -1), keepdim=True) + 1e-7).bfloat16()
    for _ in range(5):
        square = x @ x.transpose(-1, -2)
        x = a * x + (b * square + c * square @ square) @ x
    return x.transpose(-1, -2) if tall else x


class Optimiser:
    """Updates fp32 masters from bf16 gradients and copies them back into the network."""

    def __init__(self, network: nn.Module, muon: set[str], average: float = 0.998) -> None:
        self.parameters = {n: p for n, p in network.named_parameters() if p.requires_grad}
        self.muon = [name for name in self.parameters if name in muon]
        self.plain = [name for name in self.parameters if name not in muon]
        masters = {n: p.detach().float().clone() for n, p in self.parameters.items()}
        momentum = {n: torch.zeros_like(masters[n]) for n in self.muon}
        self.state = State(masters, {n: m.clone() for n, m in masters.items()}, momentum)
        self.average = average
        self._make_adam()

    def _make_adam(self) -> None:
        self._leaves = [nn.Parameter(self.state.masters[name]) for name in self.plain]
        self.adam = torch.optim.AdamW(
            self._leaves, 1e-3, betas=(0.9, 0.98), weight_decay=0.0, fused=True
        )

    def saved(self) -> dict:
        """The state as plain tensors."""
        return {**vars(self.state), "adam": self.adam.state_dict()}

    def restore(self, saved: dict) -> None:
        """Go on from a saved state."""
        self.state = State(**saved)
        self._make_adam()
        self.adam.load_state_dict(saved["adam"])
        self._refresh()

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Apply the gradients that lie on the network's parameters."""
        self._adam_step(rate)
        self._muon_step(rate)
        state = self.state
        keep = min(self.average, (1 + state.step) / (10 + state.step))
        names = list(self.parameters)
        averages = [state.average[name] for name in names]
        torch._foreach_lerp_(averages, [state.masters[name] for name in names], 1 - keep)
        state.step += 1
        self._refresh()

    def _adam_step(self, rate: float) -> None:
        gradients = [self.parameters[name].grad.float() for name in self.plain]
        norm = torch.stack([g.square().sum() for g in gradients]).sum().sqrt().item()
        for leaf, gradient in zip(self._leaves, gradients, strict=True):
            leaf.grad = gradient * min(1.0, 1.0 / (norm + 1e-6))
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()

    def _muon_step(self, rate: float) -> None:
        groups: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = {}
        for name in self.muon:
            gradient = self.parameters[name].grad.float()
            momentum = self.state.momentum[name]
            momentum.lerp_(gradient, 1 - _MUON_MOMENTUM)
            update = gradient.lerp(momentum, _MUON_MOMENTUM)
            master = self.state.masters[name]
            # q, k and v are separate matrices that happen to lie in one tensor
            pieces = 3 if "qkv" in name else 2 if "keyvalue" in name else 1
            flat = [t.view(t.shape[0], -1).chunk(pieces) for t in (master, update)]
            for part, change in zip(*flat, strict=True):
                groups.setdefault(tuple(part.shape), []).append((part, change))
        for shape, pairs in groups.items():
            changes = orthogonalised(torch.stack([c for _, c in pairs])).float()
            for (part, _), change in zip(pairs, changes, strict=True):
                part.mul_(1 - rate * _MUON_DECAY)
                part.add_(change, alpha=-rate * 0.2 * max(shape) ** 0.5)

    @torch.no_grad()
    def _refresh(self) -> None:
        names = list(self.parameters)
        targets = [self.parameters[name].data for name in names]
        torch._foreach_copy_(targets, [self.state.masters[name] for name in names])


def muon_names(network: nn.Module) -> set[str]:
    """Hidden matrices and convolutions; embeddings, steering and the ends go to AdamW."""
    chosen = set()
    for name, value in network.named_parameters():
        ends = name.startswith(("enter", "leave", "caption", "level", "summary", "context"))
        if ends or ".steer" in name:
            continue
        if value.ndim == 4 or (value.ndim == 2 and name.startswith(("blocks", "listen"))):
            chosen.add(name)
    return chosen
