"""Sampling: grids of levels, the steppers that walk them, the one loop, guidance and per-image noise."""

from sfumato.sampling.editing import Edit
from sfumato.sampling.gaussian import Gaussian
from sfumato.sampling.grids import GRIDS, grid
from sfumato.sampling.guidance import (
    autoguided,
    clamped,
    classified,
    classifier_free,
    composed,
    plus_plus,
    projected,
    thresholded,
)  # fmt: skip
from sfumato.sampling.inversion import invert
from sfumato.sampling.loop import Step, last, sample
from sfumato.sampling.multistep import PNDM, Multistep, PredictorCorrector
from sfumato.sampling.noise import ImageNoise
from sfumato.sampling.samplers import SAMPLERS, STEPPERS, Sampler, resolve, stepper
from sfumato.sampling.singlestep import Adaptive, Ancestral, Churn, Heun, Singlestep
from sfumato.sampling.steppers import Stepper

__all__ = [
    "GRIDS", "PNDM", "SAMPLERS", "STEPPERS", "Adaptive", "Ancestral", "Churn", "Edit", "Gaussian", "Heun",
    "ImageNoise", "Multistep", "PredictorCorrector", "Sampler", "Singlestep", "Step", "Stepper", "autoguided",
    "clamped", "classified", "classifier_free", "composed", "grid", "invert", "last", "plus_plus", "projected",
    "resolve", "sample", "stepper", "thresholded",
]  # fmt: skip
