"""The training objective: which noise levels to visit, and how much an error counts at each.

Every weight multiplies the squared error of x0_hat, so objectives written for different targets meet in one table:
‖ε − ε_θ‖² = snr·‖x0 − x0_hat‖² with snr = alpha²/sigma².
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.arguments import whole
from sfumato.diffusion.denoiser import Condition, Denoiser
from sfumato.diffusion.levels import Level, rows_on
from sfumato.diffusion.parameterizations import c_noise
from sfumato.diffusion.paths import Schedule
from sfumato.errors import SfumatoError, unknown

WEIGHTS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "eps": lambda snr, d: snr,  # the paper's ‖ε − ε_θ‖² (Ho et al. 2020, eq. 14)
    "x0": lambda snr, d: torch.ones_like(snr),
    "v": lambda snr, d: snr + 1,  # ‖v − v_θ‖² (Salimans & Ho 2022)
    "flow": lambda snr, d: (1 + snr.sqrt()) ** 2,  # ‖u − u_θ‖² (Lipman et al. 2022)
    "edm": lambda snr, d: snr + 1 / d**2,  # unit weight on EDM's target (Karras et al. 2022, table 1)
    "min-snr": lambda snr, d: snr.clamp(max=5),  # γ = 5 (Hang et al. 2023, eq. 8)
    "p2": lambda snr, d: snr / (1 + snr),  # k = 1, γ = 1 (Choi et al. 2022, eq. 8)
}
"""What the mean squared error of x0_hat weighs, by name: `(snr, data_std) → weight`."""

# name → (schedule, u in (0, 1), mean, std) → Level: a distribution of noise levels is its quantile function
_DISTRIBUTIONS: dict[str, Callable[[Schedule, Tensor, float, float], Level]] = {
    "uniform": lambda schedule, u, mean, std: schedule(u),
    "timesteps": lambda schedule, u, mean, std: schedule((u * schedule.steps).ceil() / schedule.steps),
    # ln(sigma/alpha) ~ N(mean, std²); EDM's −1.2, 1.2
    "log-normal": lambda schedule, u, mean, std: schedule.at(-2 * (mean + std * torch.special.ndtri(u))),
    # logit(t) ~ N(mean, std²) (Esser et al. 2024, section 3.1)
    "logit-normal": lambda schedule, u, mean, std: schedule(torch.sigmoid(mean + std * torch.special.ndtri(u))),
}
DISTRIBUTIONS = tuple(_DISTRIBUTIONS)
"""The names of the distributions of noise levels that `NoiseDistribution` takes."""
NEARLY_CLEAN = (0.02, 0.2)  # sigma/alpha of frames that are given: never quite clean, as what is generated isn't either
LARGEST_LOG_RATIO = 8.0  # of sigma/alpha, where c_noise ends: beyond it a network can't tell levels apart


@dataclass(frozen=True)
class NoiseDistribution:
    """How often each noise level is trained: `distribution(schedule, count, generator) → Level` of shape `(count,)`.

    `name` is one of uniform (t uniform), timesteps (k uniform in 1..T), log-normal, logit-normal. `stratified`
    takes one draw from each of `count` equal slices, which lowers the variance of a batch's mean loss. A share `tail`
    of the draws is spread evenly in ln(sigma/alpha) from 0 to 8 instead: up to where c_noise ends.
    Samplers start there, and a narrow distribution leaves what the network answers to chance.
    """

    name: str
    mean: float = 0.0
    std: float = 1.0
    stratified: bool = True
    tail: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in _DISTRIBUTIONS:
            raise unknown("noise-level distribution", self.name, DISTRIBUTIONS)
        if not 0 <= self.tail < 1:
            raise SfumatoError(f"the tail of a noise-level distribution is a share from 0 to below 1, got {self.tail}.")
        if not math.isfinite(self.mean):
            raise SfumatoError(f"the mean of a noise-level distribution is a finite number, got {self.mean}.")
        if not 0 < self.std < math.inf:
            raise SfumatoError(f"the spread of a noise-level distribution must be above 0, got {self.std}.")

    def __call__(self, schedule: Schedule, count: int, generator: torch.Generator) -> Level:
        u = torch.rand(count, dtype=torch.float64, generator=generator)
        if self.stratified:
            u = (torch.randperm(count, generator=generator) + u) / count
        # t = 0 carries no gradient (there is nothing to remove) and would divide by zero. Pure noise is reached only by
        # `timesteps` on a schedule that ends in it.
        in_tail = u < self.tail
        within = torch.where(in_tail, 0.5, (u - self.tail) / (1 - self.tail)).clamp(1e-5, 1 - 1e-5)
        level = _DISTRIBUTIONS[self.name](schedule, within, self.mean, self.std)
        if not self.tail:
            return level
        far = schedule.at(-2 * u / self.tail * LARGEST_LOG_RATIO)
        return Level(torch.where(in_tail, far.alpha, level.alpha), torch.where(in_tail, far.sigma, level.sigma))


@dataclass(frozen=True)
class FrameLevels:
    """What levels the frames of clips have in training, by shares of the clips.

    Those `apart` have a level a frame (Chen et al. 2024, "Diffusion forcing"), others one for all frames. Of those
    `given`, the first frame, or every third time the first four (of fewer than eight the first half), are nearly clean,
    as where a clip goes on from them.
    With `anchors`, clips are learnt in the parts that they are then generated in (see sampling/clips.py): first so many
    frames of a clip, and in a share `between` of the steps some that lie between those, which are nearly clean.
    """

    apart: float = 0.5
    given: float = 0.4
    anchors: int = 0
    between: float = 0.5

    def __post_init__(self) -> None:
        for name in ("apart", "given", "between"):
            if not 0 <= getattr(self, name) <= 1:
                raise SfumatoError(f"the share of clips `{name}` lies between 0 and 1, got {getattr(self, name)}.")
        if self.anchors != 0 and whole("anchors", self.anchors, 0) < 2:
            raise SfumatoError("the first and the last frame are `anchors` both; give 2 or more, or 0 for none.")

    def draw(
        self, one: Level, noise: NoiseDistribution, schedule: Schedule, frames: int, gen: torch.Generator
    ) -> Level:
        """Levels `(batch, frames)` in the place of those of `one`, `(batch,)`."""
        batch = len(one)
        coins = torch.rand(3, batch, 1, dtype=torch.float64, generator=gen)
        each = noise(schedule, batch * frames, gen)
        clean = nearly_clean(schedule, batch, gen)
        first = torch.arange(frames) < torch.where(coins[2] < 1 / 3, max(1, min(4, frames // 2)), 1)
        known = (coins[1] < self.given) & first & (frames > 1) & (torch.arange(frames) < frames - 1)
        apart = coins[0] < self.apart
        alpha, sigma = (
            torch.where(known, c, torch.where(apart, e.reshape(batch, frames), o[:, None]))
            for c, e, o in zip(_pair(clean), _pair(each), _pair(one), strict=True)
        )
        return Level(alpha, sigma)


def nearly_clean(schedule: Schedule, batch: int, gen: torch.Generator) -> Level:
    """Levels `(batch, 1)` of frames that are given."""
    low, high = (math.log(ratio) for ratio in NEARLY_CLEAN)
    return schedule.at(-2 * (low + (high - low) * torch.rand(batch, 1, dtype=torch.float64, generator=gen)))


def _pair(level: Level) -> tuple[Tensor, Tensor]:
    return level.alpha, level.sigma


def halved(x: Tensor) -> Tensor:
    """Pictures or clips `(…, channels, height, width)` at half the height and width, each pixel the mean of four."""
    small: Tensor = F.avg_pool2d(x.flatten(0, -4), 2).unflatten(0, x.shape[:-3])
    return small


class Uncertainty(nn.Module):
    """A learned log-variance u(level) of the loss: `error/e^u + u` (Karras et al. 2024, eq. 21)."""

    frequencies: Tensor

    def __init__(self, features: int = 32) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.linspace(0.5, 4.0, features), persistent=False)
        self.mix = nn.Linear(2 * features, 1)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)

    def forward(self, noise: Tensor) -> Tensor:
        """`noise`: c_noise of shape `(batch,)`; returns u of shape `(batch,)`, in its dtype."""
        angle = noise[:, None].to(self.frequencies.dtype) * self.frequencies
        u: Tensor = self.mix(torch.cat([angle.cos(), angle.sin()], dim=1))
        return u[:, 0].to(noise.dtype)


class Drawn(NamedTuple):
    """What a batch is trained with: a level a row `(batch,)`, or a frame of each `(batch, frames)`, and noise
    `(batch, ...)`; on the CPU."""

    level: Level
    eps: Tensor


@dataclass(frozen=True, eq=False)
class Objective:
    """Denoising score matching: `objective(denoiser, x0, cond, generator) → loss per sample`.

    Noise x0 to a level of `schedule` drawn from the distribution `noise`, ask the denoiser, weigh the mean squared
    error of its x0_hat by `weight` (a name in WEIGHTS). With `uncertainty`, the weighted error is balanced over levels
    as it learns. With `frames`, x0 are clips, whose frames may have levels of their own. `x0` is `(batch, ...)`; the
    loss is `(batch,)` in the dtype of x0.

    What `draw` returns is the objective's own: the training loop only cuts it by rows (of tensors, tuples, mappings or
    dataclasses of them) and hands it to `loss`.
    """

    noise: NoiseDistribution
    schedule: Schedule
    weight: str = "edm"
    data_std: float = 1.0
    uncertainty: Uncertainty | None = None
    frames: FrameLevels | None = None

    def __post_init__(self) -> None:
        if self.weight not in WEIGHTS:
            raise unknown("loss weight", self.weight, WEIGHTS)

    def __call__(self, denoiser: Denoiser, x0: Tensor, cond: Condition | None, generator: torch.Generator) -> Tensor:
        return self.loss(denoiser, x0, cond, self.draw(x0.shape, generator))

    def draw(self, shape: Sequence[int], generator: torch.Generator) -> Drawn:
        """What a batch of `shape` = `(batch, ...)` is trained with, for `loss` to take."""
        level = self.noise(self.schedule, shape[0], generator)
        if self.frames is not None:
            level = self.frames.draw(level, self.noise, self.schedule, shape[1], generator)
        return Drawn(level, torch.randn(*shape, generator=generator))

    def paired(self, drawn: Drawn, choose: Callable[[Tensor], Tensor]) -> Drawn:
        """`drawn` with the noise in another order: row i gets the row `choose(eps)[i]`."""
        return drawn._replace(eps=drawn.eps[choose(drawn.eps)])

    def settled(self, drawn: Drawn, known: Tensor, generator: torch.Generator) -> Drawn:
        """`drawn` with those frames nearly clean that are `known`, bool `(frames,)`."""
        clean = nearly_clean(self.schedule, len(drawn.eps), generator)
        pairs = zip(_pair(clean), _pair(drawn.level), strict=True)
        return drawn._replace(level=Level(*(torch.where(known, low, own) for low, own in pairs)))

    def half_size(self, drawn: Drawn) -> Drawn:
        """`drawn` for pictures or clips of half the height and width, whose noise has unit variance again."""
        return drawn._replace(eps=2 * halved(drawn.eps))

    def loss(
        self, denoiser: Denoiser, x0: Tensor, cond: Condition | None, drawn: Drawn, fraction: float = 1.0
    ) -> Tensor:
        """The loss per sample `(batch,)` with what was drawn before, where a `fraction` of the budget is spent."""
        level, eps = drawn.level, drawn.eps.to(x0, non_blocking=True)
        weights = WEIGHTS[self.weight]((level.alpha / level.sigma) ** 2, self.data_std)
        alpha, sigma, weight, noise = rows_on(x0, *level.numbers, weights.numpy(), c_noise(level).numpy())
        each = len(level.shape)  # the axes that have levels of their own: samples, and frames
        error = (denoiser(alpha * x0 + sigma * eps, level, cond) - x0).square().flatten(each).mean(-1)
        loss: Tensor = weight.reshape(error.shape) * error
        if self.uncertainty is not None:
            u: Tensor = self.uncertainty(noise.flatten()).reshape(error.shape)
            loss = loss / u.exp() + u
        return loss if each == 1 else loss.mean(1)
