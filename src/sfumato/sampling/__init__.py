"""Sampling: grids of levels, walks down them and who drives them, guidance, editing and per-image noise."""

from sfumato.sampling.calls import Call, Rule, Step, answered
from sfumato.sampling.drivers import advance, drive, last, sample
from sfumato.sampling.editing import Edit
from sfumato.sampling.gaussian import Gaussian
from sfumato.sampling.grids import GRIDS, grid
from sfumato.sampling.guidance import (
    autoguided,
    clamped,
    classified,
    classifier_free,
    composed,
    guided_denoiser,
    plain,
    plus_plus,
    projected,
    thresholded,
)  # fmt: skip
from sfumato.sampling.inversion import inversion, invert
from sfumato.sampling.multistep import PNDM, Multistep, PredictorCorrector
from sfumato.sampling.noise import ImageNoise
from sfumato.sampling.samplers import CONSISTENCY, SAMPLERS, STEPPERS, Sampler, resolve, stepper
from sfumato.sampling.singlestep import Adaptive, Ancestral, Churn, Heun, Renoised, Singlestep
from sfumato.sampling.steppers import Stepper
from sfumato.sampling.walks import guide, walk

__all__ = [
    "CONSISTENCY", "GRIDS", "PNDM", "SAMPLERS", "STEPPERS", "Adaptive", "Ancestral", "Call", "Churn", "Edit",
    "Gaussian", "Heun", "ImageNoise", "Multistep", "PredictorCorrector", "Renoised", "Rule", "Sampler", "Singlestep",
    "Step", "Stepper", "advance", "answered", "autoguided", "clamped", "classified", "classifier_free", "composed",
    "drive", "grid", "guide", "guided_denoiser", "inversion", "invert", "last", "plain", "plus_plus", "projected",
    "resolve", "sample", "stepper", "thresholded", "walk",
]  # fmt: skip
