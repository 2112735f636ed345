"""The mathematics of diffusion: levels, schedules, parameterizations, denoisers, objectives, exact answers."""

from sfumato.diffusion.denoiser import Condition, Denoiser, NetDenoiser
from sfumato.diffusion.exact import FiniteSet, GaussianMixture
from sfumato.diffusion.levels import Level
from sfumato.diffusion.likelihood import bits_per_dim, dequantise, log_likelihood
from sfumato.diffusion.objective import DISTRIBUTIONS, WEIGHTS, Drawn, NoiseDistribution, Objective, Uncertainty
from sfumato.diffusion.parameterizations import PARAMETERIZATIONS, Parameterization
from sfumato.diffusion.schedules import (
    EDM,
    SCHEDULES,
    Cosine,
    DiscreteBetas,
    RectifiedFlow,
    Schedule,
    Shift,
    Sigmoid,
    ZeroTerminalSNR,
    cosine_betas,
    linear,
    scaled_linear,
)

__all__ = [
    "DISTRIBUTIONS",
    "EDM",
    "PARAMETERIZATIONS",
    "SCHEDULES",
    "WEIGHTS",
    "Condition",
    "Cosine",
    "Denoiser",
    "DiscreteBetas",
    "Drawn",
    "FiniteSet",
    "GaussianMixture",
    "Level",
    "NetDenoiser",
    "NoiseDistribution",
    "Objective",
    "Parameterization",
    "RectifiedFlow",
    "Schedule",
    "Shift",
    "Sigmoid",
    "Uncertainty",
    "ZeroTerminalSNR",
    "bits_per_dim",
    "cosine_betas",
    "dequantise",
    "linear",
    "log_likelihood",
    "scaled_linear",
]  # fmt: skip
