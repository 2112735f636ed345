"""Guidance: rules that turn one call into calls asked together, rows of one network call, and combine the answers.

One convention: scale 0 is unconditional, **1 is plainly conditional**, more pushes towards the condition. What counts
for nothing isn't asked: at scale 1, at scale 0 and outside of an interval a call is one row a sample. What acts on the
answer alone is wrapped around another rule (`inner`). A negative prompt is its condition in the place of `null`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sfumato.arguments import finite
from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError
from sfumato.sampling.calls import Answering, Call, Rule, ask, run

EVERYWHERE = (0.0, float("inf"))  # of sigma/alpha
Combine = Callable[[Tensor, Tensor, Tensor], Tensor]  # (conditional, unconditional, weight that broadcasts) → guided


def plain(call: Call) -> Answering:
    """The call as it is."""
    (answer,) = yield (call,)
    return answer


def guided_denoiser(denoiser: Denoiser, rule: Rule) -> Denoiser:
    """`denoiser` under a rule, for whoever asks outside of a walk; it answers with gradients where they are enabled."""

    def guided(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        return run(rule(Call(x, level, cond, torch.is_grad_enabled())), lambda calls: ask(denoiser, calls))

    return guided


def classifier_free(scale: float, null: Condition | None, interval: tuple[float, float] = EVERYWHERE) -> Rule:
    """Classifier-free guidance: `D(null) + scale·(D(cond) − D(null))` (Ho & Salimans 2022, eq. 6).

    Only where sigma/alpha is in `interval` (Kynkäänniemi et al. 2024); elsewhere plainly conditional.
    """
    return _pushed(scale, null, interval, _extrapolated)


def projected(
    scale: float,
    null: Condition | None,
    interval: tuple[float, float] = EVERYWHERE,
    parallel: float = 0.0,
    norm: float = 0.25,
) -> Rule:
    """Adaptive projected guidance: of the push, what is along D(cond) counts `parallel` (Sadat et al. 2024, eq. 7).

    That part raises contrast and saturates. `norm` is how long the difference of the two answers may be, root mean
    square over a sample; longer ones are shortened to it. Their momentum over steps is left out: it would make an
    answer depend on those before it.
    """

    def combine(conditional: Tensor, unconditional: Tensor, weight: Tensor) -> Tensor:
        push = conditional - unconditional
        length = push.flatten(1).square().mean(1).sqrt()
        push = push * broadcast((norm / length.clamp(min=1e-12)).clamp(max=1), push)
        along = conditional.flatten(1).double()
        share = (push.flatten(1) * along).sum(1) / along.square().sum(1).clamp(min=1e-12)
        push = push - (1 - parallel) * broadcast(share, push) * conditional
        return torch.where(weight == 0, unconditional, conditional + (weight - 1) * push)

    return _pushed(scale, null, interval, combine)


def plus_plus(scale: float, null: Condition | None, grid: Level, interval: tuple[float, float] = EVERYWHERE) -> Rule:
    """CFG++: guided answers, renoised with the unconditional noise (Chung et al. 2024, algorithm 1).

    In DDIM's step from sigma/alpha = r to r′ that equals classifier-free guidance of `scale/(1 − r′/r)`, so that it is
    a rule that knows its `grid`. Scales are between 0 (unconditional) and 1, which guides about as strongly as
    `1/(1 − r′/r)` does, 3 or so in 20 steps; only the last step is plainly conditional at 1.
    """
    scale, ratios = finite("the scale of guidance by cfg++", scale, 0, 1), grid.ratio
    strengths = scale / (1 - torch.nan_to_num(ratios[1:] / ratios[:-1], nan=0.0))

    def weight(level: Level) -> Tensor:
        reached = ratios[:-1] >= level.ratio.reshape(-1, 1) * (1 - 1e-9)
        return strengths[(reached.sum(1) - 1).clamp(min=0)].reshape(level.alpha.shape)

    return _pushed(weight if scale else 0.0, null, interval, _extrapolated)


def autoguided(worse: Denoiser, scale: float, interval: tuple[float, float] = EVERYWHERE) -> Rule:
    """Autoguidance: away from the errors of a `worse` model of the same data (Karras et al. 2024a, eq. 3).

    `worse` is smaller or was trained for less time; both get the condition. It is another network, so it is asked
    apart, walk by walk; at scale 0 it answers alone.
    """
    return _pushed(scale, None, interval, _extrapolated, other=worse)


def composed(terms: Sequence[tuple[float, Condition | None]], null: Condition | None) -> Rule:
    """Several conditions at once: `D(null) + Σ weight·(D(cond) − D(null))` (Liu et al. 2022, eq. 11 and 12).

    Weights above 0 mean AND, below 0 NOT. The condition that the walk itself has is not asked.
    """
    for weight, _ in terms:
        finite("a weight of a condition", weight)
    weighty = [(weight, cond) for weight, cond in terms if weight]

    def compose(call: Call) -> Answering:
        if len(weighty) == 1 and weighty[0][0] == 1:
            return (yield from plain(call._replace(cond=weighty[0][1])))
        base, *others = yield tuple(call._replace(cond=cond) for cond in (null, *(cond for _, cond in weighty)))
        total = base
        for (weight, _), answer in zip(weighty, others, strict=True):
            total = total.add(answer - base, alpha=weight)
        return total

    return compose


def classified(
    log_probability: Callable[[Tensor, Level, Condition | None], Tensor], scale: float, inner: Rule = plain
) -> Rule:
    """Classifier guidance: `D + scale·sigma²/alpha·∇ log p(cond | x)` (Dhariwal & Nichol 2021, eq. 10 and 14).

    `log_probability(x, level, cond)` is that of a classifier that knows noise, `(batch,)`, of each sample its own; its
    gradient is taken apart, walk by walk. At pure noise, where x says nothing of the class, it isn't asked. With an
    unconditional denoiser 0 is unconditional and 1 the Bayes rule.
    """
    if finite("the scale of guidance", scale) == 0:
        return inner

    def classify(call: Call) -> Answering:
        answer, level = (yield from inner(call)), call.level
        if not bool((level.alpha > 0).any()):
            return answer
        with torch.enable_grad():
            noisy = call.x.detach().requires_grad_()
            (slope,) = torch.autograd.grad(log_probability(noisy, level, call.cond).sum(), noisy)
        known = level.alpha > 0
        strength = torch.where(known, scale * level.sigma**2 / torch.where(known, level.alpha, 1.0), 0.0)
        return answer + broadcast(strength, call.x) * slope

    return classify


def clamped(inner: Rule = plain) -> Rule:
    """The same rule with its estimate kept in [−1, 1], where every picture is."""

    def clamp(call: Call) -> Answering:
        return (yield from inner(call)).clamp(-1, 1)

    return clamp


def thresholded(inner: Rule = plain, share: float = 0.995) -> Rule:
    """Dynamic thresholding: an estimate whose `share`-quantile of pixels exceeds 1 is clamped there and divided by it.

    Strong guidance then bleaches no picture (Saharia et al. 2022, section 2.3).
    """

    def threshold(call: Call) -> Answering:
        answer = yield from inner(call)
        most = broadcast(answer.flatten(1).abs().float().quantile(share, 1).clamp(min=1), answer)
        return answer.clamp(-most, most) / most

    return threshold


def _extrapolated(conditional: Tensor, unconditional: Tensor, weight: Tensor) -> Tensor:
    return unconditional.lerp(conditional, weight)


def _pushed(
    scale: float | Callable[[Level], Tensor],
    null: Condition | None,
    interval: tuple[float, float],
    combine: Combine,
    other: Denoiser | None = None,
) -> Rule:
    """The answers with and without the condition combined where they count; without: given `null`, or by `other`."""
    if not callable(scale):
        finite("the scale of guidance", scale)
    if not 0 <= interval[0] <= interval[1]:
        raise SfumatoError(f"guidance acts on an interval of sigma/alpha, the smaller first, not on {interval}.")
    if scale == 1:
        return plain

    def push(call: Call) -> Answering:
        level, without = call.level, call._replace(cond=null)
        inside = (level.ratio >= interval[0]) & (level.ratio <= interval[1])
        if not bool(inside.any()):
            return (yield from plain(call))
        if scale == 0 and bool(inside.all()):
            return other(call.x, level, call.cond) if other is not None else (yield from plain(without))
        if other is None:
            conditional, unconditional = yield call, without
        else:
            conditional = yield from plain(call)
            unconditional = other(call.x, level, call.cond)
        weight = scale(level) if callable(scale) else torch.full_like(level.alpha, scale)
        return combine(conditional, unconditional, broadcast(weight.where(inside, 1.0), call.x))

    return push
