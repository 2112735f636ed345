"""What the lessons of pictures compute in the page: as the package computes it, and as their texts say."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lesson import SITE, missing, node
from sfumato.evaluation import audit, frechet_distance
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.lesson.computed_evaluation import PARTS, axes, split

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]

DAMAGE: dict[str, dict[str, float]] = {
    "none": {},
    "little blur": {"blur": 0.5},
    "blur": {"blur": 0.8},
    "three left out": {"without": 3},
    "half copies": {"copies": 0.5},
    "copies": {"copies": 1},
    "fifty": {"count": 50},
    "all at once": {"blur": 0.4, "without": 2, "copies": 0.3, "count": 120},
}


@cache
def judged() -> dict[str, Any]:
    answer = node("course-pictures.mjs", told={"computed": str(SITE / "computed"), "evaluation": [*DAMAGE.values()]})
    return dict(zip(DAMAGE, answer["evaluation"], strict=True))


@cache
def features() -> tuple[Tensor, Tensor, Tensor]:
    """Of the digits that were trained on, and the mean and the axes."""
    _, pictures, _ = split()
    mean, components = axes(pictures)
    return (pictures[: PARTS[0]].double() - mean) @ components.T, mean, components


def featured(pictures: Tensor) -> Tensor:
    _, mean, components = features()
    return (pictures.double() - mean) @ components.T


@pytest.mark.parametrize("name", DAMAGE)
def test_scores_are_those_of_the_package(name: str) -> None:
    found, count = judged()[name], int(DAMAGE[name].get("count", 350))
    real, (_, pictures, _) = features()[0], split()
    samples = featured(torch.tensor(found["pictures"]))[:count]
    shares = precision_recall_density_coverage(samples, real, repeats=0)
    looked = audit("features", samples, real, featured(pictures[PARTS[0] + PARTS[1] :]))
    ours = {
        "frechet": frechet_distance(samples, real),
        "kernel": kernel_distance(samples, real).value,
        "precision": shares["precision"].value,
        "recall": shares["recall"].value,
        "copies": looked.flagged / count,
    }
    assert found["scores"] == pytest.approx(ours, rel=1e-4, abs=1e-4)
    for point in found["curve"]:
        every = featured(torch.tensor(found["pictures"])).split(point["count"])[: 350 // point["count"]]
        assert point["frechet"] == pytest.approx(sum(frechet_distance(x, real) for x in every) / len(every), rel=1e-4)


def test_damage_is_what_it_is_called() -> None:
    sets = {name: torch.tensor(found["pictures"]) for name, found in judged().items()}
    trained = split()[1][: PARTS[0]]
    assert (torch.cdist(sets["copies"].double(), trained.double()).min(1).values < 1e-6).all()
    assert min(judged()["three left out"]["labels"]) == 3
    assert judged()["half copies"]["copied"].count(True) == pytest.approx(175, abs=30)
    bell = torch.exp(-(torch.arange(-7.0, 8.0) ** 2) / (2 * 0.5**2))
    kernel = (bell / bell.sum())[None, None]
    white = sets["none"].reshape(-1, 1, 8, 8) + 1
    blurred = F.conv2d(F.conv2d(white, kernel[..., None, :], padding=(0, 7)), kernel[..., None], padding=(7, 0)) - 1
    torch.testing.assert_close(sets["little blur"].reshape(-1, 1, 8, 8), blurred, rtol=1e-4, atol=1e-4)


def test_scores_move_as_the_text_says() -> None:
    scores = {name: found["scores"] for name, found in judged().items()}
    none, little, much = scores["none"], scores["little blur"], scores["blur"]
    assert little["frechet"] > 5 * none["frechet"] and 0.4 < little["recall"] < 0.6 < 0.9 < none["recall"]
    assert little["precision"] > none["precision"] > 0.95 > 0.8 > much["precision"]
    assert little["kernel"] > 10 * abs(none["kernel"])
    dropped = scores["three left out"]
    assert abs(dropped["precision"] - none["precision"]) < 0.01 and 0.7 < dropped["recall"] < 0.8
    few = scores["fifty"]
    assert 4 < few["frechet"] / none["frechet"] < 6 and abs(few["kernel"]) < 0.3 * little["kernel"]
    assert judged()["none"]["endless"] < 0.4 * none["frechet"]
    points = judged()["none"]["curve"]
    assert [one["frechet"] for one in points] == sorted(one["frechet"] for one in points)
    copied = scores["copies"]
    assert copied["frechet"] < 0.4 * none["frechet"] and copied["precision"] == 1 and copied["copies"] == 1
    assert copied["kernel"] < none["kernel"] and copied["recall"] >= none["recall"]
    assert none["copies"] < 0.04 and scores["half copies"]["copies"] == pytest.approx(0.5, abs=0.08)
    assert judged()["copies"]["endless"] < 0
