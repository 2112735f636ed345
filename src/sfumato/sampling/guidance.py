"""Guidance: a denoiser in, a denoiser out.

One convention: scale 0 is unconditional, **1 is plainly conditional**, more pushes towards the condition. What counts
for nothing isn't asked: at scale 1, at scale 0 and outside of an interval the network is called once. Rules compose,
as each is a denoiser again. A negative prompt is its condition in the place of `null`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sfumato.arguments import finite
from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError

EVERYWHERE = (0.0, float("inf"))  # of sigma/alpha
Combine = Callable[[Tensor, Tensor, Tensor], Tensor]  # (conditional, unconditional, weight that broadcasts) → guided


def classifier_free(
    denoiser: Denoiser, scale: float, null: Condition | None, interval: tuple[float, float] = EVERYWHERE
) -> Denoiser:
    """Classifier-free guidance: `D(null) + scale·(D(cond) − D(null))` (Ho & Salimans 2022, eq. 6).

    Only where sigma/alpha lies in `interval` (Kynkäänniemi et al. 2024); elsewhere plainly conditional.
    """
    return _guided(denoiser, scale, null, interval, _extrapolated)


def projected(
    denoiser: Denoiser,
    scale: float,
    null: Condition | None,
    interval: tuple[float, float] = EVERYWHERE,
    parallel: float = 0.0,
    norm: float = 0.25,
) -> Denoiser:
    """Adaptive projected guidance: of the push, what lies along D(cond) counts `parallel` (Sadat et al. 2024, eq. 7).

    That part raises contrast and saturates. `norm` is how long the difference of the two answers may be, root mean
    square over a sample; longer ones are shortened to it. Their momentum over steps is left out: it would make an
    answer depend on those before it.
    """

    def combine(told: Tensor, untold: Tensor, weight: Tensor) -> Tensor:
        push = told - untold
        length = push.flatten(1).square().mean(1).sqrt()
        push = push * broadcast((norm / length.clamp(min=1e-12)).clamp(max=1), push)
        along = told.flatten(1).double()
        share = (push.flatten(1) * along).sum(1) / along.square().sum(1).clamp(min=1e-12)
        push = push - (1 - parallel) * broadcast(share, push) * told
        return torch.where(weight == 0, untold, told + (weight - 1) * push)

    return _guided(denoiser, scale, null, interval, combine)


def plus_plus(
    denoiser: Denoiser, scale: float, null: Condition | None, grid: Level, interval: tuple[float, float] = EVERYWHERE
) -> Denoiser:
    """CFG++: guided answers, renoised with the unconditional noise (Chung et al. 2024, algorithm 1).

    In DDIM's step from sigma/alpha = r to r′ that equals classifier-free guidance of `scale/(1 − r′/r)`, so that it is
    a denoiser that knows its `grid`. Scales lie between 0 (unconditional) and 1, which guides about as strongly as
    `1/(1 − r′/r)` does, 3 or so in 20 steps; only the last step is plainly conditional at 1.
    """
    scale, ratios = finite("the scale of guidance by cfg++", scale, 0, 1), grid.ratio
    strengths = scale / (1 - torch.nan_to_num(ratios[1:] / ratios[:-1], nan=0.0))

    def weight(level: Level) -> Tensor:
        reached = ratios[:-1] >= level.ratio.reshape(-1, 1) * (1 - 1e-9)
        return strengths[(reached.sum(1) - 1).clamp(min=0)].reshape(level.alpha.shape)

    return _guided(denoiser, weight if scale else 0.0, null, interval, _extrapolated)


def autoguided(
    denoiser: Denoiser, worse: Denoiser, scale: float, interval: tuple[float, float] = EVERYWHERE
) -> Denoiser:
    """Autoguidance: away from the errors of a `worse` model of the same data (Karras et al. 2024a, eq. 3).

    `worse` is smaller or was trained for less time; both are told the condition. At scale 0 it answers alone.
    """
    return _guided(denoiser, scale, None, interval, _extrapolated, other=worse)


def composed(denoiser: Denoiser, terms: Sequence[tuple[float, Condition | None]], null: Condition | None) -> Denoiser:
    """Several conditions at once: `D(null) + Σ weight·(D(cond) − D(null))` (Liu et al. 2022, eq. 11 and 12).

    Weights above 0 mean AND, below 0 NOT. The condition that the sampler passes is not asked.
    """

    for weight, _ in terms:
        finite("a weight of a condition", weight)

    def guided(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        weighty = [(weight, own) for weight, own in terms if weight]
        if len(weighty) == 1 and weighty[0][0] == 1:
            return denoiser(x, level, weighty[0][1])
        base = denoiser(x, level, null)
        total = base.clone()
        for weight, own in weighty:
            total.add_(denoiser(x, level, own) - base, alpha=weight)
        return total

    return guided


def classified(
    denoiser: Denoiser, log_probability: Callable[[Tensor, Level, Condition | None], Tensor], scale: float
) -> Denoiser:
    """Classifier guidance: `D + scale·sigma²/alpha·∇ log p(cond | x)` (Dhariwal & Nichol 2021, eq. 10 and 14).

    `log_probability(x, level, cond)` is that of a classifier that knows noise, `(batch,)`, of each sample its own. At
    pure noise, where x says nothing of the class, it isn't asked. With an unconditional denoiser 0 is unconditional
    and 1 the Bayes rule.
    """
    if finite("the scale of guidance", scale) == 0:
        return denoiser

    def guided(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        answer = denoiser(x, level, cond)
        if not bool((level.alpha > 0).any()):
            return answer
        with torch.enable_grad():
            noisy = x.detach().requires_grad_()
            (slope,) = torch.autograd.grad(log_probability(noisy, level, cond).sum(), noisy)
        known = level.alpha > 0
        strength = torch.where(known, scale * level.sigma**2 / torch.where(known, level.alpha, 1.0), 0.0)
        return answer + broadcast(strength, x) * slope

    return guided


def clamped(denoiser: Denoiser) -> Denoiser:
    """The same denoiser with its estimate kept in [−1, 1], where every picture lies."""

    def clamp(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        return denoiser(x, level, cond).clamp(-1, 1)

    return clamp


def thresholded(denoiser: Denoiser, share: float = 0.995) -> Denoiser:
    """Dynamic thresholding: an estimate whose `share`-quantile of pixels exceeds 1 is clamped there and divided by it.

    Strong guidance then bleaches no picture (Saharia et al. 2022, section 2.3).
    """

    def threshold(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        answer = denoiser(x, level, cond)
        most = broadcast(answer.flatten(1).abs().float().quantile(share, 1).clamp(min=1), answer)
        return answer.clamp(-most, most) / most

    return threshold


def _extrapolated(told: Tensor, untold: Tensor, weight: Tensor) -> Tensor:
    return untold.lerp(told, weight)


def _guided(
    denoiser: Denoiser,
    scale: float | Callable[[Level], Tensor],
    null: Condition | None,
    interval: tuple[float, float],
    combine: Combine,
    other: Denoiser | None = None,
) -> Denoiser:
    """The two answers combined where they count: those of `denoiser`, and of `other` or of `denoiser` told `null`."""
    if not callable(scale):
        finite("the scale of guidance", scale)
    if not 0 <= interval[0] <= interval[1]:
        raise SfumatoError(f"guidance acts on an interval of sigma/alpha, the smaller first, not on {interval}.")
    if scale == 1:
        return denoiser

    def untold(x: Tensor, level: Level, cond: Condition | None) -> Tensor:
        return denoiser(x, level, null) if other is None else other(x, level, cond)

    def guided(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        inside = (level.ratio >= interval[0]) & (level.ratio <= interval[1])
        if not bool(inside.any()):
            return denoiser(x, level, cond)
        if scale == 0 and bool(inside.all()):
            return untold(x, level, cond)
        weight = scale(level) if callable(scale) else torch.full_like(level.alpha, scale)
        each = broadcast(weight.where(inside, 1.0), x)
        without = untold(x, level, cond)
        return combine(denoiser(x, level, cond), without, each)

    return guided
