"""The mathematics of diffusion: levels, schedules, parameterizations, denoisers, objectives, exact answers."""

from sfumato.diffusion.consistency import Consistency
from sfumato.diffusion.denoiser import Condition, Denoiser, NetDenoiser
from sfumato.diffusion.drifting import Drifting
from sfumato.diffusion.ends import Ends
from sfumato.diffusion.exact import FiniteClips, FiniteSet, GaussianMixture
from sfumato.diffusion.levels import Level
from sfumato.diffusion.likelihood import bits_per_dim, dequantise, log_likelihood
from sfumato.diffusion.objective import DISTRIBUTIONS, WEIGHTS, Drawn, NoiseDistribution, Objective, Uncertainty
from sfumato.diffusion.parameterizations import PARAMETERIZATIONS, Parameterization
from sfumato.diffusion.paths import Schedule
from sfumato.diffusion.schedules import (
    EDM,
    SCHEDULES,
    AnySchedule,
    Betas,
    Cosine,
    CosineBetas,
    DiscreteBetas,
    Linear,
    RectifiedFlow,
    ScaledLinear,
    Shift,
    Sigmoid,
    ZeroTerminalSNR,
)

__all__ = [
    "DISTRIBUTIONS", "EDM", "PARAMETERIZATIONS", "SCHEDULES", "WEIGHTS", "AnySchedule", "Betas", "Condition",
    "Consistency", "Cosine", "CosineBetas", "Denoiser", "DiscreteBetas", "Drawn", "Drifting", "Ends", "FiniteClips",
    "FiniteSet", "GaussianMixture", "Level", "Linear", "NetDenoiser", "NoiseDistribution", "Objective",
    "Parameterization", "RectifiedFlow", "ScaledLinear", "Schedule", "Shift", "Sigmoid", "Uncertainty",
    "ZeroTerminalSNR", "bits_per_dim", "dequantise", "log_likelihood",
]  # fmt: skip
