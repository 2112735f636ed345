"""Inversion on the demo's digits network, and the likelihood of data whose density is known.

    python benchmarks/inversion.py

64 training pictures go up to noise and back down to pictures by the same steps. The error is the root mean square over
a picture's pixels, which lie in [-1, 1]: the pictures' mean, and the worst. "one round" is DDIM inversion as it is
commonly done. Then 256 samples of a Gaussian in 16 dimensions are measured in bits per dimension, by the exact
divergence and by Hutchinson's estimate of it.
Exits 1 where no row of at most 50 calls on the way up has a mean error under 1e-3, or where no likelihood by the exact
divergence is within 1e-3 bits/dim of the truth for every sample.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor

from quality_per_call import digits_run
from sfumato.data import open_dataset
from sfumato.diffusion import EDM, GaussianMixture
from sfumato.diffusion.likelihood import bits_per_dim, log_likelihood
from sfumato.hub import load
from sfumato.sampling import grid, invert, last, sample, stepper

# sampler, steps, tolerance (None: one round)
ROWS = (("ddim", 50, None), ("ddim", 16, 1e-3), ("ddim", 14, 1e-3), ("ddim", 13, 5e-4), ("dpm++2s", 6, 3e-4))


def silence() -> Tensor:
    raise AssertionError("a sampler without noise asked for some")


def round_trips() -> bool:
    model, good = load(digits_run()), False
    pictures, labels = open_dataset("digits").batch(torch.arange(64))
    assert labels is not None
    cond = {"label": labels}
    print(f"{'sampler':<10} {'steps':>5} {'tolerance':>10} {'calls up':>9} {'down':>5} {'mean error':>11} {'worst':>9}")
    for name, steps, tolerance in ROWS:
        levels, by = grid("karras", EDM(), steps), stepper(name)
        rounds = 1 if tolerance is None else 30
        up = last(invert(model.denoiser, levels, by, pictures, cond, tolerance, rounds))
        down = last(sample(model.denoiser, levels, by, silence, cond, start=up.x))
        errors = (down.x - pictures).flatten(1).square().mean(1).sqrt()
        good = good or (up.calls <= 50 and errors.mean().item() < 1e-3)
        told = "one round" if tolerance is None else f"{tolerance:g}"
        print(f"{name:<10} {steps:>5} {told:>10} {up.calls:>9} {down.calls:>5}", end="")
        print(f" {errors.mean():>11.1e} {errors.max():>9.1e}")
    return good


def likelihoods(dimension: int = 16, count: int = 256) -> bool:
    generator = torch.Generator().manual_seed(0)
    std = 0.3 + 0.4 * torch.rand(dimension, dtype=torch.float64, generator=generator)
    mean = 0.5 * torch.randn(dimension, dtype=torch.float64, generator=generator)
    data = GaussianMixture.gaussian(mean, std)
    x = data.sample(count, generator)
    truth = bits_per_dim(torch.distributions.Normal(mean, std).log_prob(x).sum(1), dimension)
    print(f"\n{'divergence':<12} {'steps':>5} {'mean error':>11} {'worst':>9}   bits per dimension")
    worst = float("inf")
    for steps in (20, 50, 100):
        found = bits_per_dim(log_likelihood(data, x, divergence="exact", steps=steps), dimension) - truth
        worst = min(worst, found.abs().max().item())
        print(f"{'exact':<12} {steps:>5} {found.mean():>11.1e} {found.abs().max():>9.1e}")
    probes = lambda: torch.randn(x.shape, dtype=torch.float64, generator=generator)  # noqa: E731
    found = bits_per_dim(log_likelihood(data, x, noise=probes), dimension) - truth
    print(f"{'Hutchinson':<12} {'':>5} {found.mean():>11.1e} {found.abs().max():>9.1e}")
    return worst < 1e-3


if __name__ == "__main__":
    inverted, measured = round_trips(), likelihoods()
    print("\nround trip under 1e-3 at no more than 50 calls: " + ("yes" if inverted else "NO"))
    print("likelihood within 1e-3 bits/dim: " + ("yes" if measured else "NO"))
    sys.exit(0 if inverted and measured else 1)
