"""Networks of plain layers, small enough for a page to compute by itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from sfumato.training.budget import Budget
from sfumato.training.optimizers import can_fuse

WARMUP, DECAY = 0.02, 0.5


def dense(*sizes: int, dropout: float = 0.0) -> nn.Sequential:
    """Layer after layer with tanh between, and dropout after each tanh."""
    layers: list[nn.Module] = []
    for last, (a, b) in zip(range(len(sizes) - 2, -1, -1), pairwise(sizes), strict=True):
        layers.append(nn.Linear(a, b))
        if last:
            layers += [nn.Tanh(), *([nn.Dropout(dropout)] if dropout else [])]
    return nn.Sequential(*layers)


def train_plain(
    net: nn.Module,
    rows: Tensor,
    loss: Callable[[Tensor, torch.Generator], Tensor],
    generator: torch.Generator,
    *,
    steps: int,
    batch: int = 64,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.0,
) -> None:
    """Make `loss(batch of rows, generator)` small; all that is random comes from `generator`."""

    weights = tuple(net.parameters())
    optimizer = torch.optim.AdamW(weights, learning_rate, weight_decay=weight_decay, fused=can_fuse(weights))
    budget = Budget(steps, None, 1, WARMUP, DECAY)
    net.train()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = learning_rate * budget.rate_share(step, 0.0)
        optimizer.zero_grad()
        loss(rows[torch.randint(len(rows), (batch,), generator=generator)], generator).backward()
        optimizer.step()
    net.eval().requires_grad_(False)
