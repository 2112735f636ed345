"""The classifier of classifier guidance reads through noise, leads an unconditional model, and is kept in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES, Condition, Level
from sfumato.errors import SfumatoError
from sfumato.evaluation.classifier import Classifier, train_classifier
from sfumato.hub import load
from sfumato.nets import UNetConfig
from sfumato.sampling import ImageNoise, classified, grid, last, sample, stepper
from sfumato.training.noisy_classifier import (
    NoisyClassifier,
    load_noisy_classifier,
    save_noisy_classifier,
    train_noisy_classifier,
)

LABELS = torch.arange(60) % 10


@pytest.fixture(scope="module")
def classifier() -> NoisyClassifier:
    return train_noisy_classifier(open_dataset("digits"), net=UNetConfig(1, widths=(16, 32)), steps=200, batch=64)


@pytest.fixture(scope="module")
def reader() -> Classifier:
    return train_classifier(open_dataset("digits"), epochs=6)


def read_as_asked(scale: float, classifier: NoisyClassifier, reader: Classifier) -> float:
    """The share of digits that are read as asked, drawn by the shipped model, which isn't told what is asked."""
    model = load("digits")

    def unconditional(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        return model.denoiser(x, level, None)

    guidance = classified(classifier.log_probability, scale)
    levels = grid("karras", SCHEDULES["edm"](), 10)
    noise = ImageNoise(range(len(LABELS)), (1, 8, 8))
    drawn = last(sample(unconditional, levels, stepper("dpm++2m"), noise, {"label": LABELS}, guidance=guidance)).x
    return float((reader.read(drawn.clamp(-1, 1))[1] == LABELS).float().mean())


def test_it_reads_less_the_more_noise_there_is(classifier: NoisyClassifier) -> None:
    x, labels = open_dataset("digits").batch(torch.arange(300))
    assert labels is not None
    eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    right = []
    for sigma in (0.1, 1.5, 50.0):
        level = Level.of(1.0, sigma)
        right.append(float((classifier(level.add_noise(x, eps), level).argmax(1) == labels).float().mean()))
    assert right[0] > 0.85 > right[1] > 0.25 > right[2]


def test_guided_digits_are_read_as_asked_and_unguided_ones_by_chance(
    classifier: NoisyClassifier, reader: Classifier
) -> None:
    assert read_as_asked(0.0, classifier, reader) < 0.3
    assert read_as_asked(3.0, classifier, reader) > 0.6


def test_log_probabilities_are_of_the_label_and_nothing_of_the_null_class(classifier: NoisyClassifier) -> None:
    x, level = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)), Level.of(1.0, 1.0)
    every = torch.stack([classifier.log_probability(x, level, {"label": torch.full((3,), n)}) for n in range(11)])
    torch.testing.assert_close(every[:10].exp().sum(0), torch.ones(3))
    assert torch.equal(every[10], torch.zeros(3))
    with pytest.raises(SfumatoError, match="pass labels"):
        classifier.log_probability(x, level, None)


def test_it_is_kept_and_comes_back_the_same(classifier: NoisyClassifier, tmp_path: Path) -> None:
    save_noisy_classifier(tmp_path, classifier)
    again, x, level = load_noisy_classifier(tmp_path), torch.ones(2, 1, 8, 8), Level.of(0.5, 0.5)
    assert torch.equal(again(x, level), classifier(x, level))
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(SfumatoError, match="train it again"):
        load_noisy_classifier(tmp_path)


def test_points_have_one_too_and_data_without_classes_none() -> None:
    points = train_noisy_classifier(open_dataset("points:moons:500"), steps=60, learning_rate=1e-2)
    x, labels = open_dataset("points:moons:500").batch(torch.arange(500))
    assert labels is not None
    assert (points(x, Level.of(1.0, 0.01)).argmax(1) == labels).float().mean() > 0.85
    with pytest.raises(SfumatoError, match="at least two classes"):
        train_noisy_classifier(open_dataset("points:sphere:100"))
