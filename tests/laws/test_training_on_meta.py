"""Training steps touch no value, so that nothing is left on the CPU where an accelerator is meant.

Two reads are allowed, each in one place: `read_values` of the loop, by which a turn whose loss isn't finite is left
out (and processes agree on it), and data and noise, which are drawn on the CPU and copied to the device.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sfumato.baselines import BaselineConfig, BaselineTrainer, new_baseline
from sfumato.data import open_dataset
from sfumato.hub import ModelConfig, new_model
from sfumato.nets import DiTConfig
from sfumato.training import Trainer, TrainingConfig, loop, model_for
from tiny import TINY, blobs

CONFIG = TrainingConfig("blobs", images=16 * 4, batch=16, accumulate=2)
POINTS = open_dataset("points:moons")
MODELS = {
    "unet": TINY,
    "dit": replace(TINY, net=DiTConfig(1, classes=3, width=32, depth=1, patch=2)),
    "mlp": model_for(POINTS),
}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many values each read of the loop takes; on the meta device, where there are none, all are 1."""
    taken: list[int] = []

    def read(*scalars: torch.Tensor) -> list[float]:
        taken.append(len(scalars))
        return [1.0] * len(scalars) if scalars[0].device.type == "meta" else plain(*scalars)

    plain = loop.read_values
    monkeypatch.setattr(loop, "read_values", read)
    return taken


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("kind", MODELS)
def test_a_training_step_runs_on_the_meta_device(kind: str, optimizer: str, reads: list[int]) -> None:
    model = new_model(MODELS[kind])
    model.denoiser.to("meta")
    config = replace(CONFIG, uncertainty=kind == "unet", optimizer=optimizer)
    trainer = Trainer(model, POINTS if kind == "mlp" else blobs(), config)
    assert [progress.skipped for progress in islice(trainer.steps(), 2)] == [0, 0]
    assert all(weight.device.type == "meta" for weight in trainer.average.parameters())
    assert reads == [2, 2]  # loss and gradient norm of a step, together


@pytest.mark.parametrize(("kind", "turns"), [("gan", 2), ("vae", 1)])
def test_turns_of_baselines_run_on_the_meta_device(kind: Any, turns: int, reads: list[int]) -> None:
    baseline = new_baseline(BaselineConfig(kind, (1, 8, 8), ("cat", "dog", "cow"), width=16, latent=8)).to("meta")
    assert len(list(islice(BaselineTrainer(baseline, blobs(), CONFIG).steps(), 2))) == 2
    assert reads == [2] * 2 * turns


class Values(TorchDispatchMode):
    """Counts what reads a number from a tensor, which an accelerator would have to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default):
            self.reads.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kind", MODELS)
def test_nothing_but_the_loop_reads_a_value_within_a_step(kind: str, reads: list[int]) -> None:
    """Batches are drawn by another thread, which the mode doesn't see; they are on the CPU everywhere."""
    config: ModelConfig = MODELS[kind]
    trainer = Trainer(new_model(config), POINTS if kind == "mlp" else blobs(), replace(CONFIG, optimizer="adamw"))
    steps = trainer.steps()
    next(steps)  # which makes what optimisers remember
    with Values() as values:
        next(steps)
    assert values.reads == [] and len(reads) == 2
