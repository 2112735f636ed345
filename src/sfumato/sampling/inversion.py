"""Inversion: from a picture to the noise that a sampler turns into that same picture."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from sfumato.arguments import check_pictures, whole
from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.diffusion.levels import broadcast, combine
from sfumato.errors import SfumatoError
from sfumato.sampling.calls import Asking, Call, Rule, Step, Walk, relay
from sfumato.sampling.drivers import drive
from sfumato.sampling.guidance import plain
from sfumato.sampling.multistep import Multistep
from sfumato.sampling.singlestep import Heun, Singlestep
from sfumato.sampling.steppers import Stepper
from sfumato.sampling.walks import guide
from sfumato.sampling.weights import first_order

_MEMORY = 3  # earlier rounds that the next one learns from


def invert(
    denoiser: Denoiser,
    grid: Level,
    stepper: Stepper,
    x0: Tensor,
    cond: Condition | None = None,
    tolerance: float | None = 1e-4,
    rounds: int = 30,
    data_std: float = 0.5,
    guidance: Rule = plain,
) -> Iterator[Step]:
    """Walk up `grid` from the picture `x0`, yielding it and then every step; the last Step's `x` is the noise.

    See `inversion`, the walk itself.
    """
    return drive(guide(inversion(grid, stepper, x0, tolerance, rounds, data_std), guidance, cond), denoiser)


def inversion(
    grid: Level,
    stepper: Stepper,
    x0: Tensor,
    tolerance: float | None = 1e-4,
    rounds: int = 30,
    data_std: float = 0.5,
) -> Walk:
    """Up `grid` from the picture `x0` to the noise that `stepper` turns into it.

    Each step is inverted exactly: the unknown start is corrected until `stepper` leads from it back to where we are
    within `tolerance` (root mean square over an image, in units of its spread at that level), in at most `rounds`
    rounds. `tolerance` None takes `rounds` rounds and no look at what is left: with one round of ddim this is DDIM
    inversion (Song et al. 2020, section 4.3). An image's answer does not depend on the rest of its batch.

    Raises SfumatoError for samplers that add noise or remember earlier steps, which can't be walked back one step at a
    time, and where the rounds don't settle.
    """
    plain_step = isinstance(stepper, Multistep) and stepper.order == 1
    if not (plain_step or isinstance(stepper, Singlestep | Heun)) or getattr(stepper, "eta", 0) > 0:
        raise SfumatoError(
            "only samplers without noise and without memory can be inverted; choose ddim, heun, dpm++2s or dpm++3s."
        )
    check_pictures("x0", x0)
    if whole("rounds", rounds, -(2**63)) < 1 or (tolerance is not None and not tolerance > 0):
        raise SfumatoError(f"inversion needs at least 1 round and a tolerance above 0, got {rounds} and {tolerance}.")

    def spread(level: Level) -> Tensor:
        return broadcast(((level.alpha * data_std) ** 2 + level.sigma**2).sqrt(), x0)

    total, x, latest = len(grid) - 1, x0, x0

    def noted(call: Call) -> Asking[Tensor]:
        nonlocal latest
        latest = yield call
        return latest

    yield Step(0, total, grid[-1], x.clone())  # copies, as in the walk down
    for index in range(total):
        there, here = grid[total - index], grid[total - index - 1]
        # The slope of the whole step for Gaussian data of this spread, and the first guess: the latest answer, D
        # where we are, stands in for D at the unknown start.
        slope, unit, goal = spread(there) / spread(here), spread(there), x
        a, weight = first_order(here, there)
        guess = combine([(1 / a, x), (-weight / a, latest)]) if float(there.sigma) > 0 else x / slope
        tried: list[tuple[Tensor, Tensor]] = []  # (guess, what was missing)
        settled = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        for _ in range(rounds):
            arrived, _ = yield from relay(stepper.step(guess, here, there, stepper.init(guess), _silence), noted)
            missing = (goal - arrived) / slope
            if tolerance is not None:
                settled |= (missing * slope / unit).flatten(1).square().mean(1).sqrt() < tolerance
                if bool(settled.all()):
                    break
            tried = [*tried, (guess, missing)][-_MEMORY - 1 :]
            rows = settled.reshape(-1, *[1] * (x.ndim - 1))
            guess = torch.where(rows, guess, _next_guess(tried))
        else:
            if tolerance is not None:
                raise SfumatoError(
                    f"the step to sigma/alpha {float(here.ratio):.3g} could not be inverted to {tolerance:g} in "
                    f"{rounds} rounds; take more steps, a smoother grid such as karras, or a larger tolerance."
                )
        x = guess
        yield Step(index + 1, total, here, x.clone())


def _silence() -> Tensor:
    raise AssertionError("a sampler without noise asked for noise")


def _next_guess(tried: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Anderson's mixing (1965), each image by itself: what is missing, extrapolated from the latest rounds."""
    guess, missing = tried[-1]
    if len(tried) == 1:
        return guess + missing
    moves = torch.stack([(guess - g).flatten(1) for g, _ in tried[:-1]], 2).double()
    changes = torch.stack([(missing - m).flatten(1) for _, m in tried[:-1]], 2).double()
    # Least squares by the normal equations, with a ridge that keeps repeated rounds from dividing by nothing.
    gram = changes.mT @ changes
    ridge = 1e-10 * gram.diagonal(dim1=1, dim2=2).sum(1).clamp(min=1e-300)[:, None, None]
    eye = torch.eye(gram.shape[1], dtype=torch.float64, device=gram.device)
    shares = torch.linalg.solve(gram + ridge * eye, changes.mT @ missing.flatten(1).double()[:, :, None])
    correction: Tensor = ((moves + changes) @ shares)[:, :, 0].reshape(guess.shape).to(guess.dtype)
    after: Tensor = guess + missing - correction
    return after
