"""A branch beside a frozen model: it starts as nothing, trains alone, and lies apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.hub import Model, load, new_model
from sfumato.hub.control_branch import add_control_branch, with_control_branch
from sfumato.nets import ConditionConfig, UNetConfig
from sfumato.training import (
    TrainingConfig,
    branch_from,
    conditions_of,
    model_from,
    start_run,
    train,
)
from tiny import TINY, blobs, resumes_exactly

CPU = torch.device("cpu")
EDGES = ConditionConfig("edges", "image", computed=True)


@pytest.fixture(scope="module")
def runs(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model, and a run of a branch on top of it."""
    place = tmp_path_factory.mktemp("branch") / "edges"
    data = blobs()
    fresh = branch_from(
        load(run_folder), data, conditions_of(data, TrainingConfig("x", images=1).data.columns, ["edges"])
    )
    config = TrainingConfig("blobs", images=16 * 12, batch=16, previews=0, learning_rate=0.02)
    list(train(place, start_run(place, data, config, fresh, CPU)))
    return run_folder, place


def edges() -> torch.Tensor:
    return torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("patch", [1, 2])
def test_a_fresh_branch_changes_no_bit(patch: int) -> None:
    net = UNetConfig(1, classes=3, widths=(16, 32), blocks=2, attention=(1,), patch=patch)
    base = new_model(replace(TINY, net=net))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in base.denoiser.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    model = add_control_branch(base, EDGES)
    told = {"edges": edges()}
    drawn = base.sample([1, 2], [0, 1], steps=3)
    assert torch.equal(model.sample([1, 2], [0, 1], conditions=told, steps=3), drawn)
    assert torch.equal(model.sample([1, 2], [0, 1], steps=3), drawn)


def test_a_branch_trains_alone_and_untold_or_at_strength_0_is_the_model_below(runs: tuple[Path, Path]) -> None:
    base, model = load(runs[0]), load(runs[1])
    before, after = base.denoiser.net.state_dict(), model.denoiser.net.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert all(name.startswith("control_branch.") for name in after.keys() - before.keys())
    drawn = base.sample([1, 2], [0, 1], steps=3)
    told = {"edges": edges()}
    with_edges = model.sample([1, 2], [0, 1], conditions=told, steps=3)
    assert not torch.equal(with_edges, drawn)
    assert torch.equal(model.sample([1, 2], [0, 1], steps=3), drawn)
    assert torch.equal(model.sample([1, 2], [0, 1], conditions={**told, "strength": 0.0}, steps=3), drawn)
    assert torch.equal(model.sample([1, 2], [0, 1], conditions={**told, "strength": 1.0}, steps=3), with_edges)
    assert torch.equal(
        model.sample([1, 2], [0, 1], conditions=told, steps=3, guidance=0.0), base.sample([1, 2], steps=3)
    )
    half = model.sample([1, 2], [0, 1], conditions={**told, "strength": 0.5}, steps=3)
    assert not torch.equal(half, drawn) and not torch.equal(half, with_edges)


def test_the_branch_lies_apart_and_fits_the_model_that_it_was_trained_on(runs: tuple[Path, Path]) -> None:
    base, model = load(runs[0]), load(runs[1])
    joined = with_control_branch(base, runs[1] / "branch")
    told = {"edges": edges()}
    assert torch.equal(joined.sample([1, 2], conditions=told, steps=3), model.sample([1, 2], conditions=told, steps=3))
    other = new_model(replace(TINY, net=UNetConfig(1, classes=3, widths=(16, 32))))
    with pytest.raises(SfumatoError, match="was trained on another network"):
        with_control_branch(other, runs[1] / "branch")
    with pytest.raises(SfumatoError, match="holds no control branch, or a damaged one"):
        with_control_branch(base, runs[0])
    with pytest.raises(SfumatoError, match="has a control branch already, for 'edges'"):
        add_control_branch(model, EDGES)


def test_a_resumed_branch_equals_an_uninterrupted_one(runs: tuple[Path, Path], tmp_path: Path) -> None:
    data = replace(blobs(), labels=None, classes=())  # of a model of classes, a branch needs none
    fresh: Model = branch_from(load(runs[0]), data, [EDGES])
    config = TrainingConfig("blobs", images=16 * 8, batch=16, previews=0)
    resumes_exactly(tmp_path, data, config, fresh, stop_at=3)


def test_what_cant_have_a_branch_is_said(runs: tuple[Path, Path]) -> None:
    base, data = load(runs[0]), blobs()
    with pytest.raises(SfumatoError, match="takes one image and nothing else, not edges and grey"):
        branch_from(base, data, [EDGES, replace(EDGES, name="grey")])
    with pytest.raises(SfumatoError, match="has other classes than"):
        branch_from(base, replace(data, classes=("a", "b", "c")), [EDGES])
    with pytest.raises(SfumatoError, match="has a control branch, which alone is trained"):
        model_from(load(runs[1]), replace(data, classes=("a", "b", "c")))
    with pytest.raises(SfumatoError, match="a control branch is trained whole"):
        tuned = model_from(load(runs[1]), data)
        start_run(runs[1] / "no", data, TrainingConfig("blobs", images=16, lora=4), tuned, CPU)
