"""Steppers: how to walk from one level to the next by asking the denoiser.

Steppers are frozen and keep nothing between calls: what they need of earlier steps travels in the state, so any
number of requests may share one. The samplers that users know by name are rows of the table in samplers.py; the
weights that they share are in weights.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from sfumato.diffusion import Level
from sfumato.diffusion.levels import combine, fitting
from sfumato.errors import SfumatoError, unknown
from sfumato.sampling.calls import Asking
from sfumato.sampling.weights import Output, decay, first_order

Noise = Callable[[], Tensor]
History = tuple[tuple[Level, Tensor], ...]  # (level, model output) of earlier steps, newest first


class Stepper(Protocol):
    """Moves a batch from level `here` to the cleaner level `there`: a step yields its calls and is sent the answers.

    Levels have shape `()`, `(batch,)` or `(batch, frames)`; `there.sigma = 0` ends the walk and `here.alpha = 0` (pure
    noise) may start it, for each row by itself; rows of one batch share the length of their history. `noise()` gives
    fresh standard normal noise like `x` and is called by stochastic steppers only. The state is the stepper's own;
    `init` makes the first, knowing the whole grid where there is one.
    """

    def init(self, x: Tensor, grid: Level | None = None) -> Any:
        """The state before the first step."""
        ...

    def step(self, x: Tensor, here: Level, there: Level, state: Any, noise: Noise) -> Asking[tuple[Tensor, Any]]:
        """Yields its calls at their levels, is sent the answers, and returns `x` at `there` and the new state."""
        ...


def first_order_step(x: Tensor, x0: Tensor, here: Level, there: Level, retained: Any = 1.0) -> Tensor:
    """DDIM's step, the only one that is defined where the step in λ is infinite: from pure noise, or to a clean end."""
    a, weight = first_order(here, there, retained)
    return combine([(a, x), (weight, x0)])


def at_ends(here: Level, there: Level) -> Any:
    """Which rows' step in λ is infinite, as a NumPy mask of the levels' shape."""
    return (here.numbers[0] == 0) | (there.numbers[1] == 0)


def finite(here: Level, there: Level, ends: Any) -> tuple[Level, Level]:
    """The two levels, with any finite step in the rows `ends`: what is computed and dropped there stays finite."""
    if not ends.any():
        return here, there
    mask = torch.from_numpy(np.asarray(ends))
    made = [Level(v.alpha.where(~mask, 1.0), v.sigma.where(~mask, s)) for v, s in ((here, 1.0), (there, 0.5))]
    return made[0], made[1]


def replaced(x: Tensor, ends: Any, first: Callable[[], Tensor]) -> Tensor:
    """`x` with `first()` in the rows `ends`."""
    return torch.where(rows(ends, x), first(), x) if ends.any() else x


def steps_before_the_end(grid: Level | None) -> float:
    """How many steps a walk down `grid` has, if it ends clean; infinitely many otherwise.

    That last step is of first order. Before it a grid's steps in λ grow beyond where a polynomial through earlier
    outputs can be trusted, so that the order has to come down one by one, as it went up.
    """
    return len(grid) - 1 if grid is not None and bool((grid.sigma[-1] == 0).all()) else float("inf")


def rows(mask: Any, x: Tensor) -> Tensor:
    """A NumPy mask of shape `()`, `(batch,)` or `(batch, frames)` as a tensor that broadcasts over `x`."""
    mask = np.asarray(mask)
    return torch.from_numpy(mask).to(x.device, non_blocking=True).reshape(fitting(mask.shape or (1,), x))


def model_output(output: Output, x: Tensor, x0: Tensor, level: Level) -> Tensor:
    """The clean picture as it is, or the noise that it implies."""
    return x0 if output == "data" else level.eps(x, x0)


def retained_noise(here: Level, there: Level, eta: float, sde: bool = False) -> Any:
    """e^−g: the share of the present noise that survives a step of strength `eta`; 1 for the ODE.

    `sde` follows the SDE of that strength (Lu et al. 2023, section 5); otherwise DDIM's eq. 16, which is also
    k-diffusion's ancestral step.
    """
    if eta == 0:
        return 1.0
    shrink = decay(here, there) ** 2  # e^−2h
    return shrink ** (eta**2 / 2) if sde else np.sqrt(1 - eta**2 * (1 - shrink))


def injected_std(there: Level, retained: Any) -> Any:
    """The standard deviation of the fresh noise that takes the place of what was not retained."""
    return there.numbers[1] * np.sqrt(1 - retained**2)


def check_order(kind: str, order: int, most: int) -> None:
    if order not in range(1, most + 1):
        raise SfumatoError(f"a {kind} sampler has an order from 1 to {most}, got {order}.")


def check_output(output: str) -> None:
    if output not in ("data", "noise"):
        raise unknown("model output", output, ["data", "noise"])


def check_eta(eta: float, output: Output = "data") -> None:
    if not 0 <= eta <= 1:
        raise SfumatoError(f"eta must be between 0 (deterministic) and 1 (as noisy as DDPM), got {eta}.")
    if eta > 0 and output == "noise":
        raise SfumatoError("a sampler that adds noise expands the data prediction; use dpm++ or ddim.")
