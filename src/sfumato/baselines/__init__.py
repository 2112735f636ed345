"""A GAN and a VAE of the diffusion network's size, trained as it is, to compare it with."""

from sfumato.baselines.baseline import Baseline, BaselineConfig, Kind
from sfumato.baselines.build import KINDS, baseline_for, load_baseline, new_baseline, save_baseline
from sfumato.baselines.trainer import BaselineTrainer

__all__ = [
    "KINDS",
    "Baseline",
    "BaselineConfig",
    "BaselineTrainer",
    "Kind",
    "baseline_for",
    "load_baseline",
    "new_baseline",
    "save_baseline",
]
