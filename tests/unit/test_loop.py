"""One loop for all that is trained: batches are cut by rows, and every kind of turn resumes exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.baselines import BaselineConfig, BaselineTrainer, new_baseline
from sfumato.diffusion import EDM, Level, NoiseDistribution, Objective
from sfumato.evaluation.classifier import classifier_loop, new_classifier
from sfumato.hub import new_model
from sfumato.seeds import seeded, torch_generator
from sfumato.training import Trainer, TrainingConfig
from sfumato.training.loop import Loop
from sfumato.training.noisy_classifier import NOISE, NoisyClassifierConfig, new_noisy_classifier, noisy_classifier_loop
from sfumato.training.slices import rows_of
from sfumato.training.state import loop_state, restore_loop
from tiny import TINY, blobs

CONFIG = TrainingConfig("blobs", images=16 * 8, batch=16, condition_dropout=0.2)


def diffusion() -> Loop:
    return Trainer(new_model(TINY), blobs(), CONFIG)


def baseline(kind: str) -> Loop:
    config = BaselineConfig(kind, (1, 8, 8), ("cat", "dog", "cow"), width=16, latent=8)  # type: ignore[arg-type]
    return BaselineTrainer(new_baseline(config), blobs(), CONFIG)


def noisy_classifier() -> Loop:
    data = blobs()
    net = TINY.net
    made = new_noisy_classifier(NoisyClassifierConfig(data.shape, data.classes, type(net)(1, widths=(16, 16)), 0.5))
    return noisy_classifier_loop(made, data, NOISE, 8, 16, 2e-3, 0)


def classifier() -> Loop:
    data = blobs()
    net = new_classifier(1, 3).net
    return classifier_loop(net, data, torch.arange(50), torch_generator("classifier split", 0), 8)


LOOPS: dict[str, Callable[[], Loop]] = {
    "diffusion": diffusion,
    "gan": lambda: baseline("gan"),
    "vae": lambda: baseline("vae"),
    "noise-aware classifier": noisy_classifier,
    "classifier of features": classifier,
}


@pytest.mark.parametrize("kind", LOOPS)
def test_every_kind_of_turn_resumes_bit_for_bit(kind: str) -> None:
    """With dropout, of which the classifier's comes from PyTorch's own generator."""

    def made() -> Loop:
        with seeded("classifier", 0):
            return LOOPS[kind]()

    whole, again, kept = made(), made(), None
    with seeded("classifier", 1):
        for progress in whole.steps():
            if progress.step == 3:
                files, counters = loop_state(whole)
                kept = {file: {name: value.clone() for name, value in files[file].items()} for file in files}, counters
    assert kept is not None
    with seeded("classifier", 2):  # PyTorch's own generator is put back too
        restore_loop(again, *kept)
        assert again.step == 3
        list(again.steps())
        assert whole.step == again.step > 5
    files, others = loop_state(whole)[0], loop_state(again)[0]
    for name, tensors in files.items():
        for key, value in tensors.items():
            assert key == "generator" or torch.equal(value, others[name][key]), (name, key)


class Pair(NamedTuple):
    first: Tensor
    second: dict[str, Tensor | None]


@given(st.integers(1, 40), st.data())
def test_what_is_drawn_is_cut_by_rows_whatever_it_is_made_of(batch: int, data: st.DataObject) -> None:
    generator = torch.Generator().manual_seed(0)
    one = Level(torch.rand(batch, generator=generator), torch.rand(batch, generator=generator))
    drawn = (one, Pair(torch.rand(batch, 2, 3, generator=generator), {"a": torch.arange(batch), "b": None}), None)
    cut = data.draw(st.integers(0, batch))
    parts = [rows_of(drawn, rows) for rows in (slice(0, cut), slice(cut, batch))]
    for get in (
        lambda d: d[0].alpha, lambda d: d[0].sigma, lambda d: d[1].first, lambda d: d[1].second["a"]
    ):  # fmt: skip
        assert torch.equal(torch.cat([get(part) for part in parts]), get(drawn))
    assert all(type(part[1]) is Pair and part[1].second["b"] is None and part[2] is None for part in parts)


@settings(max_examples=10)
@given(st.integers(1, 15))
def test_losses_of_slices_are_those_of_the_whole_batch(cut: int) -> None:
    objective = Objective(NoiseDistribution("log-normal", -1.2, 1.2), EDM())
    x0 = torch.randn(16, 3, generator=torch.Generator().manual_seed(1))
    drawn = objective.draw(x0.shape, torch.Generator().manual_seed(2))

    def guess(x: Tensor, level: Level, cond: object = None) -> Tensor:
        return x / (1 + level.sigma[:, None].to(x))

    whole = objective.loss(guess, x0, None, drawn)
    parts = [objective.loss(guess, x0[rows], None, rows_of(drawn, rows)) for rows in (slice(0, cut), slice(cut, 16))]
    assert torch.equal(torch.cat(parts), whole)


class TwoLevels:
    """An objective with two levels a sample, as consistency models and mean flows have, in the same loop."""

    uncertainty = None

    def __init__(self) -> None:
        self.noise, self.path, self.fractions = NoiseDistribution("uniform"), EDM(), []

    def draw(self, shape: torch.Size, generator: torch.Generator) -> tuple[Level, Level, Tensor]:
        levels = [self.noise(self.path, shape[0], generator) for _ in range(2)]
        return levels[0], levels[1], torch.randn(*shape, generator=generator)

    def loss(self, denoiser: Callable[..., Tensor], x0: Tensor, cond: object, drawn: object, fraction: float) -> Tensor:
        self.fractions.append(fraction)
        near, far, eps = drawn  # type: ignore[misc]
        guesses = [denoiser(level.add_noise(x0, eps), level, cond) for level in (near, far)]
        return (guesses[0] - guesses[1].detach()).square().flatten(1).mean(1) * (1 - fraction)


def test_an_objective_with_two_levels_a_sample_needs_no_other_loop() -> None:
    trainer = Trainer(new_model(TINY), blobs(), CONFIG)
    trainer.objective = TwoLevels()  # type: ignore[assignment]
    steps = list(trainer.steps())
    assert len(steps) == 8 and steps[-1].loss > 0 == steps[-1].skipped
    assert trainer.objective.fractions == [step / 8 for step in range(8)]  # type: ignore[attr-defined]
