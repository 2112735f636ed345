"""The losses of two networks against each other: relativistic pairing and zero-centred gradient penalties.

Huang, Gokaslan, Kuleshov & Tompkin 2024, "The GAN is dead; long live the GAN! A modern baseline GAN" (R3GAN).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

PENALTY = 1.0  # weight of the gradient penalty


def relativistic_loss(better: Tensor, worse: Tensor) -> Tensor:
    """`E softplus(worse − better)`: how far the one is from being scored above the other (Huang et al. 2024, eq. 2).

    Scores `(batch,)` of pairs. The discriminator wants real above generated, the generator the reverse.
    """
    return F.softplus(worse - better).mean()


def gradient_penalty(scores: Tensor, x: Tensor) -> Tensor:
    """`E ‖∇ₓ score‖²` over `x` `(batch, ...)`: R1 for real pictures, R2 for generated ones (Huang et al. 2024, eq. 3).

    `scores` `(batch,)` were made from `x`, each from one picture alone. It can be differentiated in turn.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return gradient.float().square().flatten(1).sum(1).mean()
