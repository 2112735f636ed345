"""A variational autoencoder whose Gaussian likelihood has the variance that fits best.

Kingma & Welling 2014; Rybkin, Daniilidis & Levine 2021, "Simple and effective VAE training with calibrated decoders".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sfumato.baselines.baseline import Baseline, BaselineConfig, Rows
from sfumato.baselines.networks import Down, Labels, Up
from sfumato.nets.residual import he
from sfumato.training.loop import Turn
from sfumato.training.optimizers import can_fuse

BETAS, LEARNING_RATE = (0.9, 0.99), 4e-3


class Encoder(nn.Module):
    """`(picture, label) → mean and log variance` of its z, both `(batch, latent)`."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        self.down = Down(config.shape, config.width)
        self.labels = Labels(len(config.classes), config.latent)
        self.leave = he(nn.Linear(config.width + self.labels.width, 2 * config.latent), gain=1)

    def forward(self, x: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        features = self.down(x)
        mean, log_variance = self.leave(torch.cat([features, self.labels(label, x)], dim=1)).float().chunk(2, dim=1)
        return mean, log_variance


class Decoder(nn.Module):
    """`(z, label) → the mean of the pictures` that z stands for."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        self.labels = Labels(len(config.classes), config.latent)
        self.up = Up(config.shape, config.width, config.latent + self.labels.width)

    def forward(self, z: Tensor, label: Tensor | None) -> Tensor:
        out: Tensor = self.up(torch.cat([z, self.labels(label, z)], dim=1))
        return out


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """`KL(N(mean, variance) ‖ N(0, 1))` in nats `(batch,)`, of `(batch, latent)` (Kingma & Welling 2014, app. B)."""
    return 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).sum(1)


def log_likelihood(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """`log N(x; mean, variance)` in nats `(batch,)`, of `(batch, ...)` with one variance for all."""
    squares = (x - mean).square() / log_variance.exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi)).flatten(1).sum(1)


class VAE(Baseline):
    """An encoder, and the decoder that generates."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def generate(self, z: Tensor, label: Tensor | None) -> Tensor:
        """The mean of the pictures that z stands for: the pixels' own noise, what was not learnt, stays out."""
        out: Tensor = self.decoder(z, label)
        return out

    def turns(self, weight_decay: float) -> tuple[Turn, ...]:
        weights = tuple(self.parameters())
        optimizer = torch.optim.AdamW(weights, betas=BETAS, weight_decay=weight_decay, fused=can_fuse(weights))
        return (Turn(weights, self._loss, (optimizer,), LEARNING_RATE),)

    def evidence_bound(self, x: Tensor, label: Tensor | None, generator: torch.Generator) -> Tensor:
        """A lower bound of `log p(x | label)` in nats `(batch,)`, for one z a picture.

        The variance is the one that fits this batch best, its mean square error (Rybkin et al. 2021, eq. 6).
        """
        mean, log_variance = self.encoder(x, label)
        noise = torch.randn(mean.shape, generator=generator).to(x.device)
        decoded = self.decoder(mean + (0.5 * log_variance).exp() * noise, label).float()
        best = (x - decoded).square().mean().log()
        return log_likelihood(x, decoded, best) - divergence(mean, log_variance)

    def _loss(self, rows: Rows, fraction: float) -> Tensor:
        return -self.evidence_bound(*rows).mean() / rows.x[0].numel()
