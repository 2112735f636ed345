"""Steppers: how to walk from one level to the next by asking the denoiser. One exponential integrator serves all.

With λ = log(alpha/sigma), h the step in λ and M the model output (the clean picture D, or the noise ε), the exact
solution of the probability-flow ODE (and of its SDEs, for D) is a linear term plus a weighted integral of M over λ
(Lu et al. 2022, eq. 3.4; Lu et al. 2023, eqs. 8 and 14). Expanding M around the current level,

    x_t = A·x_s + Σ_k w_k·M_k + N·z,     M_0 = M,  M_1 ≈ h·M′,  M_2 ≈ h²·M″

A sampler is then a row of choices: the order, where the derivatives come from (earlier steps or extra calls),
which output is expanded, and how much noise is renewed. Steppers are frozen and keep nothing between calls; the
history they need travels in the state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from sfumato.diffusion import Level
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError, unknown

Denoise = Callable[[Tensor, Level], Tensor]
Noise = Callable[[], Tensor]
History = tuple[tuple[Level, Tensor], ...]  # (level, model output) of earlier steps, newest first
Output = Literal["data", "noise"]


class Stepper(Protocol):
    """Moves a batch from level `here` to the cleaner level `there`.

    Levels have shape `()` or `(batch,)`; `there.sigma = 0` ends the walk and `here.alpha = 0` (pure noise) may
    start it, for each row by itself; rows of one batch share the length of their history. `noise()` gives fresh
    standard normal noise like `x` and is called by stochastic steppers only.
    """

    def init(self, x: Tensor) -> History: ...

    def step(
        self, denoise: Denoise, x: Tensor, here: Level, there: Level, state: History, noise: Noise
    ) -> tuple[Tensor, History]: ...


def _half_logsnr(level: Level) -> Tensor:
    return level.logsnr / 2


def _except_at_ends(
    x: Tensor,
    x0: Tensor,
    here: Level,
    there: Level,
    ordinary: Callable[[Level, Level], Tensor],
    kept: Tensor | None = None,
) -> Tensor:
    """`ordinary(here, there)`; but first order for the rows whose step in λ is infinite, where no other is defined."""
    ends = (here.alpha == 0) | (there.sigma == 0)
    if not bool(ends.any()):
        return ordinary(here, there)
    first = integrate(x, here, there, "data", [x0], False, kept)
    if bool(ends.all()):
        return first
    # Rows at an end are given any finite step, so that what is computed and dropped for them stays finite.
    here, there = (Level(v.alpha.where(~ends, 1.0), v.sigma.where(~ends, s)) for v, s in ((here, 1.0), (there, 0.5)))
    return torch.where(ends.to(x.device).reshape(-1, *[1] * (x.ndim - 1)), first, ordinary(here, there))


def integrate(
    x: Tensor,
    here: Level,
    there: Level,
    output: Output,
    terms: list[Tensor],
    midpoint: bool,
    kept: Tensor | None = None,
) -> Tensor:
    """The noise-free part `A·x + Σ w_k·M_k` of one step, given `terms` M_0, M_1, M_2.

    `kept` in [0, 1] is the share e^−g of the present noise that is kept (1 for the ODE); the rest is for the caller
    to renew. `midpoint` weighs M_1 by w_0/2 instead of the exact integral, as DPM-Solver's second order does.
    """
    decay = here.alpha * there.sigma / (here.sigma * there.alpha)  # e^−h, finite at both ends
    if output == "noise" and len(terms) > 1:
        a, scale = there.alpha / here.alpha, -there.sigma
        first, h = 1 / decay - 1, -decay.log()
        second = first / h - 1
        third = second / h - 0.5
    else:
        kept = torch.ones_like(decay) if kept is None else kept
        a, scale = kept * there.sigma / here.sigma, there.alpha
        first, h = 1 - decay * kept, -(decay * kept).log()
        second = 1 - first / h
        third = 0.5 - second / h
    weights = [first, first / 2 if midpoint else second, third]
    moved = broadcast(a, x) * x
    for weight, term in zip(weights, terms, strict=False):
        moved = moved + broadcast(scale * weight, x) * term
    return moved


def _differences(here: Level, there: Level, m0: Tensor, past: History) -> list[Tensor]:
    """M_0, h·M′ and h²·M″ from up to two earlier outputs, by divided differences (Lu et al. 2023, appendix B)."""
    if not past:
        return [m0]
    now = _half_logsnr(here)
    h = _half_logsnr(there) - now
    r0 = broadcast((now - _half_logsnr(past[0][0])) / h, m0)
    d0 = (m0 - past[0][1]) / r0
    if len(past) == 1:
        return [m0, d0]
    r1 = broadcast((_half_logsnr(past[0][0]) - _half_logsnr(past[1][0])) / h, m0)
    d1 = (past[0][1] - past[1][1]) / r1
    return [m0, d0 + r0 / (r0 + r1) * (d0 - d1), 2 * (d0 - d1) / (r0 + r1)]


@dataclass(frozen=True)
class Multistep:
    """Derivatives from earlier steps, one call a step: DDPM, DDIM, Euler, DPM-Solver++ 2M and 3M, their SDEs.

    `order` 1–3, lowered while history is short and on the last step. `eta` 0 is the ODE and 1 renews as much noise
    as DDPM's ancestral step; in between, `sde` follows the SDE of that strength (Lu et al. 2023) and otherwise
    DDIM's eq. 16. `variance` "beta" adds DDPM's larger noise β_t instead of the posterior's β̃_t
    (Ho et al. 2020, section 3.2).
    """

    order: int = 1
    output: Output = "data"
    eta: float = 0.0
    sde: bool = False
    variance: Literal["posterior", "beta"] = "posterior"

    def __post_init__(self) -> None:
        if self.order not in (1, 2, 3):
            raise SfumatoError(f"a multistep sampler has order 1, 2 or 3, got {self.order}.")
        _check_output(self.output)
        if self.variance not in ("posterior", "beta"):
            raise unknown("variance", self.variance, ["posterior", "beta"])
        if not 0 <= self.eta <= 1:
            raise SfumatoError(f"eta must lie between 0 (deterministic) and 1 (as noisy as DDPM), got {self.eta}.")
        if self.eta > 0 and self.output == "noise":
            raise SfumatoError("a sampler that adds noise expands the data prediction; use dpm++ or ddim.")

    def init(self, x: Tensor) -> History:
        return ()

    def step(
        self, denoise: Denoise, x: Tensor, here: Level, there: Level, state: History, noise: Noise
    ) -> tuple[Tensor, History]:
        x0 = denoise(x, here)
        m0 = x0 if self.output == "data" else here.eps(x, x0)
        kept = self._kept(here, there)

        def ordinary(here: Level, there: Level) -> Tensor:
            terms = _differences(here, there, m0, state)
            if len(terms) == 1:
                return integrate(x, here, there, "data", [x0], False, kept)
            return integrate(x, here, there, self.output, terms, len(terms) == 2, kept)

        moved = _except_at_ends(x, x0, here, there, ordinary, kept)
        if self.eta > 0 and not bool((there.sigma == 0).all()):
            moved = moved + broadcast(self._renewed(here, there), x) * noise()
        return moved, ((here, m0), *state)[: self.order - 1]

    def _kept(self, here: Level, there: Level) -> Tensor:
        """e^−g: the share of the present noise direction that survives the step."""
        decay2 = (here.alpha * there.sigma / (here.sigma * there.alpha)) ** 2  # e^−2h
        return decay2 ** (self.eta**2 / 2) if self.sde else (1 - self.eta**2 * (1 - decay2)).sqrt()

    def _renewed(self, here: Level, there: Level) -> Tensor:
        """The standard deviation of the fresh noise."""
        if self.variance == "posterior":
            return there.sigma * (1 - self._kept(here, there) ** 2).sqrt()
        # β_t = 1 − ᾱ_s/ᾱ_t belongs to unit-variance scale: measure it there and return to the scale of `there`.
        signal2 = [v.alpha**2 / (v.alpha**2 + v.sigma**2) for v in (here, there)]
        scale = (there.alpha**2 + there.sigma**2).sqrt()
        return torch.where(there.sigma > 0, scale * self.eta * (1 - signal2[0] / signal2[1]).sqrt(), 0.0)


@dataclass(frozen=True)
class Singlestep:
    """Derivatives from extra calls inside the step: DPM-Solver-2, -3 (noise) and DPM-Solver++ 2S, 3S (data).

    `order` 2 asks again at λ + h/2, `order` 3 at λ + h/3 and λ + 2h/3 (Lu et al. 2022, algorithms 1 and 2).
    """

    order: int
    output: Output = "data"

    def __post_init__(self) -> None:
        if self.order not in (1, 2, 3):
            raise SfumatoError(f"a singlestep sampler has order 1, 2 or 3, got {self.order}.")
        _check_output(self.output)

    def init(self, x: Tensor) -> History:
        return ()

    def step(
        self, denoise: Denoise, x: Tensor, here: Level, there: Level, state: History, noise: Noise
    ) -> tuple[Tensor, History]:
        def ask(at: Tensor, level: Level) -> Tensor:
            x0 = denoise(at, level)
            return x0 if self.output == "data" else level.eps(at, x0)

        x0 = denoise(x, here)

        def ordinary(here: Level, there: Level) -> Tensor:
            if self.order == 1:
                return integrate(x, here, there, "data", [x0], False)
            m0 = x0 if self.output == "data" else here.eps(x, x0)
            if self.order == 2:
                middle = _between(here, there, 1 / 2)
                slope = 2 * (ask(self._move(x, here, middle, [m0]), middle) - m0)
                return integrate(x, here, there, self.output, [m0, slope], True)
            third, two_thirds = _between(here, there, 1 / 3), _between(here, there, 2 / 3)
            slope = 2 * (ask(self._move(x, here, third, [m0]), third) - m0)  # scaled to the step of two thirds
            slope = 3 / 2 * (ask(self._move(x, here, two_thirds, [m0, slope]), two_thirds) - m0)
            return self._move(x, here, there, [m0, slope])

        return _except_at_ends(x, x0, here, there, ordinary), state

    def _move(self, x: Tensor, here: Level, there: Level, terms: list[Tensor]) -> Tensor:
        if len(terms) == 1 and self.output == "noise":
            terms = [(x - broadcast(here.sigma, x) * terms[0]) / broadcast(here.alpha, x)]
        return integrate(x, here, there, self.output, terms, False)


def _check_output(output: str) -> None:
    if output not in ("data", "noise"):
        raise unknown("model output", output, ["data", "noise"])


def _between(here: Level, there: Level, share: float) -> Level:
    """The level a share of the way in λ; alpha moves geometrically (its scale carries no information)."""
    alpha = torch.exp(torch.lerp(here.alpha.log(), there.alpha.log(), share))
    half_logsnr = torch.lerp(_half_logsnr(here), _half_logsnr(there), share)
    return Level(alpha, alpha * torch.exp(-half_logsnr))


@dataclass(frozen=True)
class Heun:
    """Second-order Runge–Kutta in sigma/alpha, two calls a step and one on the last (Karras et al. 2022, alg. 1)."""

    def init(self, x: Tensor) -> History:
        return ()

    def step(
        self, denoise: Denoise, x: Tensor, here: Level, there: Level, state: History, noise: Noise
    ) -> tuple[Tensor, History]:
        x0 = denoise(x, here)

        def ordinary(here: Level, there: Level) -> Tensor:
            euler = integrate(x, here, there, "data", [x0], False)
            # The slope dx̄/dσ̄ with x̄ = x/alpha and σ̄ = sigma/alpha is the noise ε itself.
            slope = (here.eps(x, x0) + there.eps(euler, denoise(euler, there))) / 2
            ahead = broadcast(there.alpha * (there.ratio - here.ratio), x)
            return broadcast(there.alpha / here.alpha, x) * x + ahead * slope

        return _except_at_ends(x, x0, here, there, ordinary), state


STEPPERS: dict[str, Stepper] = {
    "ddpm": Multistep(eta=1.0),
    "ddpm-beta": Multistep(eta=1.0, variance="beta"),
    "ddim": Multistep(),
    "euler": Multistep(),  # Euler in sigma, or along a straight flow, is DDIM's step: the same row
    "heun": Heun(),
    "dpm-solver-1": Singlestep(1, "noise"),
    "dpm-solver-2": Singlestep(2, "noise"),
    "dpm-solver-3": Singlestep(3, "noise"),
    "dpm-solver-2m": Multistep(2, "noise"),
    "dpm-solver-3m": Multistep(3, "noise"),
    "dpm++1": Multistep(1),
    "dpm++2s": Singlestep(2),
    "dpm++3s": Singlestep(3),
    "dpm++2m": Multistep(2),
    "dpm++3m": Multistep(3),
    "dpm++2m-sde": Multistep(2, eta=1.0, sde=True),
}


def stepper(name: str, eta: float | None = None) -> Stepper:
    """The stepper called `name` (a key of STEPPERS); `eta` in [0, 1] applies to ddim.

    Raises SfumatoError for an unknown name, with the closest one, and for an eta that the sampler does not take.
    """
    if name not in STEPPERS:
        raise unknown("sampler", name, STEPPERS)
    if eta is None:
        return STEPPERS[name]
    if name != "ddim":
        raise SfumatoError(f"eta belongs to the sampler ddim, not to {name}; leave it out or choose ddim.")
    return Multistep(eta=eta)
