"""Multistep samplers: derivatives from earlier steps, one call a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from torch import Tensor

from sfumato.diffusion import Level
from sfumato.diffusion.levels import add_to, combine
from sfumato.errors import unknown
from sfumato.sampling.calls import Asking, Call
from sfumato.sampling.steppers import (
    History,
    Noise,
    at_ends,
    check_eta,
    check_order,
    check_output,
    finite,
    first_order_step,
    injected_std,
    model_output,
    replaced,
    retained_noise,
    steps_before_the_end,
)
from sfumato.sampling.weights import VARIABLES, Output, Slope, Variable, multistep


def _check_weights(variable: str, slope: str) -> None:
    if variable not in (*VARIABLES, "index"):
        raise unknown("variable", variable, [*VARIABLES, "index"])
    if slope not in ("exact", "bh1", "bh2"):
        raise unknown("slope", slope, ["exact", "bh1", "bh2"])


Polynomial = tuple[Output, Variable, Slope]  # of which output, in which variable, with which weight of its slope


def _adams(x: Tensor, x0: Tensor, known: History, there: Level, retained: Any, polynomial: Polynomial) -> Tensor:
    """To `there` by the outputs `known`, newest first; by a step of first order where the step in λ is infinite."""
    (here, _), *past = known
    ends = at_ends(here, there)
    if ends.all():
        return first_order_step(x, x0, here, there, retained)
    start, end = finite(here, there, ends)
    a, weights = multistep(start, end, [level for level, _ in past], *polynomial, retained)
    moved = combine([(a, x), *zip(weights, [output for _, output in known], strict=True)])
    return replaced(moved, ends, lambda: first_order_step(x, x0, here, there, retained))


@dataclass(frozen=True)
class Multistep:
    """DDPM, DDIM, Euler; DPM-Solver and DPM-Solver++ kM and their SDEs; LMS, iPNDM and DEIS.

    `order` 1–4, lowered while history is short, on the last step and, where λ is the variable, one by one towards it.
    The outputs (`output`) are interpolated in `variable` (see weights.py). `eta` 0 is the ODE and 1 injects as much
    noise as DDPM's ancestral step; in between, `sde` follows the SDE of that strength (Lu et al. 2023) and otherwise
    DDIM's eq. 16. `variance` "beta" adds DDPM's larger noise β_t instead of the posterior's β̃_t (Ho et al. 2020,
    section 3.2).
    """

    order: int = 1
    output: Output = "data"
    eta: float = 0.0
    sde: bool = False
    variance: Literal["posterior", "beta"] = "posterior"
    variable: Variable = "lambda"
    slope: Slope = "bh2"

    def __post_init__(self) -> None:
        check_order("multistep", self.order, 4)
        check_output(self.output)
        check_eta(self.eta, self.output)
        _check_weights(self.variable, self.slope)
        if self.variance not in ("posterior", "beta"):
            raise unknown("variance", self.variance, ["posterior", "beta"])

    def init(self, x: Tensor, grid: Level | None = None) -> tuple[float, History]:
        return steps_before_the_end(grid) if self.variable == "lambda" else float("inf"), ()

    def step(
        self, x: Tensor, here: Level, there: Level, state: tuple[float, History], noise: Noise
    ) -> Asking[tuple[Tensor, tuple[float, History]]]:
        x0 = yield Call(x, here)
        left, known = state
        retained = retained_noise(here, there, self.eta, self.sde)
        if self.order == 1:
            moved = first_order_step(x, x0, here, there, retained)
        else:
            m0 = model_output(self.output, x, x0, here)
            past = known[: int(min(self.order, left)) - 1]
            moved = _adams(x, x0, ((here, m0), *past), there, retained, (self.output, self.variable, self.slope))
            known = ((here, m0), *known)[: self.order - 1]
        if self.eta > 0 and (there.numbers[1] > 0).any():
            add_to(moved, self._injected(here, there, retained), noise())
        return moved, (left - 1, known)

    def _injected(self, here: Level, there: Level, retained: Any) -> Any:
        """The standard deviation of the fresh noise."""
        if self.variance == "posterior":
            return injected_std(there, retained)
        # β_t = 1 − ᾱ_s/ᾱ_t belongs to unit-variance scale: measure it there and return to the scale of `there`.
        signal2 = [v.numbers[0] ** 2 / (v.numbers[0] ** 2 + v.numbers[1] ** 2) for v in (here, there)]
        scale = np.hypot(there.numbers[0], there.numbers[1])
        return np.where(there.numbers[1] > 0, scale * self.eta * np.sqrt(1 - signal2[0] / signal2[1]), 0.0)


@dataclass(frozen=True)
class Origin:
    """Where the latest step came from: what a corrector needs to take it again with one output more."""

    level: Level
    x: Tensor
    noise: Tensor | None  # what the step injected, already scaled
    retained: Any
    left: float  # steps to the end, this one included


@dataclass(frozen=True)
class PredictorCorrector:
    """UniPC (Zhao et al. 2023) and SA-Solver (Xue et al. 2023): Adams steps, each taken again once its end is known.

    The output at the predicted end serves the corrector and the next predictor, so that a step still costs one call.
    `order` earlier outputs predict and `corrector` ones, with the new one, correct: UniPC-p has order = corrector = p.
    `slope` is UniPC's B(h). `eta` > 0 follows the SDE of that strength, SA-Solver's τ, in steps that begin where
    sigma/alpha is in [`low`, `high`], and the ODE elsewhere (appendix E of that paper).
    """

    order: int = 3
    corrector: int = 3
    output: Output = "data"
    slope: Slope = "bh2"
    eta: float = 0.0
    low: float = 0.0
    high: float = float("inf")

    def __post_init__(self) -> None:
        check_order("predictor-corrector", self.order, 4)
        check_order("predictor-corrector", self.corrector, 4)
        check_output(self.output)
        check_eta(self.eta, self.output)
        _check_weights("lambda", self.slope)

    def init(self, x: Tensor, grid: Level | None = None) -> tuple[float, Origin | None, History]:
        return steps_before_the_end(grid), None, ()

    def step(
        self, x: Tensor, here: Level, there: Level, state: tuple[float, Origin | None, History], noise: Noise
    ) -> Asking[tuple[Tensor, tuple[float, Origin | None, History]]]:
        left, origin, known = state
        x0 = yield Call(x, here)
        m0 = model_output(self.output, x, x0, here)
        if origin is not None:
            x = self._corrected(origin, x, here, ((here, m0), *known))
        retained, noisy = self._retained(here, there)
        known = ((here, m0), *known)[: max(self.order, self.corrector)]
        past = known[: max(1, int(min(self.order, left)))]
        moved, added = _adams(x, x0, past, there, retained, (self.output, "lambda", self.slope)), None
        if noisy:
            added = combine([(injected_std(there, retained), noise())])
            moved = moved + added
        return moved, (left - 1, Origin(here, x, added, retained, left), known)

    def _retained(self, here: Level, there: Level) -> tuple[Any, bool]:
        """The share of the noise that stays, and whether any row injects some."""
        if self.eta == 0:
            return 1.0, False
        inside = ((here.ratio >= self.low) & (here.ratio <= self.high)).numpy()
        retained = np.where(inside, retained_noise(here, there, self.eta, sde=True), 1.0)[()]
        return retained, bool((inside & (there.numbers[1] > 0)).any())

    def _corrected(self, origin: Origin, x: Tensor, here: Level, known: History) -> Tensor:
        """The step from `origin` to `here` again, through the newest output too; `known` is newest first."""
        new, first, *past = known[: int(min(self.corrector, origin.left)) + 1]
        pure = origin.level.numbers[0] == 0  # no second order leads out of pure noise: its first step stands
        if pure.all():
            return x
        start, end = finite(origin.level, here, pure)
        others = [end, *(level for level, _ in past)]
        a, weights = multistep(start, end, others, self.output, "lambda", self.slope, origin.retained)
        outputs = [first[1], new[1], *(output for _, output in past)]
        again = combine([(a, origin.x), *zip(weights, outputs, strict=True)])
        if origin.noise is not None:
            again = again + origin.noise
        return replaced(again, pure, lambda: x)


@dataclass(frozen=True)
class PNDM:
    """Pseudo numerical methods (Liu et al. 2022): three Runge–Kutta steps of four calls, then Adams–Bashforth 4.

    Their half-way points are half-way in sigma/alpha, which makes the Runge–Kutta steps the classical ones.
    """

    def init(self, x: Tensor, grid: Level | None = None) -> History:
        return ()

    def step(
        self, x: Tensor, here: Level, there: Level, state: History, noise: Noise
    ) -> Asking[tuple[Tensor, History]]:
        x0 = yield Call(x, here)
        eps, ends = here.eps(x, x0), at_ends(here, there)
        known = ((here, eps), *state)
        if ends.all():
            moved = first_order_step(x, x0, here, there)
        elif len(state) == 3:
            moved = _adams(x, x0, known, there, 1.0, ("noise", "index", "exact"))
        else:
            moved = yield from self._runge_kutta(x, eps, *finite(here, there, ends))
            moved = replaced(moved, ends, lambda: first_order_step(x, x0, here, there))
        return moved, known[:3]

    def _runge_kutta(self, x: Tensor, eps: Tensor, here: Level, there: Level) -> Asking[Tensor]:
        def move(to: Level, noise: Tensor) -> Tensor:
            a, (weight,) = multistep(here, to, [], "noise")
            return combine([(a, x), (weight, noise)])

        def ask(at: Tensor, level: Level) -> Asking[Tensor]:
            x0 = yield Call(at, level)
            return level.eps(at, x0)

        alpha = (here.alpha * there.alpha).sqrt()
        middle = Level(alpha, alpha * (here.ratio + there.ratio) / 2)
        second = yield from ask(move(middle, eps), middle)
        third = yield from ask(move(middle, second), middle)
        fourth = yield from ask(move(there, third), there)
        return move(there, combine([(1 / 6, eps), (1 / 3, second), (1 / 3, third), (1 / 6, fourth)]))
