"""The measures behind the report."""

from __future__ import annotations

import re

import pytest
import torch

from sfumato.evaluation import frechet_distance, half_to_half, judge, nearest, train_classifier
from sfumato.evaluation.charts import bar_chart, curves_chart, line_chart
from tiny import blobs


def test_frechet_distance_of_gaussians_with_known_moments() -> None:
    """For diagonal covariances it is ‖μ − ν‖² + Σ(σ_i − τ_i)²; moments are made exact by whitening the draws."""
    generator = torch.Generator().manual_seed(0)

    def exact(mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
        x = torch.randn(200, 3, generator=generator, dtype=torch.float64)
        x = x - x.mean(0)
        return x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T * std + mean

    mean_a, std_a = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 2.0, 0.5])
    mean_b, std_b = torch.tensor([3.0, 1.0, 0.0]), torch.tensor([1.5, 1.0, 0.5])
    expected = float((mean_a - mean_b).square().sum() + (std_a - std_b).square().sum())
    a, b = exact(mean_a, std_a), exact(mean_b, std_b)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64)).Q
    assert frechet_distance(a @ rotation, b @ rotation) == pytest.approx(expected, rel=1e-9)


def test_half_to_half_shrinks_as_the_set_grows() -> None:
    x = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0))
    small, large = half_to_half(x[:200])[0], half_to_half(x)[0]
    assert 0 < large < small / 5


def test_classifier_learns_and_is_reproducible() -> None:
    one, same = train_classifier(blobs(300)), train_classifier(blobs(300))
    assert one.accuracy == same.accuracy >= 0.97
    x, _ = blobs(300).batch(torch.arange(10))
    assert torch.equal(one.read(x)[0], same.read(x)[0])


def test_judge_knows_the_real_thing_from_the_wrong_one() -> None:
    dataset = blobs(300)
    x, labels = dataset.batch(torch.arange(300))
    assert labels is not None
    real = judge(x, labels, dataset)
    assert real.read_as_asked > 0.97 and real.ratio < 0.1
    swapped = judge(x, (labels + 1) % 3, dataset)
    assert swapped.read_as_asked < 0.03 and swapped.ratio == pytest.approx(real.ratio)
    noise = torch.rand(300, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert judge(noise, labels, dataset).ratio > 5


def test_copies_are_near_and_new_pictures_are_not() -> None:
    dataset = blobs(60)
    x, _ = dataset.batch(torch.arange(5))
    indices, novelty = nearest(x + 0.001, dataset)
    assert indices.tolist() == [0, 1, 2, 3, 4] and novelty.max() < 0.1
    assert nearest(-x, dataset)[1].min() > 1


def test_two_curves_are_told_apart_by_their_marks_and_lines() -> None:
    points = {1: (2.0, 1.0, 3.0), 2: (1.0, 0.5, 2.0), 4: (0.5, 0.0, 1.0)}
    drawn = curves_chart({"the student": points, "its teacher": {2: points[2], 4: points[4]}}, "steps", "distance")
    assert drawn.count('class="curve"') == drawn.count('class="curve dotted"') == 1
    assert (drawn.count('class="dot"'), drawn.count('class="hollow"')) == (3 + 1, 2 + 1), "and one of each names them"
    assert "the student" in drawn and "its teacher" in drawn and drawn.count('class="reach"') == 5
    assert "distance against steps" in drawn
    across = [float(x) for x in re.findall(r'class="dot" cx="([\d.]+)"', drawn)[:3]]
    assert across[2] - across[1] == pytest.approx(across[1] - across[0], abs=0.2), "each step doubles"


def test_charts_are_well_formed_and_escape_names() -> None:
    from xml.etree import ElementTree

    for svg in (
        line_chart([1, 10, 100], [0.5, 0.2, 0.1], "images", "loss"),
        line_chart([5], [0.5], "images", "loss"),
        curves_chart({"<one>": {4: (0.5, 0.0, 0.9)}}, "steps", "distance", (0.1, "a & b")),
        bar_chart(["<a>", "b&c"], [0.0, 1.0], "class", "share"),
    ):
        ElementTree.fromstring(svg)
