"""A small modern GAN: relativistic pairing and zero-centred gradient penalties, and no other tricks.

Huang, Gokaslan, Kuleshov & Tompkin 2024, "The GAN is dead; long live the GAN! A modern baseline GAN" (R3GAN).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sfumato.baselines.baseline import Baseline, BaselineConfig, Rows
from sfumato.baselines.networks import Down, Labels, Up
from sfumato.nets.residual import he
from sfumato.training.adversarial import PENALTY, gradient_penalty, relativistic_loss
from sfumato.training.loop import Turn
from sfumato.training.optimizers import can_fuse

# On digits, twice the learning rate is ahead after 20 s, and behind, with spikes in the loss, after 60 s.
BETAS, LEARNING_RATE = (0.0, 0.99), 2e-3


class Generator(nn.Module):
    """`(z, label) → picture`."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        self.labels = Labels(len(config.classes), config.latent)
        self.up = Up(config.shape, config.width, config.latent + self.labels.width)

    def forward(self, z: Tensor, label: Tensor | None) -> Tensor:
        out: Tensor = self.up(torch.cat([z, self.labels(label, z)], dim=1))
        return out


class Discriminator(nn.Module):
    """`(picture, label) → (batch,)`, higher for what looks real; a class by its projection (Miyato & Koyama 2018)."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        self.down = Down(config.shape, config.width)
        self.labels = Labels(len(config.classes), config.width)
        self.leave = he(nn.Linear(config.width, 1), gain=0.1)
        if self.labels.embedding is not None:
            nn.init.normal_(self.labels.embedding.weight, std=0.1)

    def forward(self, x: Tensor, label: Tensor | None) -> Tensor:
        features = self.down(x)
        out: Tensor = self.leave(features)[:, 0]
        if label is not None:
            out = out + (features * self.labels(label, features)).sum(1) * features.shape[1] ** -0.5
        return out


class GAN(Baseline):
    """A generator, and the discriminator that teaches it."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        self.generator = Generator(config)
        self.discriminator = Discriminator(config)

    def generate(self, z: Tensor, label: Tensor | None) -> Tensor:
        out: Tensor = self.generator(z, label)
        return out

    def turns(self, weight_decay: float) -> tuple[Turn, ...]:
        players = ((self.discriminator, self._discriminator_loss), (self.generator, self._generator_loss))
        found = []
        for net, loss in players:
            weights = tuple(net.parameters())
            optimizer = torch.optim.AdamW(weights, betas=BETAS, weight_decay=weight_decay, fused=can_fuse(weights))
            found.append(Turn(weights, loss, (optimizer,), LEARNING_RATE))
        return tuple(found)

    def _generated(self, rows: Rows) -> Tensor:
        z = torch.randn(len(rows.x), self.config.latent, generator=rows.generator).to(rows.x.device)
        return self.generate(z, rows.label)

    def _discriminator_loss(self, rows: Rows, fraction: float) -> Tensor:
        with torch.no_grad():
            generated = self._generated(rows)
        both = torch.cat([rows.x, generated.to(rows.x.dtype)]).requires_grad_(True)
        scores = self.discriminator(both, None if rows.label is None else torch.cat([rows.label, rows.label])).float()
        real, fake = scores.chunk(2)
        return relativistic_loss(real, fake) + PENALTY * gradient_penalty(scores, both)  # of both halves: (R1 + R2)/2

    def _generator_loss(self, rows: Rows, fraction: float) -> Tensor:
        generated = self._generated(rows)
        with torch.no_grad():
            real = self.discriminator(rows.x, rows.label)
        return relativistic_loss(self.discriminator(generated, rows.label).float(), real.float())
