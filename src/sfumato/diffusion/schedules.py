"""Noise schedules: `t in [0, 1] → Level`, t = 0 clean data, t = 1 the noisiest level, and back from logSNR.

A schedule is a path through noise levels. What tells the paths apart is (1) how fast the ratio sigma/alpha grows
with t and (2) the scale they keep: variance preserving (alpha² + sigma² = 1), variance exploding (alpha = 1) or
flow (alpha + sigma = 1). A denoiser sees levels only, so schedules can be swapped under a trained network.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, cast

import torch
from pydantic import BeforeValidator, Field, WrapValidator
from torch import Tensor

from sfumato.arguments import bounded, shown
from sfumato.diffusion.levels import Level, broadcast
from sfumato.diffusion.paths import Scale, Schedule, as_time
from sfumato.errors import SfumatoError, unknown
from sfumato.strict import fit

FRACTION, STEPS = (0.0, 1.0), (1, 100_000)  # where betas and their number lie


@dataclass(frozen=True)
class DiscreteBetas(Schedule):
    """DDPM's discrete process (Ho et al. 2020): `x_k = √(1 − β_k)·x_{k−1} + √β_k·ε`, k = 1..T.

    Base of the tables: a subclass gives `betas` `(T,)`, float64, each in (0, 1); the last may be 1. Between timesteps
    log ᾱ is interpolated linearly.
    """

    def __post_init__(self) -> None:
        betas = self.betas
        if not bool(((betas > 0) & (betas <= 1)).all()) or bool((betas[:-1] == 1).any()):
            raise SfumatoError("each beta of a schedule must lie between 0 and 1, and only the last may be 1.")

    @property
    def betas(self) -> Tensor:
        raise NotImplementedError

    @cached_property
    def log_alpha_bars(self) -> Tensor:
        """log ᾱ at the timesteps 0..T."""
        return torch.cat([torch.zeros(1, dtype=torch.float64), torch.log1p(-self.betas).cumsum(0)])

    def step(self, x: Tensor, k: int | Tensor, eps: Tensor) -> Tensor:
        """One step of the forward chain, from timestep k − 1 to k (1 ≤ k ≤ T): eq. 2 of Ho et al. 2020."""
        index = torch.as_tensor(k)
        if bool((index < 1).any()) or bool((index > self.steps).any()):
            raise ValueError(f"timesteps run from 1 to {self.steps}, got {k}")
        beta = self.betas[index - 1]
        return broadcast((1 - beta).sqrt(), x) * x + broadcast(beta.sqrt(), x) * eps

    def __call__(self, t: Tensor | float) -> Level:
        position = (as_time(t) * self.steps).clamp(0, self.steps)
        below = position.floor().long().clamp(max=self.steps - 1)
        start, share = self.log_alpha_bars[below], position - below
        drop = self.log_alpha_bars[below + 1] - start  # −inf where the last beta is 1
        log_alpha_bar = start + torch.where(share > 0, share * drop, 0.0)
        return Level(torch.exp(log_alpha_bar / 2), torch.expm1(log_alpha_bar).abs().sqrt())


@dataclass(frozen=True)
class EvenBetas(DiscreteBetas):
    """Base of the even tables: from `beta_start` to `beta_end`, linear in k the `root`-th root of beta."""

    beta_start: float
    beta_end: float
    steps: int = 1000
    root: ClassVar[int] = 1

    def __post_init__(self) -> None:
        bounded(self, beta_start=FRACTION, beta_end=FRACTION, steps=STEPS)
        super().__post_init__()

    @cached_property
    def betas(self) -> Tensor:
        ends = self.beta_start ** (1 / self.root), self.beta_end ** (1 / self.root)
        return torch.linspace(*ends, self.steps, dtype=torch.float64) ** self.root


@dataclass(frozen=True)
class Linear(EvenBetas):
    """DDPM's schedule: `steps` betas linear in k, from `beta_start` to `beta_end` (Ho et al. 2020, section 4)."""

    beta_start: float = 1e-4
    beta_end: float = 0.02
    kind: Literal["linear"] = field(default="linear", kw_only=True)


@dataclass(frozen=True)
class ScaledLinear(EvenBetas):
    """Latent diffusion's schedule: √beta linear in k (Rombach et al. 2022)."""

    beta_start: float = 0.00085
    beta_end: float = 0.012
    root: ClassVar[int] = 2
    kind: Literal["scaled-linear"] = field(default="scaled-linear", kw_only=True)


@dataclass(frozen=True)
class Betas(DiscreteBetas):
    """A table of one's own: `values` are the betas, from the first timestep to the last."""

    values: Annotated[
        tuple[float, ...], BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given)
    ]
    kind: Literal["betas"] = field(default="betas", kw_only=True)

    def __post_init__(self) -> None:
        bounded(self, values=FRACTION)
        if not 1 <= len(self.values) <= STEPS[1]:
            raise SfumatoError(f"a schedule has 1 to {STEPS[1]:,} betas, got {len(self.values)}.")
        super().__post_init__()

    @property
    def steps(self) -> int:
        return len(self.values)

    @cached_property
    def betas(self) -> Tensor:
        return torch.tensor(self.values, dtype=torch.float64)


@dataclass(frozen=True)
class CosineBetas(DiscreteBetas):
    """The cosine schedule as Nichol & Dhariwal ran it: a table of betas, at most `max_beta` (2021, section 3.2)."""

    steps: int = 1000
    max_beta: float = 0.999
    s: float = 0.008
    kind: Literal["cosine-betas"] = field(default="cosine-betas", kw_only=True)

    def __post_init__(self) -> None:
        bounded(self, steps=STEPS, max_beta=FRACTION)
        super().__post_init__()

    @cached_property
    def betas(self) -> Tensor:
        alpha_bars = Cosine(self.s)(torch.linspace(0, 1, self.steps + 1, dtype=torch.float64)).alpha ** 2
        return (1 - alpha_bars[1:] / alpha_bars[:-1]).clamp(max=self.max_beta)


@dataclass(frozen=True)
class Cosine(Schedule):
    """ᾱ = cos²(a)/cos²(a₀), a = (t + s)/(1 + s)·π/2 (Nichol & Dhariwal 2021, eq. 17); pure noise at t = 1."""

    s: float = 0.008
    kind: Literal["cosine"] = field(default="cosine", kw_only=True)

    def __post_init__(self) -> None:
        bounded(self, s=(0.0, 10.0))

    def __call__(self, t: Tensor | float) -> Level:
        start = self.s / (1 + self.s) * math.pi / 2
        angle = (as_time(t) + self.s) / (1 + self.s) * math.pi / 2
        # sin(π/2 − a) is exactly 0 at t = 1, and the product of sines keeps sigma exact near t = 0.
        alpha = torch.sin((1 - as_time(t)) / (1 + self.s) * math.pi / 2) / math.cos(start)
        sigma = (torch.sin(angle - start) * torch.sin(angle + start)).clamp(min=0).sqrt() / math.cos(start)
        return Level(alpha, sigma)


@dataclass(frozen=True)
class Sigmoid(Schedule):
    """ᾱ falls along a sigmoid from `start` to `end` at temperature `tau` (Jabri et al. 2022; Chen 2023, alg. 1)."""

    start: float = -3.0
    end: float = 3.0
    tau: float = 1.0
    kind: Literal["sigmoid"] = field(default="sigmoid", kw_only=True)

    def __post_init__(self) -> None:
        bounded(self, start=(-50.0, 50.0), end=(-50.0, 50.0), tau=(0.01, 100.0))
        if not self.start < self.end:
            raise SfumatoError(f"a sigmoid schedule starts before it ends, got {self.start:g} and {self.end:g}.")

    def __call__(self, t: Tensor | float) -> Level:
        low, span = self.start / (2 * self.tau), (self.end - self.start) / (2 * self.tau)

        def rise(t: Tensor) -> Tensor:
            """sigmoid at t − sigmoid at 0, times 2 cosh(low): tanh a − tanh b = sinh(a − b)/(cosh a · cosh b)."""
            return torch.sinh(t * span) / torch.cosh(low + t * span)

        one_minus_alpha_bar = (rise(as_time(t)) / rise(as_time(1.0))).clamp(0, 1)
        return Level((1 - one_minus_alpha_bar).sqrt(), one_minus_alpha_bar.sqrt())


@dataclass(frozen=True)
class EDM(Schedule):
    """alpha = 1, sigma from `sigma_min` to `sigma_max`, even in sigma^(1/rho) (Karras et al. 2022, eq. 5)."""

    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0
    kind: Literal["edm"] = field(default="edm", kw_only=True)

    def __post_init__(self) -> None:
        bounded(self, sigma_min=(1e-6, 1e6), sigma_max=(1e-6, 1e6), rho=(0.1, 100.0))
        if not self.sigma_min < self.sigma_max:
            raise SfumatoError(
                f"sigma_min of a schedule lies below sigma_max, got {self.sigma_min:g} and {self.sigma_max:g}."
            )

    @property
    def scale(self) -> Scale:
        return "exploding"

    def __call__(self, t: Tensor | float) -> Level:
        low, high = self.sigma_min ** (1 / self.rho), self.sigma_max ** (1 / self.rho)
        sigma = (low + as_time(t) * (high - low)) ** self.rho
        return Level(torch.ones_like(sigma), sigma)

    def time(self, logsnr: Tensor) -> Tensor:
        low, high = self.sigma_min ** (1 / self.rho), self.sigma_max ** (1 / self.rho)
        t: Tensor = (torch.exp(-logsnr.double() / (2 * self.rho)) - low) / (high - low)
        return t.clamp(0, 1)


@dataclass(frozen=True)
class RectifiedFlow(Schedule):
    """alpha = 1 − t, sigma = t: straight lines from data to noise (Liu et al. 2022; Lipman et al. 2022)."""

    kind: Literal["flow"] = field(default="flow", kw_only=True)

    @property
    def scale(self) -> Scale:
        return "flow"

    def __call__(self, t: Tensor | float) -> Level:
        return Level(1 - as_time(t), as_time(t))

    def time(self, logsnr: Tensor) -> Tensor:
        return torch.sigmoid(-logsnr.double() / 2)


@dataclass(frozen=True)
class Derived(Schedule):
    """Base of those made of another schedule, `base`, whose scale and timesteps they keep."""

    base: Schedule

    @property
    def scale(self) -> Scale:
        return self.base.scale

    @property
    def steps(self) -> int:
        return self.base.steps


@dataclass(frozen=True)
class ZeroTerminalSNR(Derived):
    """A variance-preserving schedule rescaled so that t = 1 is pure noise (Lin et al. 2023, algorithm 1).

    √ᾱ is shifted to 0 at the last timestep and stretched to leave the first one where it was.
    """

    base: AnySchedule = field(default_factory=Linear)
    kind: Literal["zero-snr"] = field(default="zero-snr", kw_only=True)

    def __post_init__(self) -> None:
        if self.base.scale != "preserving":
            raise SfumatoError(
                f"zero-terminal-SNR rescales variance-preserving schedules only, and {type(self.base).__name__} "
                "is not one; use linear, scaled-linear, cosine or sigmoid."
            )

    def __call__(self, t: Tensor | float) -> Level:
        t = as_time(t)
        first, last = self.base(1 / self.steps).alpha, self.base(1.0).alpha
        base = self.base(t)
        alpha = ((base.alpha - last) * (first / (first - last))).clamp(min=0)
        early = t < 1 / self.steps  # before the first timestep the path is left as it was
        return Level(
            torch.where(early, base.alpha, alpha),
            torch.where(early, base.sigma, ((1 - alpha) * (1 + alpha)).clamp(min=0).sqrt()),
        )


@dataclass(frozen=True)
class Shift(Derived):
    """`base` with every sigma/alpha multiplied by `factor` (Hoogeboom et al. 2023; Esser et al. 2024, eq. 23).

    A factor above 1 spends more of the path on high noise, which larger pictures need.
    """

    base: AnySchedule = field(default_factory=RectifiedFlow)
    factor: float = 3.0
    kind: Literal["shift"] = field(default="shift", kw_only=True)

    def __post_init__(self) -> None:
        if not 0 < self.factor < math.inf:
            raise SfumatoError(f"a schedule's shift must be above 0, got {self.factor}; 1 leaves it as it is.")

    def __call__(self, t: Tensor | float) -> Level:
        base = self.base(t)
        alpha, sigma = base.alpha, base.sigma * self.factor
        norm = {
            "preserving": (alpha.square() + sigma.square()).sqrt(),
            "flow": alpha + sigma,
            "exploding": torch.ones_like(alpha),
        }[self.scale]
        return Level(alpha / norm, sigma / norm)

    def time(self, logsnr: Tensor) -> Tensor:
        return self.base.time(logsnr.double() + 2 * math.log(self.factor))


AnySchedule = Annotated[
    Annotated[
        Linear | ScaledLinear | Betas | Cosine | CosineBetas | Sigmoid | EDM | RectifiedFlow | ZeroTerminalSNR | Shift,
        Field(discriminator="kind"),
    ],
    WrapValidator(lambda given, read: as_schedule(given) if isinstance(given, str) else read(given)),
]
"""A schedule as JSON holds it: `{"kind": "linear", "beta_end": 0.03}`, or a name in SCHEDULES; what isn't said is
the default."""

SCHEDULES: dict[str, Callable[[], AnySchedule]] = {
    "linear": Linear,
    "scaled-linear": ScaledLinear,
    "cosine": Cosine,
    "cosine-betas": CosineBetas,
    "sigmoid": Sigmoid,
    "edm": EDM,
    "flow": RectifiedFlow,
    "linear-zero-snr": ZeroTerminalSNR,
    "flow-shift-3": Shift,
}
"""The schedules by name, each called without arguments for its usual parameters."""
DIFFUSERS = {"squaredcos_cap_v2": "cosine-betas", "scaled_linear": "scaled-linear"}  # as diffusers calls them


def as_schedule(given: Any) -> AnySchedule:
    """`given` as a schedule: one, its name in SCHEDULES, or a table as JSON has it, {"kind": "linear", "steps": 500}.

    Raises SfumatoError for an unknown name or parameter.
    """
    if isinstance(given, str):
        if given not in SCHEDULES:
            raise unknown("schedule", given, SCHEDULES, DIFFUSERS.get(given))
        return SCHEDULES[given]()
    if isinstance(given, Mapping):
        made: AnySchedule = fit(AnySchedule, dict(given), "the schedule")
        return made
    if hasattr(given, "kind") and isinstance(given, Schedule):
        return cast(AnySchedule, given)
    raise SfumatoError(f"a schedule is one of sfumato.diffusion's, its name or a table, not {shown(given)}.")


def schedule_words(schedule: Schedule) -> str:
    """A schedule by its name, or as JSON by its kind and the parameters that aren't the usual ones."""
    names = [name for name, usual in SCHEDULES.items() if usual() == schedule]
    if names:
        return names[0]
    own = asdict(schedule)
    shown = [one.name for one in fields(schedule) if getattr(schedule, one.name) != one.default]
    return json.dumps({"kind": own["kind"]} | {name: own[name] for name in shown})
