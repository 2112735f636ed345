"""What the English of the lessons besides the one on diffusion says, each as a check."""

from __future__ import annotations

import torch

from sfumato.diffusion import FiniteSet, Level

ANGLES = torch.arange(8, dtype=torch.float64) * torch.pi / 4
MIDDLES = 1.6 * torch.stack([ANGLES.cos(), ANGLES.sin()], dim=1)
STD = 0.08


def best_critic_is_flat() -> None:
    """Where all forged points lie in one cluster, the best critic has no slope there unless both clouds are blurred."""
    real, forged = FiniteSet(MIDDLES, STD), FiniteSet(MIDDLES[:1], STD)
    slopes = []
    for blur in (0.0, 0.3):
        level = Level(torch.tensor(1.0, dtype=torch.float64), torch.tensor(blur, dtype=torch.float64))
        x = (MIDDLES[:1] + STD * torch.tensor([[0.0, 1.0]])).requires_grad_()
        odds = real.log_density(x, level) - forged.log_density(x, level)
        (slope,) = torch.autograd.grad(torch.sigmoid(odds).sum(), x)
        slopes.append(float(slope.norm()))
    assert slopes[0] < 1e-12 < 1e-3 < slopes[1], slopes
