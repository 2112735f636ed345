"""What the English of the lessons besides the one on diffusion says, each as a check."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.data import open_dataset
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


def digits_lie_apart_from_dice() -> None:
    """Neighbouring pixels agree in every scanned digit more than in any of a thousand pictures from dice."""

    def agreement(x: Tensor) -> Tensor:
        first, second = (
            torch.cat([x[:, 0, :, across].flatten(1), x[:, 0, down, :].flatten(1)], dim=1)
            for across, down in ((slice(None, -1), slice(None, -1)), (slice(1, None), slice(1, None)))
        )
        first, second = (one - one.mean(1, keepdim=True) for one in (first, second))
        return (first * second).sum(1) / (first.square().sum(1) * second.square().sum(1)).sqrt()

    scans, _ = open_dataset("digits").batch(torch.arange(1797))
    dice = 2 * torch.rand(1000, 1, 8, 8, generator=torch.Generator().manual_seed(0)) - 1
    assert agreement(scans).min() > agreement(dice).max()
    assert scans.shape[1:] == (1, 8, 8) and len((scans * 8 + 8).round().unique()) == 17
