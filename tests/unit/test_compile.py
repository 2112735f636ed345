"""Compilation changes the speed of a step, not its outcome, and leaves no trace in what is saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sfumato.hub import load
from sfumato.training import Progress, TrainingConfig, resume_run, start_run, train
from sfumato.training.precision import can_compile
from tiny import TINY, blobs

CPU = torch.device("cpu")
CONFIG = TrainingConfig("blobs", images=16 * 10, batch=16, previews=0)


@pytest.mark.skipif(not can_compile(CPU), reason="torch.compile needs a C++ compiler and Python's headers here")
def test_compiled_run_equals_the_other_to_rounding_and_goes_on_either_way(tmp_path: Path) -> None:
    losses = {}
    for compile in (False, True):
        config, folder = replace(CONFIG, compile=compile), tmp_path / str(compile)
        trainer = start_run(folder, blobs(), config, TINY, CPU)
        losses[compile] = [event.loss for event in train(folder, trainer) if isinstance(event, Progress)]
    assert losses[True] == pytest.approx(losses[False], rel=1e-5)
    names = [set(load(tmp_path / str(compile)).denoiser.net.state_dict()) for compile in (False, True)]
    assert names[0] == names[1]

    longer = replace(CONFIG, images=16 * 12, compile=False)  # compiled so far, and not any more
    trainer, damaged = resume_run(tmp_path / "True", blobs(), longer, CPU)
    assert trainer.step == 10 and not damaged
    list(train(tmp_path / "True", trainer))
    assert trainer.step == 12
