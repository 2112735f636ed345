"""Guidance: a denoiser in, a denoiser out."""

from __future__ import annotations

from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level


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
        if scale == 0:
            return denoiser(x, level, null)
        conditional = denoiser(x, level, cond)
        if not bool(((level.ratio >= interval[0]) & (level.ratio <= interval[1])).any()):
            return conditional
        return denoiser(x, level, null).lerp(conditional, scale)

    return guided


def clamped(denoiser: Denoiser) -> Denoiser:
    """The same denoiser with its estimate kept in [−1, 1], where every picture lies."""

    def clamp(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        return denoiser(x, level, cond).clamp(-1, 1)

    return clamp
