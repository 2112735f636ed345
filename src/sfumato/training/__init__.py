"""Training: the loop, the run folder around it, the average of the weights, the choice of precision."""

from sfumato.training.precision import Precision, fastest_precision, pick_device
from sfumato.training.processes import ALONE, Processes, join_processes
from sfumato.training.run import (
    Event,
    Preview,
    Saved,
    data_gaussian,
    extend,
    model_for,
    resume_run,
    start_run,
    train,
    training_config,
)
from sfumato.training.trainer import Progress, Trainer, TrainingConfig

__all__ = [
    "ALONE",
    "Event",
    "Precision",
    "Preview",
    "Processes",
    "Progress",
    "Saved",
    "Trainer",
    "TrainingConfig",
    "data_gaussian",
    "extend",
    "fastest_precision",
    "join_processes",
    "model_for",
    "pick_device",
    "resume_run",
    "start_run",
    "train",
    "training_config",
]  # fmt: skip
