"""What the lessons of pictures compute in the page: as the package computes it, and as their texts say."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lesson import SITE, missing, node
from sfumato.baselines.any_order import draw_pixels, pixel_bits
from sfumato.data import open_dataset
from sfumato.evaluation import audit, frechet_distance
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.lesson.computed_evaluation import PARTS, axes, split
from sfumato.lesson.computed_pixels import bits_of_held_out, shades
from sfumato.lesson.computed_vae import held_out_scores
from sfumato.lesson.small_models import BETAS, TRAINED, pixel_net, plane_vae

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
POINTS = torch.tensor([[0.0, 0.0], [-1.0, 0.5], [2.9, -2.9], [0.3, 1.7]])
WAYS: list[dict[str, Any]] = [
    {"seed": 0, "order": "rows", "together": 1},
    {"seed": 1, "order": "random", "together": 1},
    {"seed": 2, "order": "random", "together": 16},
    {"seed": 0, "order": "rows", "together": 1, "forced": {"place": 13, "level": 3}},
]


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


@cache
def sent(name: str) -> Any:
    """What the page computes of the autoencoders, and of the pixels."""
    asked = {"vae": {"betas": BETAS, "points": POINTS.flatten().tolist(), "count": 20}, "pixels": WAYS}
    return node("course-pictures.mjs", told={"computed": str(SITE / "computed"), **asked})[name]


def test_codes_and_carpets_are_those_of_the_package() -> None:
    x = open_dataset("digits").batch(torch.arange(TRAINED, TRAINED + 20))[0].flatten(1)
    side = (torch.arange(13) + 0.5) / 13 * 6 - 3
    places = torch.stack(torch.meshgrid(side, -side, indexing="xy"), dim=-1).flatten(0, 1)
    for beta, found in zip(BETAS, sent("vae"), strict=True):
        net = plane_vae(beta)
        mean, log_variance = net.encode(x)
        ours = {"mean": mean, "std": (0.5 * log_variance).exp(), "decoded": net.decoder(POINTS)}
        for name, value in (ours | {"carpet": net.decoder(places)}).items():
            torch.testing.assert_close(torch.tensor(found[name]), value.flatten(), rtol=1e-4, atol=1e-4)


def test_beta_tears_and_merges_the_carpet() -> None:
    scores = {beta: held_out_scores(beta) for beta in BETAS}
    assert scores == json.loads((SITE / "computed" / "vae" / "about.json").read_text())["scores"]
    bits = [scores[beta]["bits"] for beta in BETAS]
    assert bits == sorted(bits, reverse=True) and 6.5 < scores["1"]["bits"] < 7.5 and bits[-1] < 0.01
    assert 0.55 < scores["0"]["outside"] < 0.65 and scores["1"]["outside"] < 0.02
    assert scores["30"]["error"] > scores["10"]["error"] > scores["4"]["error"] > scores["1"]["error"]
    x = open_dataset("digits").batch(torch.arange(TRAINED, 1797))[0].flatten(1)
    drawn = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    mean, log_variance = plane_vae("0").encode(x)
    away = ((drawn[:, None] - mean) / (0.5 * log_variance).exp()).square().sum(2).sqrt().min(1).values
    assert (away < 1).float().mean() < 0.05  # hardly any hits an ellipse
    widths = {beta: (0.5 * plane_vae(beta).encode(x)[1]).exp().mean() for beta in ("0", "1", "4", "30")}
    assert widths["0"] < 0.02 < widths["1"] < widths["4"] < 0.99 < widths["30"]
    carpet = torch.tensor(sent("vae")[BETAS.index("30")]["carpet"]).reshape(-1, 64)
    average = open_dataset("digits").batch(torch.arange(TRAINED))[0].flatten(1).mean(0)
    assert (carpet - average).abs().max() < 0.2  # the same blur everywhere


def test_pixels_come_as_the_package_draws_them() -> None:
    for way, found in zip(WAYS, sent("pixels"), strict=True):
        uniform = torch.tensor([found["uniform"]])
        picture = torch.tensor([one["level"] for one in sorted(found["steps"], key=lambda one: one["place"])])
        bits = torch.tensor([one["bits"] for one in found["steps"]])
        if "forced" not in way:
            assert picture.equal(draw_pixels(pixel_net(), uniform, found["order"], way["together"])[0])
        if way["together"] == 1:
            ours = pixel_bits(pixel_net(), picture[None], found["order"])[0]
            torch.testing.assert_close(bits, ours, rtol=1e-4, atol=1e-4)
    free, forced = (sent("pixels")[number]["steps"] for number in (0, 3))
    place = WAYS[3]["forced"]["place"]
    assert free[:place] == forced[:place] and forced[place]["level"] == 3  # what came before stays
    assert sum(a["level"] != b["level"] for a, b in zip(free[place + 1 :], forced[place + 1 :], strict=True)) > 5


def test_bits_are_as_the_text_says() -> None:
    about = json.loads((SITE / "computed" / "pixels" / "about.json").read_text())
    assert (
        about["held_out"] == pytest.approx(bits_of_held_out(list(range(64))), abs=0.01) and 56 < about["held_out"] < 58
    )
    coded = torch.tensor(sent("coded"))
    scans = shades()[TRAINED : TRAINED + 6]
    torch.testing.assert_close(coded, pixel_bits(pixel_net(), scans, range(64)), rtol=1e-4, atol=1e-4)
    assert coded[:, :1].mean() < 0.1  # the edge costs nearly nothing
    assert about["plain"] == 128 > about["alone"] > about["held_out"]
    distances = [about["frechet"][str(together)] for together in (1, 4, 16, 64)]
    assert distances == sorted(distances) and distances[-1] > 5 * distances[0]
