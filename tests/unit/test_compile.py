"""Compilation changes the speed of a step, not its outcome, and leaves no trace in what is saved."""

from __future__ import annotations

from dataclasses import replace
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.hub import ModelConfig, load
from sfumato.nets import MLPConfig
from sfumato.training import Progress, Saved, TrainingConfig, plan_run, resume_run, start_run, train
from sfumato.training.precision import Precision, can_compile, gains_by_compiling, pick_device
from tiny import TINY, blobs

CPU = torch.device("cpu")
CONFIG = TrainingConfig("blobs", images=16 * 10, batch=16, previews=0)


def points() -> Dataset:
    return Dataset("points", np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32))


@pytest.mark.skipif(not can_compile(CPU), reason="torch.compile needs a C++ compiler and Python's headers here")
@pytest.mark.parametrize(
    ("backend", "data", "model"),  # inductor compiles half a minute and more for a UNet's many kernels
    [
        ("aot_eager", blobs(), TINY),
        ("inductor", points(), ModelConfig((2,), MLPConfig(2, width=8, blocks=1), data_std=1.0)),
    ],
    ids=["traced", "compiled"],
)
def test_compiled_run_equals_the_other_to_rounding_and_goes_on_either_way(
    backend: str, data: Dataset, model: ModelConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nn.Module, "compile", partialmethod(nn.Module.compile, backend=backend))
    losses = {}
    for compile in (False, True):
        config, folder = replace(CONFIG, data=data.name, compile=compile), tmp_path / str(compile)
        trainer = start_run(folder, data, config, model, CPU)
        losses[compile] = [event.loss for event in train(folder, trainer) if isinstance(event, Progress)]
    assert losses[True] == pytest.approx(losses[False], rel=1e-5)
    names = [set(load(tmp_path / str(compile)).denoiser.net.state_dict()) for compile in (False, True)]
    assert names[0] == names[1]

    longer = replace(CONFIG, data=data.name, images=16 * 12, compile=False)  # compiled so far, and not any more
    trainer, damaged = resume_run(tmp_path / "True", data, longer, CPU)
    assert trainer.step == 10 and not damaged
    list(train(tmp_path / "True", trainer))
    assert trainer.step == 12


@pytest.mark.parametrize("asked", [True, False], ids=["stopped", "failing"])
def test_a_compiler_that_ctrl_c_has_ended_is_a_stop_and_any_other_failure_is_none(
    asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal's Ctrl-C goes to the compiler as well."""

    def ended(graph: object, inputs: object) -> None:
        if asked:
            trainer.stop()
        raise RuntimeError("C++ compile error")

    monkeypatch.setattr(nn.Module, "compile", partialmethod(nn.Module.compile, backend=ended))
    trainer = start_run(tmp_path / "run", blobs(), replace(CONFIG, compile=True), TINY, CPU)
    events = train(tmp_path / "run", trainer)
    if asked:
        assert [event.step for event in events if isinstance(event, Saved)] == [0]
    else:
        with pytest.raises(SfumatoError, match="could not be compiled"):
            list(events)


@pytest.mark.parametrize(
    ("device", "precision", "gains"), [("cpu", "fp32", False), ("cpu", "bf16", True), ("cuda", "fp32", True)]
)
def test_a_cpu_gains_by_compiling_in_bf16_alone(device: str, precision: Precision, gains: bool) -> None:
    assert gains_by_compiling(device, precision) is gains


@pytest.mark.skipif(pick_device().type != "cpu" or not can_compile(CPU), reason="a CPU that can compile is asked here")
@pytest.mark.parametrize(
    ("minutes", "precision", "chosen"), [(60, "bf16", True), (60, "fp32", False), (4, "bf16", False)]
)
def test_long_runs_that_gain_by_it_are_compiled(minutes: float, precision: Precision, chosen: bool) -> None:
    config = TrainingConfig("blobs", minutes=minutes, precision=precision)
    assert plan_run(blobs(), config, model=TINY, fixed=["precision"]).config.machine.compile is chosen
    assert not plan_run(blobs(), replace(config, shard=True), model=TINY, fixed=["precision"]).config.machine.compile


@pytest.mark.parametrize("other", [{"compile": True}, {"lora": 4}])
def test_what_does_not_go_with_shared_weights_is_refused(other: dict[str, int]) -> None:
    with pytest.raises(SfumatoError, match="leave out"):
        replace(CONFIG, shard=True, **other)
