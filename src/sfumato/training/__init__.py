"""Training: the loop, the run folder around it, the average of the weights, the choice of precision."""

from sfumato.training.conditions import conditions_of
from sfumato.training.config import TrainingConfig, open_data
from sfumato.training.finetuning import branch_from, model_from
from sfumato.training.gaussian import data_gaussian
from sfumato.training.held_out import Evaluation, Verdict, judge_run, read_evaluations
from sfumato.training.loop import Progress
from sfumato.training.networks import model_for
from sfumato.training.planning import Plan, plan_run
from sfumato.training.precision import Precision, fastest_precision, pick_device
from sfumato.training.previews import Preview
from sfumato.training.processes import ALONE, Processes, join_processes
from sfumato.training.resuming import StateLost, extend, resume_run
from sfumato.training.run import (
    Event,
    Judged,
    Measured,
    start_run,
    train,
    training_config,
)
from sfumato.training.saving import Noted, Saved
from sfumato.training.trainer import Trainer

__all__ = [
    "ALONE",
    "Evaluation",
    "Event",
    "Judged",
    "Measured",
    "Noted",
    "Plan",
    "Precision",
    "Preview",
    "Processes",
    "Progress",
    "Saved",
    "StateLost",
    "Trainer",
    "TrainingConfig",
    "Verdict",
    "branch_from",
    "conditions_of",
    "data_gaussian",
    "extend",
    "fastest_precision",
    "join_processes",
    "judge_run",
    "model_for",
    "model_from",
    "open_data",
    "pick_device",
    "plan_run",
    "read_evaluations",
    "resume_run",
    "start_run",
    "train",
    "training_config",
]  # fmt: skip
