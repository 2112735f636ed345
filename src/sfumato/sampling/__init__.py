"""Sampling: grids of levels, the steppers that walk them, the one loop, guidance and per-image noise."""

from sfumato.sampling.grids import GRIDS, grid
from sfumato.sampling.guidance import clamped, classifier_free
from sfumato.sampling.loop import Step, last, sample
from sfumato.sampling.noise import ImageNoise
from sfumato.sampling.steppers import STEPPERS, Heun, Multistep, Singlestep, Stepper, stepper

__all__ = [
    "GRIDS", "STEPPERS", "Heun", "ImageNoise", "Multistep", "Singlestep", "Step", "Stepper",
    "clamped", "classifier_free", "grid", "last", "sample", "stepper",
]  # fmt: skip
