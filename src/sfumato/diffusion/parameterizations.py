"""What the network is asked to predict, as data: `x0_hat = c_skip·x + c_out·net(c_in·x, c_noise)`.

Each row gives `c_skip` and `c_out`; the regression target follows as `(x0 − c_skip·x) / c_out`. All are written so
that scaling x, alpha and sigma together changes nothing, hence one network serves every schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sfumato.diffusion.levels import Level, broadcast
from sfumato.errors import SfumatoError, unknown

Coefficients = Callable[[Any, Any, float], tuple[Any, Any]]  # of torch tensors or NumPy numbers alike

# name → (alpha, sigma, data_std) → (c_skip, c_out)
_ROWS: dict[str, Coefficients] = {
    # the noise ε of x = alpha·x0 + sigma·ε (Ho et al. 2020, eq. 11)
    "eps": lambda a, s, d: (1 / a, -s / a),
    # the clean picture itself
    "x0": lambda a, s, d: (0 * a, 0 * a + 1),
    # v = alpha·ε − sigma·x0 at unit scale (Salimans & Ho 2022, appendix D)
    "v": lambda a, s, d: (a / (a**2 + s**2), -s / (a**2 + s**2) ** 0.5),
    # the velocity u = ε − x0 of straight paths (Lipman et al. 2022)
    "flow": lambda a, s, d: (1 / (a + s), -s / (a + s)),
    # unit variance in and out for data of standard deviation d (Karras et al. 2022, table 1)
    "edm": lambda a, s, d: (a * d**2 / (s**2 + (a * d) ** 2), s * d / (s**2 + (a * d) ** 2) ** 0.5),
}


@dataclass(frozen=True)
class Parameterization:
    """One way of asking a network for the clean picture.

    `name` is one of eps, x0, v, flow, edm; `data_std` is the data's standard deviation (1 gives the papers'
    `c_in = 1` on variance-preserving schedules).
    """

    name: str
    data_std: float = 1.0

    def __post_init__(self) -> None:
        if self.name not in _ROWS:
            raise unknown("parameterization", self.name, _ROWS)
        if not self.data_std > 0:
            raise SfumatoError(f"the data's standard deviation must be above 0, got {self.data_std}.")

    def skip_out(self, level: Level) -> tuple[Tensor, Tensor]:
        """`(c_skip, c_out)` of this level, float64, in the level's shape.

        Raises SfumatoError for eps-prediction at pure noise: there ε is the input itself and says nothing of x0.
        """
        if self.name == "eps" and bool((level.alpha == 0).any()):
            raise SfumatoError(
                "eps-prediction can't be used where the signal-to-noise ratio is zero (the noise is the whole "
                "picture, so predicting it tells nothing); choose v, x0, flow or edm, or a schedule that "
                "stops short of pure noise, such as linear or cosine-betas."
            )
        return _ROWS[self.name](level.alpha, level.sigma, self.data_std)

    def in_skip_out(self, level: Level) -> tuple[Any, Any, Any]:
        """`(c_in, c_skip, c_out)` as NumPy numbers of the level's shape, which cost less at every call."""
        alpha, sigma = level.numbers
        if self.name == "eps" and (alpha == 0).any():
            self.skip_out(level)  # which says why not
        skip, out = _ROWS[self.name](alpha, sigma, self.data_std)
        return 1 / ((alpha * self.data_std) ** 2 + sigma**2) ** 0.5, skip, out

    def c_in(self, level: Level) -> Tensor:
        """`1 / √(alpha²·data_std² + sigma²)`: the network's input has unit variance at every level."""
        return ((level.alpha * self.data_std) ** 2 + level.sigma**2).rsqrt()

    def target(self, x: Tensor, x0: Tensor, level: Level) -> Tensor:
        """What the network should output, `(x0 − c_skip·x) / c_out`; levels with sigma > 0 (x0: any)."""
        skip, out = self.skip_out(level)
        return (x0 - broadcast(skip, x) * x) / broadcast(out, x)


PARAMETERIZATIONS = tuple(_ROWS)
"""The names that `Parameterization` takes: eps, x0, v, flow and edm."""


def c_noise(level: Level) -> Tensor:
    """The level as a network takes it: `¼·ln(sigma/alpha)` (Karras et al. 2022, table 1), within [−2, 2].

    Beyond a ratio of e^±8 a picture is pure noise or clean to the eye, so the ends stay finite and near.
    """
    return torch.as_tensor(noise_number(level))


def noise_number(level: Level) -> Any:
    """`c_noise` as NumPy numbers."""
    value = level.half_logsnr / -4
    return min(max(value, -2.0), 2.0) if isinstance(value, float) else np.minimum(np.maximum(value, -2.0), 2.0)
