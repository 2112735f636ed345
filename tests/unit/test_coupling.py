"""Noise that goes with a sample: the best pairing within each class, and training at half size."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from sfumato.data import open_dataset
from sfumato.diffusion import Drawn, Level
from sfumato.errors import SfumatoError
from sfumato.hub import new_model
from sfumato.training import (
    Preview,
    Progress,
    Trainer,
    TrainingConfig,
    model_for,
    resume_run,
    start_run,
    train,
    training_config,
)
from sfumato.training.coupling import couple
from sfumato.training.slices import Slice, half_size
from tiny import TINY, blobs

CONFIG = TrainingConfig("blobs", images=16 * 12, batch=16)


def test_no_other_pairing_is_nearer() -> None:
    generator = torch.Generator().manual_seed(0)
    x0, eps = torch.randn(2, 6, 1, 2, 2, generator=generator)
    found = couple(x0, None, eps)
    distance = [float((x0 - eps[list(order)]).square().sum()) for order in itertools.permutations(range(6))]
    assert float((x0 - eps[found]).square().sum()) == pytest.approx(min(distance), rel=1e-6)


def test_noise_is_traded_within_a_class_alone_and_none_is_lost() -> None:
    generator = torch.Generator().manual_seed(1)
    x0, eps = torch.randn(2, 40, 3, generator=generator)
    labels = torch.arange(40) % 3
    found = couple(x0, labels, eps)
    assert sorted(found.tolist()) == list(range(40))
    assert torch.equal(labels[found], labels)


def test_a_halved_batch_has_unit_noise_and_the_mean_of_four_pixels() -> None:
    x0 = torch.arange(16.0).reshape(1, 1, 4, 4).expand(3000, 1, 4, 4)
    eps = torch.randn(3000, 1, 4, 4, generator=torch.Generator().manual_seed(2))
    level = Level(torch.ones(3000), torch.ones(3000))
    objective = Trainer(new_model(TINY), blobs(), CONFIG).objective
    part = half_size(Slice(x0, {}, Drawn(level, eps)), objective)
    assert part.x0[0, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert float(part.drawn.eps.std()) == pytest.approx(1, abs=0.02)


def test_training_at_half_size_ends_at_the_whole_size() -> None:
    trainer = Trainer(new_model(TINY), blobs(), replace(CONFIG, low_resolution=0.5))
    sizes: list[int] = []
    asked = trainer.objective.loss
    object.__setattr__(
        trainer.objective, "loss", lambda d, x0, *rest: sizes.append(x0.shape[-1]) or asked(d, x0, *rest)
    )
    for _ in trainer.steps():
        pass
    assert sizes == [4] * 6 + [8] * 6


def test_previews_are_drawn_at_the_size_that_is_trained(tmp_path: Path) -> None:
    config = replace(CONFIG, images=16 * 20, low_resolution=0.5, previews=4)
    trainer = start_run(tmp_path, blobs(), config, TINY, torch.device("cpu"))
    drawn = [event.samples for event in train(tmp_path, trainer) if isinstance(event, Preview)]
    assert [samples.shape[1:] for samples in drawn] == [TINY.shape] * 4
    blocks = [torch.equal(x, F.interpolate(F.avg_pool2d(x, 2), TINY.shape[1:])) for x in drawn]
    assert blocks == [True, False, False, False]  # half the budget is spent at the second


def test_a_longer_budget_does_not_bring_the_phase_at_half_size_back(tmp_path: Path) -> None:
    config, device = replace(CONFIG, images=16 * 10, low_resolution=0.5), torch.device("cpu")
    trainer = start_run(tmp_path, blobs(), config, TINY, device)
    for event in train(tmp_path, trainer):
        if isinstance(event, Progress) and event.step == 7:
            trainer.stop()
    same, _ = resume_run(tmp_path, blobs(), config, device)
    longer, _ = resume_run(tmp_path, blobs(), replace(config, images=16 * 40), device)
    assert [one.config.data.low_resolution for one in (same, longer)] == [0.5, 0.0]
    assert longer.step == 7 and not longer.low_resolution and training_config(tmp_path) == longer.config


def test_coupled_training_is_a_function_of_the_step() -> None:
    losses = []
    for _ in range(2):
        trainer = Trainer(new_model(TINY, 3), blobs(), replace(CONFIG, coupling=True, flip=True))
        losses.append([progress.loss for progress in trainer.steps()])
    plain = [progress.loss for progress in Trainer(new_model(TINY, 3), blobs(), replace(CONFIG, flip=True)).steps()]
    assert losses[0] == losses[1] != plain


@pytest.mark.parametrize("accumulate", [1, 3])
def test_noise_lies_near_what_is_shown(accumulate: int) -> None:
    data = replace(blobs(), crop=2)
    config = replace(CONFIG, coupling=True, flip=True, accumulate=accumulate, condition_dropout=0.0)
    parts = Trainer(new_model(model_for(data, "nano")), data, config).draw(1, 0)
    x0, labels = (torch.cat([part.x0 for part in parts]), torch.cat([part.cond["label"] for part in parts]))
    assert couple(x0, labels, torch.cat([part.drawn.eps for part in parts])).tolist() == list(range(16)), (
        "none is nearer"
    )


def test_what_cannot_be_halved_is_refused() -> None:
    points = open_dataset("points:moons:100")
    with pytest.raises(SfumatoError, match="no half size"):
        Trainer(new_model(model_for(points)), points, replace(CONFIG, low_resolution=0.5))
    with pytest.raises(SfumatoError, match="between 0 and 1"):
        replace(CONFIG, low_resolution=1.0)
