"""Singlestep samplers: derivatives from extra calls inside the step, and what can be wrapped around such a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sfumato.diffusion import Level
from sfumato.diffusion.levels import add_to, combine
from sfumato.errors import SfumatoError
from sfumato.sampling.calls import Asking, Call
from sfumato.sampling.steppers import (
    Noise,
    Stepper,
    at_ends,
    check_eta,
    check_order,
    check_output,
    finite,
    first_order_step,
    injected_std,
    replaced,
    retained_noise,
    rows,
)
from sfumato.sampling.weights import Output, Slope, first_order, multistep

Point = tuple[Level, Tensor, Tensor]  # a level, the x there, and the denoiser's answer
_NOTHING = 1e-9  # in λ: a way too short to be distinguished from rounding


def between(here: Level, there: Level, share: Any) -> Level:
    """The level a share of the way in λ; alpha moves geometrically (its scale carries no information)."""
    low, high = here.half_logsnr, there.half_logsnr
    alpha = np.exp((1 - share) * np.log(here.numbers[0]) + share * np.log(there.numbers[0]))
    return Level.of(torch.as_tensor(alpha), torch.as_tensor(alpha * np.exp(-((1 - share) * low + share * high))))


@dataclass(frozen=True)
class Singlestep:
    """DPM-Solver-2, -3 (noise), DPM-Solver++ 2S, 3S (data) and, with `eta` > 0, DPM-Solver++ SDE.

    `order` 2 asks again at λ + h/2, `order` 3 at λ + h/3 and λ + 2h/3 (Lu et al. 2022, algorithms 1 and 2).
    """

    order: int
    output: Output = "data"
    eta: float = 0.0

    def __post_init__(self) -> None:
        check_order("singlestep", self.order, 3)
        check_output(self.output)
        check_eta(self.eta, self.output)
        if self.eta > 0 and self.order != 2:
            raise SfumatoError(f"noise is added by the singlestep sampler of order 2, not by that of {self.order}.")

    def init(self, x: Tensor, grid: Level | None = None) -> tuple[()]:
        return ()

    def step(self, x: Tensor, here: Level, there: Level, state: Any, noise: Noise) -> Asking[tuple[Tensor, Any]]:
        x0, ends = (yield Call(x, here)), at_ends(here, there)
        if self.eta > 0:
            moved = yield from self._sde_step(x, x0, here, there, noise)
        elif ends.all():
            moved = first_order_step(x, x0, here, there)
        else:
            start, end = finite(here, there, ends)
            moved = yield from self._ode_step((start, x, x0), end)
            moved = replaced(moved, ends, lambda: first_order_step(x, x0, here, there))
        return moved, state

    def _ode_step(self, start: Point, there: Level) -> Asking[Tensor]:
        if self.order == 1:
            return _move(self.output, there, start)
        stages = yield from self.stages(there, start)
        return _move(self.output, there, start, stages[-1], "bh2" if self.order == 2 else "exact")

    def stages(self, there: Level, start: Point) -> Asking[list[Point]]:
        """The points inside the step: at h/2, or at h/3 and 2h/3."""
        near = between(start[0], there, 1 / self.order)
        at = _move(self.output, near, start)
        first = near, at, (yield Call(at, near))
        if self.order == 2:
            return [first]
        far = between(start[0], there, 2 / 3)
        at = _move(self.output, far, start, first)
        return [first, (far, at, (yield Call(at, far)))]

    def _sde_step(self, x: Tensor, x0: Tensor, here: Level, there: Level, noise: Noise) -> Asking[Tensor]:
        """One path of noise for both halves of the step (Lu et al. 2023, section 5; r = 1/2)."""
        retained, ends = retained_noise(here, there, self.eta, sde=True), at_ends(here, there)
        if (there.numbers[1] == 0).all():
            return first_order_step(x, x0, here, there, retained)
        first_half, second_half = noise(), noise()
        if ends.all():
            moved = first_order_step(x, x0, here, there, retained)
        else:
            start, end = finite(here, there, ends)
            middle = between(start, end, 1 / 2)
            early, late = (retained_noise(*pair, self.eta, sde=True) for pair in ((start, middle), (middle, end)))
            added = injected_std(middle, early)
            at = add_to(_move("data", middle, (start, x, x0), retained=early), added, first_half)
            asked = yield Call(at, middle)
            moved = _move("data", end, (start, x, x0), (middle, at, asked), "bh2", retained)
            carried = late * end.numbers[1] / middle.numbers[1] * added
            add_to(add_to(moved, carried, first_half), injected_std(end, late), second_half)
            moved = replaced(moved, ends, lambda: first_order_step(x, x0, here, there, retained))
        starts = here.numbers[0] == 0  # these rows took one first-order step and still lack their noise
        if starts.any():
            add_to(moved, np.where(starts, injected_std(there, retained), 0.0), second_half)
        return moved


def _move(
    output: Output,
    there: Level,
    start: Point,
    other: Point | None = None,
    slope: Slope = "exact",
    retained: Any = 1.0,
) -> Tensor:
    """From `start` to `there`, by the output at the start and, if any, at `other`."""
    here, x, x0 = start
    if output == "noise" and other is None:
        output = "data"  # of first order they are the same step, and this one has fewer terms
    a, weights = multistep(here, there, [] if other is None else [other[0]], output, "lambda", slope, retained)
    if output == "data":
        return combine([(a, x), *zip(weights, [x0] if other is None else [x0, other[2]], strict=True)])
    assert other is not None
    # Each noise as what it is made of, (x − alpha·x0)/sigma: no pass over memory to work it out.
    (alpha, sigma), (alpha_other, sigma_other) = here.numbers, other[0].numbers
    near, far = weights[0] / sigma, weights[1] / sigma_other
    if isinstance(near, float) and abs(weights[0]) < 1e-12 * abs(weights[1]):
        near = 0.0  # the midpoint rule: what is left of its weight is rounding
    return combine([(a + near, x), (far, other[1]), (-far * alpha_other, other[2]), (-near * alpha, x0)])


@dataclass(frozen=True)
class Heun:
    """Second-order Runge–Kutta in sigma/alpha, two calls a step and one on the last (Karras et al. 2022, alg. 1)."""

    def init(self, x: Tensor, grid: Level | None = None) -> tuple[()]:
        return ()

    def step(self, x: Tensor, here: Level, there: Level, state: Any, noise: Noise) -> Asking[tuple[Tensor, Any]]:
        x0, ends = (yield Call(x, here)), at_ends(here, there)
        if ends.all():
            return first_order_step(x, x0, here, there), state
        start, end = finite(here, there, ends)
        a, weight = first_order(start, end)
        x0_end = yield Call(combine([(a, x), (weight, x0)]), end)
        # With x̄ = x/alpha and σ̄ = sigma/alpha the slope dx̄/dσ̄ is ε itself: Euler's step, and half ε's change.
        (alpha, sigma), (alpha_end, sigma_end) = start.numbers, end.numbers
        half = alpha_end * (sigma_end / alpha_end - sigma / alpha) / 2
        again = 1 + half / sigma_end  # the share of Euler's step, itself a·x + weight·x0
        moved = combine(  # the two that cancel near pure noise come first, or float32 loses a digit there
            [
                (-half * alpha_end / sigma_end, x0_end),
                (again * weight + half * alpha / sigma, x0),
                (again * a - half / sigma, x),
            ]
        )
        return replaced(moved, ends, lambda: first_order_step(x, x0, here, there)), state


@dataclass(frozen=True)
class Ancestral:
    """`base` to a level cleaner than `there`, then fresh noise up to it: the "a" samplers of k-diffusion."""

    base: Stepper
    eta: float = 1.0

    def __post_init__(self) -> None:
        check_eta(self.eta)

    def init(self, x: Tensor, grid: Level | None = None) -> Any:
        return self.base.init(x, grid)

    def step(self, x: Tensor, here: Level, there: Level, state: Any, noise: Noise) -> Asking[tuple[Tensor, Any]]:
        retained = retained_noise(here, there, self.eta)
        down = Level(there.alpha, there.sigma * torch.as_tensor(retained))
        moved, state = yield from self.base.step(x, here, down, state, noise)
        if (there.numbers[1] > 0).any():
            add_to(moved, injected_std(there, retained), noise())
        return moved, state


@dataclass(frozen=True)
class Churn:
    """Noise is added first, then `base` steps down from the higher level: EDM's stochastic sampler.

    `gamma` is how much sigma rises, where sigma/alpha is in [low, high]: min(S_churn/steps, √2 − 1), S_tmin and
    S_tmax in Karras et al. 2022, algorithm 2; `inflate` their S_noise.
    """

    base: Stepper
    gamma: float = 2**0.5 - 1
    low: float = 0.05
    high: float = 50.0
    inflate: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.gamma <= 1:
            raise SfumatoError(f"churn raises sigma by a share between 0 and 1, got {self.gamma}.")

    def init(self, x: Tensor, grid: Level | None = None) -> Any:
        return self.base.init(x, grid)

    def step(self, x: Tensor, here: Level, there: Level, state: Any, noise: Noise) -> Asking[tuple[Tensor, Any]]:
        inside = (here.ratio >= self.low) & (here.ratio <= self.high)
        raised = Level(here.alpha, here.sigma * (1 + self.gamma * inside))
        added = self.inflate * np.sqrt(raised.numbers[1] ** 2 - here.numbers[1] ** 2)
        if (added > 0).any():
            x = combine([(1.0, x), (added, noise())])
        return (yield from self.base.step(x, raised, there, state, noise))


@dataclass(frozen=True)
class Renoised:
    """The answer, and noise up to the next level: how a model of consistency walks (Song et al. 2023, algorithm 1).

    A share `eta` of the noise is fresh, by its deviation; the rest is that of the present picture (Kim et al. 2024,
    algorithm 3, whose γ it is). With a denoiser, whose answers are means, it arrives nowhere.
    """

    eta: float = 1.0

    def __post_init__(self) -> None:
        check_eta(self.eta)

    def init(self, x: Tensor, grid: Level | None = None) -> tuple[()]:
        return ()

    def step(self, x: Tensor, here: Level, there: Level, state: Any, noise: Noise) -> Asking[tuple[Tensor, Any]]:
        moved = first_order_step(x, (yield Call(x, here)), here, there, (1 - self.eta**2) ** 0.5)
        if (there.numbers[1] > 0).any():
            add_to(moved, self.eta * there.numbers[1], noise())
        return moved, state


@dataclass(frozen=True)
class Adaptive:
    """Steps as long as the tolerance allows, each image its own: DPM-Solver++ 3S with 2S inside as the check.

    The local error, in units of `absolute + tolerance·|x/alpha|` and averaged over an image, stays below 1 (after Lu et
    al. 2022, appendix C). The grid only says where to look: between two of its levels go as many steps as needed.
    Three calls a try. Raises SfumatoError where `most` tries don't reach the next level.
    """

    tolerance: float = 0.02
    absolute: float = 0.002
    most: int = 2000
    first: float = 0.3  # the first step tried, in λ

    def __post_init__(self) -> None:
        if not (self.tolerance > 0 and self.absolute > 0):
            raise SfumatoError(
                f"an adaptive sampler's tolerances must be above 0, got {self.tolerance} and {self.absolute}; "
                "0.02 is a good start, smaller is finer."
            )

    def init(self, x: Tensor, grid: Level | None = None) -> Any:
        return np.full(len(x), self.first)

    def step(self, x: Tensor, here: Level, there: Level, state: Any, noise: Noise) -> Asking[tuple[Tensor, Any]]:
        ends = there.numbers[1] == 0
        if ends.all():
            return first_order_step(x, (yield Call(x, here)), here, there), state
        if (here.numbers[0] == 0).any():  # leave pure noise by one look: at 1000 times the signal nothing is lost
            close = here.alpha == 0
            signal = torch.minimum(there.alpha / there.sigma, torch.tensor(1e-3, dtype=torch.float64))
            near = Level(
                *(
                    torch.where(close, new, old)
                    for new, old in ((there.sigma * signal, here.alpha), (there.sigma, here.sigma))
                )
            )
            x, here = first_order_step(x, (yield Call(x, here)), here, near), near
        batch = (len(x),)
        low, last = (np.broadcast_to(v.half_logsnr, batch) for v in (here, there))
        last = np.where(ends, low, last)
        now, size = low.copy(), np.array(state)
        x0: Tensor | None = None
        for _ in range(self.most):
            going = last - now > _NOTHING
            if not going.any():
                break
            left = last - now
            stride = np.where(going, np.where(size > left - _NOTHING, left, size), self.first)
            level, target = (_at(here, there, low, last, place) for place in (now, now + stride))
            x0 = (yield Call(x, level)) if x0 is None else x0
            stages = yield from Singlestep(3).stages(target, (level, x, x0))
            rough, fine = (_move("data", target, (level, x, x0), stage) for stage in stages)
            error = self._error(x, rough, fine, level, target)
            accepted = going & (error <= 1)
            factor = np.clip(0.9 * np.maximum(np.nan_to_num(error, nan=1e9), 1e-9) ** (-1 / 3), 0.2, 5.0)
            # A stride that was cut short at the next level says nothing of how long the one after may be.
            size = np.where(going & ((stride == size) | ~accepted | (factor < 1)), stride * factor, size)
            if accepted.any():
                x, x0 = torch.where(rows(accepted, x), fine, x), None
                now = np.where(accepted, now + stride, now)
        else:
            raise SfumatoError(
                f"the adaptive sampler took {self.most} tries without reaching the next level; raise the tolerance "
                f"({self.tolerance:g}), or check that the network's answers are finite."
            )
        if ends.any():
            x0 = yield Call(x, here)
            x = torch.where(rows(ends, x), first_order_step(x, x0, here, there), x)
        return x, size

    def _error(self, x: Tensor, rough: Tensor, fine: Tensor, level: Level, target: Level) -> Any:
        def unit(v: Tensor, alpha: Any) -> Tensor:
            return combine([(1 / alpha, v)]).flatten(1)

        after = [unit(v, target.numbers[0]) for v in (rough, fine)]
        largest = torch.maximum(after[0].abs(), unit(x, level.numbers[0]).abs())
        share = (after[0] - after[1]) / (self.absolute + self.tolerance * largest)
        return share.square().mean(1).sqrt().double().cpu().numpy()


def _at(here: Level, there: Level, low: Any, last: Any, place: Any) -> Level:
    """The level at λ = `place` on the way from `here` to `there`, a row each."""
    span = np.where(last > low, last - low, 1.0)
    share = np.clip((place - low) / span, 0, 1)
    ends = there.numbers[1] == 0
    last_alpha = np.where(ends, here.numbers[0], there.numbers[0])
    alpha = np.exp((1 - share) * np.log(here.numbers[0]) + share * np.log(last_alpha))
    return Level.of(torch.from_numpy(alpha), torch.from_numpy(alpha * np.exp(-place)))
