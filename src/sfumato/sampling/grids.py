"""Grids: the levels that sampling visits, noisiest first, always ending at sigma = 0.

A grid of n steps is one `Level` of shape `(n + 1,)`, made by a rule that knows nothing of how the network was
trained. `grid(name, schedule, steps)` picks the rule by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from sfumato.arguments import whole
from sfumato.diffusion import Level, Schedule
from sfumato.diffusion.schedules import Derived
from sfumato.errors import SfumatoError, unknown

# Where a schedule has no finite end of its own (pure noise, clean data), EDM's range stands in (Karras et al. 2022).
RATIO_MIN, RATIO_MAX = 0.002, 80.0


def _times(schedule: Schedule, t: Tensor) -> Level:
    return _end_clean(schedule(t))


def _end_clean(levels: Level) -> Level:
    return Level(
        torch.cat([levels.alpha, torch.ones(1, dtype=torch.float64)]),
        torch.cat([levels.sigma, torch.zeros(1, dtype=torch.float64)]),
    )


def trailing(schedule: Schedule, steps: int) -> Level:
    """t = 1, 1 − 1/n, …, 1/n: starts at the noisiest level (Lin et al. 2023, section 3.3)."""
    return _times(schedule, 1 - torch.arange(steps, dtype=torch.float64) / steps)


def leading(schedule: Schedule, steps: int, offset: int = 0) -> Level:
    """Timesteps 1, 1 + T//n, …: DDPM's and DDIM's original choice; for n < T it stops short of t = 1.

    Each may be `offset` timesteps later, but for the last.
    """
    total = max(schedule.steps, steps)
    k = torch.arange(steps, dtype=torch.float64).flip(0) * (total // steps) + 1 + offset
    return _times(schedule, k.clamp(max=total) / total)


def linspace(schedule: Schedule, steps: int) -> Level:
    """n timesteps evenly from T to 1, both included."""
    total = max(schedule.steps, steps)
    return _times(schedule, torch.linspace(total, 1, steps, dtype=torch.float64) / total)


def linspace_open(schedule: Schedule, steps: int) -> Level:
    """n + 1 whole timesteps evenly from T to 1, without the last."""
    total = max(schedule.steps, steps)
    return _times(schedule, (torch.linspace(total - 1, 0, steps + 1, dtype=torch.float64)[:-1].round() + 1) / total)


def quadratic(schedule: Schedule, steps: int) -> Level:
    """Timesteps from T to 1, even in √t: small steps near the clean end (Song et al. 2020, appendix D.2)."""
    total = max(schedule.steps, steps)
    return _times(schedule, torch.linspace(1, total**-0.5, steps, dtype=torch.float64).square())


def beta(schedule: Schedule, steps: int, shape: float = 0.6) -> Level:
    """t at even quantiles of a Beta(0.6, 0.6) law: small steps at both ends (Lee et al. 2024, "Beta Sampling")."""
    return _times(schedule, _beta_quantile(1 - torch.arange(steps, dtype=torch.float64) / steps, shape))


def _beta_quantile(share: Tensor, shape: float) -> Tensor:
    """The quantile function of Beta(shape, shape), by bisection on its integral."""
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(48))

    def mass(t: Tensor) -> Tensor:
        """∫₀ᵗ u^(a−1)·(1−u)^(a−1) du for t ≤ 1/2; with u = s^(1/a) the integrand is smooth."""
        end = t**shape
        s = end[:, None] * (nodes + 1) / 2
        return end / (2 * shape) * ((1 - s ** (1 / shape)) ** (shape - 1) * weights).sum(1)

    near, half = torch.minimum(share, 1 - share), torch.full_like(share, 0.5)
    low, high = torch.zeros_like(share), half.clone()
    for _ in range(60):
        middle = (low + high) / 2
        below = mass(middle) < near * 2 * mass(half)
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return torch.where(share > 0.5, 1 - low, low)


def ratio_range(schedule: Schedule) -> tuple[float, float]:
    """The smallest and largest sigma/alpha that a grid on this schedule uses."""
    first, low, high = schedule(torch.tensor([0.0, 1 / schedule.steps, 1.0])).ratio.tolist()
    return first or max(low, RATIO_MIN), high if high < float("inf") else RATIO_MAX


def karras(schedule: Schedule, steps: int, rho: float = 7.0) -> Level:
    """sigma/alpha even in its (1/rho)-th power (Karras et al. 2022, eq. 5)."""
    low, high = ratio_range(schedule)
    ratio = torch.linspace(high ** (1 / rho), low ** (1 / rho), steps, dtype=torch.float64) ** rho
    return _end_clean(schedule.at(-2 * ratio.log()))


def logsnr(schedule: Schedule, steps: int) -> Level:
    """Even in logSNR (Lu et al. 2022, section 3.3)."""
    low, high = torch.tensor(ratio_range(schedule), dtype=torch.float64).log()
    return _end_clean(schedule.at(-2 * torch.lerp(high, low, torch.linspace(0, 1, steps, dtype=torch.float64))))


def cosine(schedule: Schedule, steps: int) -> Level:
    """Even in the angle arctan(sigma/alpha): optimal for Gaussian data (Sabour et al. 2024, section 3.1)."""
    low, high = torch.tensor(ratio_range(schedule), dtype=torch.float64).atan()
    return _end_clean(
        schedule.at(-2 * torch.lerp(high, low, torch.linspace(0, 1, steps, dtype=torch.float64)).tan().log())
    )


GRIDS: dict[str, Callable[[Schedule, int], Level]] = {
    "trailing": trailing,
    "leading": leading,
    "linspace": linspace,
    "quadratic": quadratic,
    "beta": beta,
    "karras": karras,
    "logsnr": logsnr,
    "cosine": cosine,
}
"""The grids by name: `(schedule, steps) → Level` of shape `(steps + 1,)`."""
# As published models were run by diffusers: Stable Diffusion's, and those of its multistep solvers.
PUBLISHED: dict[str, Callable[[Schedule, int], Level]] = {
    "leading+1": partial(leading, offset=1),
    "linspace-open": linspace_open,
}


@dataclass(frozen=True)
class _Below(Derived):
    """`base` from clean data up to `ratio` only: t = 1 is where sigma/alpha reaches it."""

    ratio: float

    def __post_init__(self) -> None:
        most = ratio_range(self.base)[1]
        if not 0 < self.ratio <= most:
            raise SfumatoError(
                f"a grid on this schedule starts at a sigma/alpha of at most {most:g}, not {self.ratio:g}."
            )

    def __call__(self, t: Tensor | float) -> Level:
        end = self.base.time(torch.tensor(-2 * math.log(self.ratio), dtype=torch.float64))
        return self.base(torch.as_tensor(t, dtype=torch.float64) * end)


_ALIASES = {
    "uniform": "trailing", "sgm_uniform": "trailing", "exponential": "logsnr", "kl_optimal": "cosine",
}  # fmt: skip


def grid_name(name: str) -> str:
    """The name in GRIDS that `name`, or another tool's word for it, means; raises SfumatoError for any other."""
    name = _ALIASES.get(name.lower(), name)
    if name not in GRIDS and name not in PUBLISHED:
        raise unknown("grid", name, GRIDS)
    return name


def grid(name: str, schedule: Schedule, steps: int, start: float | None = None) -> Level:
    """The grid `name` with `steps` steps on `schedule`: a Level of shape `(steps + 1,)`, the last one clean.

    `name` is one of GRIDS, or "uniform", "sgm_uniform", "exponential", "kl_optimal" as other tools say; `start`
    is the sigma/alpha of the first level, by default the schedule's noisiest.
    Raises SfumatoError for an unknown name or fewer than one step.
    """
    name = grid_name(name)
    rule = GRIDS[name] if name in GRIDS else PUBLISHED[name]
    if whole("steps", steps, -(2**63)) < 1:
        raise SfumatoError(f"sampling needs at least 1 step, got {steps}; 20 is a good start.")
    return rule(schedule if start is None else _Below(schedule, start), steps)
