"""The point sets: scale, labels and the shapes that their names promise."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato.data import KINDS, open_dataset
from sfumato.data.points import POINTS
from sfumato.errors import SfumatoError

SPATIAL = {"swiss-roll-3d", "torus-knot", "helix", "sphere"}


def points(spec: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    dataset = open_dataset(f"points:{spec}")
    labels = dataset.labels if dataset.labels is not None else np.zeros(len(dataset), np.int64)
    return dataset.samples.astype(np.float64), labels


@pytest.mark.parametrize("name", POINTS)
def test_every_set_is_centred_and_of_unit_scale(name: str) -> None:
    dataset = open_dataset(f"points:{name}")
    assert dataset.samples.dtype == np.float32
    assert (len(dataset), KINDS[dataset.kind].spatial) == (20_000, False)
    assert dataset.shape == ((3,) if name in SPATIAL else (2,))
    assert np.isfinite(dataset.samples).all()
    assert 0.9 < dataset.samples.std() < 1.1
    assert np.abs(dataset.samples.mean(axis=0)).max() < 0.05


@pytest.mark.parametrize("name", POINTS)
def test_every_label_names_a_class(name: str) -> None:
    dataset = open_dataset(f"points:{name}")
    if not dataset.classes:
        assert dataset.labels is None
        return
    assert dataset.labels is not None and dataset.labels.dtype == np.int64
    assert set(dataset.labels.tolist()) == set(range(len(dataset.classes)))


@pytest.mark.parametrize("name", POINTS)
def test_the_same_points_every_time(name: str) -> None:
    first, second = (open_dataset(f"points:{name}:500") for _ in range(2))
    assert len(first) == 500
    assert (first.samples == second.samples).all()
    assert first.labels is None or (first.labels == second.labels).all()
    assert len(np.unique(first.samples, axis=0)) == 500


@pytest.mark.parametrize("count", [2, 3, 1000])
def test_the_count_is_given_after_the_name(count: int) -> None:
    assert open_dataset(f"points:moons:{count}").samples.shape == (count, 2)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("points:", "unknown point set ''.*spirals"),
        ("points:Moons", "did you mean 'moons'"),
        ("points:swissroll", "did you mean 'swiss-roll'"),
        ("points:moons:", "points:NAME or points:NAME:COUNT"),
        ("points:moons:many", "points:NAME or points:NAME:COUNT"),
        ("points:moons:-5", "points:NAME or points:NAME:COUNT"),
        ("points:moons:1e3", "points:NAME or points:NAME:COUNT"),
        ("points:moons:5:6", "points:NAME or points:NAME:COUNT"),
        ("points:moons:0", "2 to 10,000,000 points, not 0"),
        ("points:moons:1", "not 1"),
        ("points:moons:10000001", "not 10,000,001"),
    ],
)
def test_a_spec_that_makes_no_sense(spec: str, message: str) -> None:
    with pytest.raises(SfumatoError, match=message):
        open_dataset(spec)


def test_gaussians_lie_where_the_compass_says() -> None:
    x, labels = points("gaussians")
    compass = {"e": (1, 0), "n": (0, 1), "w": (-1, 0), "s": (0, -1)}
    for number, name in enumerate(POINTS["gaussians"][1]):
        towards = np.sum([compass[letter] for letter in name], axis=0)
        centre = x[labels == number].mean(axis=0)
        assert centre @ towards / np.linalg.norm(centre) / np.linalg.norm(towards) > 0.999


def test_the_upper_moon_is_above() -> None:
    x, labels = points("moons")
    assert x[labels == 0, 1].mean() > 0.2 > -0.2 > x[labels == 1, 1].mean()


def test_rings_grow_outwards_and_are_equally_dense() -> None:
    x, labels = points("rings")
    radius = np.linalg.norm(x, axis=1)
    means = [radius[labels == ring].mean() for ring in range(3)]
    assert np.allclose(np.array(means) / means[0], [1, 2, 3], atol=0.02)
    assert np.allclose(np.bincount(labels) / len(labels), np.array([1, 2, 3]) / 6, atol=0.02)


def test_the_checkerboard_leaves_every_second_field_empty() -> None:
    x, _ = points("checkerboard")
    column, row = np.clip(np.floor((x - x.min()) / np.ptp(x) * 4), 0, 3).astype(int).T
    share = np.bincount(column * 4 + row, minlength=16).reshape(4, 4) / len(x)
    dark = np.add.outer(range(4), range(4)) % 2 == 0
    assert np.allclose(share[dark], 1 / 8, atol=0.02)
    assert share[~dark].max() < 0.001


def test_one_spiral_is_the_other_turned_by_half() -> None:
    x, labels = points("spirals")
    one, two = x[labels == 0], x[labels == 1]
    distance = np.linalg.norm(-one[:200, None] - two, axis=2).min(axis=1)
    assert distance.max() < 0.15
    between = np.linalg.norm(one[:200, None] - two, axis=2).min(axis=1)
    assert np.median(between) > 0.3


def test_the_sphere_is_one() -> None:
    x, _ = points("sphere")
    assert np.allclose(np.linalg.norm(x, axis=1), np.sqrt(3), atol=1e-6)


def test_strands_of_the_helix_are_opposite() -> None:
    x, labels = points("helix")
    level = np.abs(x[:, 2]) < 0.05  # at middle height the angle is 0 or π
    assert x[level & (labels == 0), 0].min() > 0.5
    assert x[level & (labels == 1), 0].max() < -0.5


def test_three_lobes_make_the_knot() -> None:
    x, _ = points("torus-knot")
    flat = x[:, np.argsort([np.ptp(x[:, axis]) for axis in range(3)])[1:]]  # the plane of its long way round
    radius = np.linalg.norm(flat, axis=1)
    assert 2 < radius.max() / radius.min() < 4.5  # between 1 and 3 tube centres, and no point in the middle
