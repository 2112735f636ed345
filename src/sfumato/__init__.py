"""Sfumato: learn, train and run diffusion models, from pure noise to picture.

The names below are loaded when first used, so `import sfumato` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.autoencoder_runs import AutoencoderRun
    from sfumato.data import Dataset, datasets, open_dataset
    from sfumato.diffusion import Consistency, Level, NetDenoiser, Objective, Parameterization
    from sfumato.distilling import distill
    from sfumato.errors import SfumatoError
    from sfumato.evaluation import evaluate, tune
    from sfumato.hub import (
        Keyframes,
        Memory,
        Model,
        ModelConfig,
        Request,
        SamplingConfig,
        cascade,
        load,
        with_control_branch,
    )
    from sfumato.runs import Run
    from sfumato.sampling import Edit, grid, sample, stepper
    from sfumato.training import TrainingConfig, model_for, model_from, plan_run, resume_run, start_run, train

_HOMES = {
    "AutoencoderRun": "autoencoder_runs",
    "Consistency": "diffusion",
    "Dataset": "data",
    "Edit": "sampling",
    "Keyframes": "hub",
    "Level": "diffusion",
    "Memory": "hub",
    "Model": "hub",
    "ModelConfig": "hub",
    "NetDenoiser": "diffusion",
    "Objective": "diffusion",
    "Parameterization": "diffusion",
    "Request": "hub",
    "Run": "runs",
    "SamplingConfig": "hub",
    "SfumatoError": "errors",
    "TrainingConfig": "training",
    "cascade": "hub",
    "datasets": "data",
    "distill": "distilling",
    "evaluate": "evaluation",
    "model_for": "training",
    "model_from": "training",
    "plan_run": "training",
    "grid": "sampling",
    "load": "hub",
    "open_dataset": "data",
    "resume_run": "training",
    "sample": "sampling",
    "start_run": "training",
    "stepper": "sampling",
    "train": "training",
    "tune": "evaluation",
    "with_control_branch": "hub",
}

__version__ = version("sfumato")
__all__ = [
    "AutoencoderRun",
    "Consistency",
    "Dataset",
    "Edit",
    "Keyframes",
    "Level",
    "Memory",
    "Model",
    "ModelConfig",
    "NetDenoiser",
    "Objective",
    "Parameterization",
    "Request",
    "Run",
    "SamplingConfig",
    "SfumatoError",
    "TrainingConfig",
    "cascade",
    "datasets",
    "distill",
    "evaluate",
    "grid",
    "load",
    "model_for",
    "model_from",
    "open_dataset",
    "plan_run",
    "resume_run",
    "sample",
    "start_run",
    "stepper",
    "train",
    "tune",
    "with_control_branch",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sfumato' has no attribute '{name}'")
    return getattr(import_module(f"sfumato.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
