"""A variational autoencoder of plain layers whose code is a point in the plane (Kingma & Welling 2014)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sfumato.baselines.plain import dense, train_plain
from sfumato.baselines.vae import divergence
from sfumato.seeds import seeded, torch_generator

WIDTHS = (128, 64)
PIXEL_STD = 0.4  # of a pixel about what is decoded, of a range of 2
STEPS = 2000


class PlaneVAE(nn.Module):
    """Pictures `(batch, pixels)` in [−1, 1] to a Gaussian in the plane, and points of the plane to pictures."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.encoder = dense(pixels, *WIDTHS, 4)
        self.decoder = dense(2, *reversed(WIDTHS), pixels)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of each picture's code, `(batch, 2)`."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def loss(self, x: Tensor, beta: float, generator: torch.Generator) -> Tensor:
        """Nats a picture: the squared error by `PIXEL_STD`, and β times what the code says (Higgins et al. 2017)."""
        mean, log_variance = self.encode(x)
        noise = torch.randn(mean.shape, generator=generator)
        decoded = self.decoder(mean + (0.5 * log_variance).exp() * noise)
        error = (x - decoded).square().sum(1) / (2 * PIXEL_STD**2)
        nats: Tensor = (error + beta * divergence(mean, log_variance)).mean()
        return nats


def train_plane_vae(x: Tensor, beta: float, seed: int = 0, steps: int = STEPS) -> PlaneVAE:
    """A network trained on `x` `(count, pixels)`; some ten seconds on one core."""
    with seeded("baseline weights", seed):
        net = PlaneVAE(x.shape[1])
    generator = torch_generator("baseline noise", seed)
    train_plain(net, x, lambda some, random: net.loss(some, beta, random), generator, steps=steps)
    return net
