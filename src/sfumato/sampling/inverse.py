"""Inverse problems without training: generate what a measurement `y = A(x0) + noise` was taken of.

`A` is any linear function of pictures that PyTorch can differentiate; its adjoint follows.
What is measured must be what `A` gives: a masked picture is 0 where it is unknown. Both methods ask the network once a
step and go back through it, which costs about two calls more.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion.levels import broadcast
from sfumato.grey import grey as grey  # a measurement too
from sfumato.sampling.calls import Answering, Call, Rows, Rule
from sfumato.sampling.guidance import plain
from sfumato.seeds import torch_generator

Measure = Callable[[Tensor], Tensor]  # linear, sample by sample


def pseudo_inverse_guided(
    measure: Measure, measured: Tensor, data_std: float, noise: float = 0.0, inner: Rule = plain
) -> Rule:
    """ΠGDM: `D + sigma²/alpha·Jᵀ Aᵀ (r²·A Aᵀ + noise²)⁻¹ (y − A D)` (Song et al. 2023, eq. 7 and 8), J = ∂D/∂x.

    `measured` y is `(batch, ...)` or broadcasts to it, `noise` the standard deviation of its errors. `r` is how far x0
    is from D: r² = sigma²·data_std²/(sigma² + alpha²·data_std²). The answer is exact for data that are Gaussian with
    that standard deviation in every direction. The system is solved by conjugate gradients, in one round where A Aᵀ is
    a multiple of the identity.
    """

    def guided(call: Call) -> Answering:
        x, level = call.x, call.level
        answer, pull = yield from _with_pull(inner, call)
        adjoint, error = _adjoint(measure, answer), _error(measure, measured, answer)
        variance = level.sigma**2 * data_std**2 / (level.sigma**2 + (level.alpha * data_std) ** 2)
        spread = broadcast(variance, error)
        push = adjoint(_solved(lambda v: spread * measure(adjoint(v)) + noise**2 * v, error))
        # At pure noise J is 0 and sigma²/alpha infinite; of Gaussian data their product is r² there, as everywhere.
        known = level.alpha > 0
        factor = torch.where(known, level.sigma**2 / torch.where(known, level.alpha, 1.0), 0.0)
        return answer + torch.where(
            broadcast(known, x) > 0, broadcast(factor, x) * pull(push), broadcast(variance, x) * push
        )

    return guided


def posterior_sampled(measure: Measure, measured: Tensor, scale: float = 1.0, inner: Rule = plain) -> Rule:
    """DPS: `D − scale·step·∇ₓ‖y − A D‖²` (Chung et al. 2023, algorithm 1).

    The paper divides its step by the norm of the error; here each sample's step is the one that brings A of the answer
    nearest to y along that gradient, so that `scale` needs no tuning: 1 goes all the way. Where A Aᵀ is far from a
    multiple of the identity, as of a blur, one gradient a step doesn't get there; use pseudo_inverse_guided.
    """

    def guided(call: Call) -> Answering:
        x, level = call.x, call.level
        answer, pull = yield from _with_pull(inner, call)
        error = _error(measure, measured, answer)
        push = _adjoint(measure, answer)(error)
        direction = torch.where(broadcast(level.alpha > 0, x) > 0, pull(push), push)  # at pure noise J is 0
        seen = measure(direction)
        step = _dot(error, seen) / _dot(seen, seen).clamp(min=1e-30)
        return answer + scale * broadcast(step, x) * direction

    return guided


def masked(mask: Tensor) -> Measure:
    """Only the pixels where `mask` is true."""
    return lambda x: x * mask.to(x, non_blocking=True)


def downscaled(factor: int) -> Measure:
    """Every `factor`×`factor` pixels averaged into one."""
    return lambda x: F.avg_pool2d(x, factor)


def blurred(std: float) -> Measure:
    """A Gaussian blur of `std` pixels; outside is what is at the border."""
    reach = max(1, round(3 * std))
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=torch.float64) / std) ** 2)
    weights = weights / weights.sum()

    def blur(x: Tensor) -> Tensor:
        padded = F.pad(x, (reach, reach, reach, reach), mode="replicate")
        channels = x.shape[1]
        row = weights.to(x, non_blocking=True).reshape(1, 1, 1, -1).expand(channels, 1, 1, -1)
        return F.conv2d(F.conv2d(padded, row, groups=channels), row.transpose(2, 3), groups=channels)

    return blur


def projected_onto(count: int, shape: tuple[int, ...], seed: int) -> Measure:
    """`count` random orthonormal directions of samples of `shape`: compressed sensing."""
    size = torch.Size(shape).numel()
    random = torch.randn(size, count, dtype=torch.float64, generator=torch_generator("directions", seed))
    directions = torch.linalg.qr(random).Q
    return lambda x: x.flatten(1) @ directions.to(x, non_blocking=True)


def _with_pull(inner: Rule, call: Call) -> Generator[Rows, Any, tuple[Tensor, Callable[[Tensor], Tensor]]]:
    """The answer of `inner`, and the function that carries a vector back through it to x."""
    noisy, answers = call.x.detach().requires_grad_(), None
    asking = inner(call._replace(x=noisy, gradient=True))
    while True:
        try:
            with torch.enable_grad():  # what `inner` computes leads back too; not around the yield, which leaves here
                calls = asking.send(answers)  # type: ignore[arg-type]
        except StopIteration as end:
            answer: Tensor = end.value
            break
        answers = yield calls

    def pull(vector: Tensor) -> Tensor:
        (back,) = torch.autograd.grad(answer, noisy, vector)
        return back

    return answer.detach(), pull


def _error(measure: Measure, measured: Tensor, answer: Tensor) -> Tensor:
    """y − A D, one for each sample."""
    seen = measure(answer)
    return measured.to(seen, non_blocking=True).expand_as(seen) - seen


def _adjoint(measure: Measure, like: Tensor) -> Callable[[Tensor], Tensor]:
    """Aᵀ, as the derivative of ⟨A x, v⟩, which is the same at every x."""
    with torch.enable_grad():
        at = torch.zeros_like(like).requires_grad_()
        out = measure(at)

    def adjoint(vector: Tensor) -> Tensor:
        (back,) = torch.autograd.grad(out, at, vector, retain_graph=True)
        return back

    return adjoint


def _solved(matrix: Callable[[Tensor], Tensor], right: Tensor, rounds: int = 50) -> Tensor:
    """`matrix⁻¹ right` for each sample, symmetric and positive, by conjugate gradients to 1e-6 of `right`."""
    solution = torch.zeros_like(right)
    residual = right.clone()
    direction, size = residual.clone(), _dot(residual, residual)
    enough = 1e-12 * size
    for _ in range(rounds):
        if bool((size <= enough).all()):
            break
        moved = matrix(direction)
        step = torch.where(size > enough, size / _dot(direction, moved).clamp(min=1e-300), 0.0)
        solution = solution + broadcast(step, right) * direction
        residual = residual - broadcast(step, right) * moved
        before, size = size, _dot(residual, residual)
        direction = residual + broadcast(size / before.clamp(min=1e-300), right) * direction
    return solution


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a.flatten(1).double() * b.flatten(1).double()).sum(1)
