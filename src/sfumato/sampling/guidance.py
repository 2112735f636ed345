"""Guidance: a denoiser in, a denoiser out."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.diffusion.levels import broadcast


def classifier_free(
    denoiser: Denoiser, scale: float, null: Condition, interval: tuple[float, float] = (0.0, float("inf"))
) -> Denoiser:
    """Classifier-free guidance: `D(null) + scale·(D(cond) − D(null))` (Ho & Salimans 2022, eq. 6).

    One convention: scale 0 is unconditional, **1 is plainly conditional**, more pushes towards the condition.
    Only where sigma/alpha lies in `interval` (Kynkäänniemi et al. 2024); elsewhere plainly conditional. The
    second network call is made only where it counts.
    """
    if scale == 1:
        return denoiser

    def guided(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        inside = (level.ratio >= interval[0]) & (level.ratio <= interval[1])
        if not bool(inside.any()):
            return denoiser(x, level, cond)
        if scale == 0 and bool(inside.all()):
            return denoiser(x, level, null)
        weight = broadcast(torch.full_like(level.alpha, scale).where(inside, 1.0), x)
        return denoiser(x, level, null).lerp(denoiser(x, level, cond), weight)

    return guided


def clamped(denoiser: Denoiser) -> Denoiser:
    """The same denoiser with its estimate kept in [−1, 1], where every picture lies."""

    def clamp(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        return denoiser(x, level, cond).clamp(-1, 1)

    return clamp
