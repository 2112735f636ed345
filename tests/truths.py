"""What the lesson's English says of noise, walks, the network and its training, each as a check."""

from __future__ import annotations

import json
import math
import re
from copy import deepcopy
from functools import cache
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from prose import ENGLISH
from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES, FiniteSet
from sfumato.diffusion.parameterizations import c_noise
from sfumato.evaluation.classifier import Classifier, train_classifier
from sfumato.hub import Model, load
from sfumato.lesson import computed, computed_judged
from sfumato.lesson.inside import Inside
from sfumato.sampling import ImageNoise, grid, last, sample, stepper

LINEAR, COSINE, FLOW = (SCHEDULES[name]() for name in ("linear", "cosine", "flow"))
TIMES = torch.linspace(0, 1, 1001, dtype=torch.float64)
HELD_OUT = torch.arange(1617, 1797)  # of the digits
RECORDED = json.loads((computed.RECORDED / "digits.json").read_bytes())
HILLS = FiniteSet(torch.tensor(computed.hills()["centres"], dtype=torch.float64)[:, None], std=computed.HILL_STD)


@cache
def model(name: str) -> Model:
    return load(name)


@cache
def digits() -> tuple[Tensor, Tensor]:
    pictures, labels = open_dataset("digits").batch(torch.arange(1797))
    return pictures, torch.as_tensor(labels)


@cache
def inside() -> Inside:
    return Inside(deepcopy(model("digits").denoiser.net))  # type: ignore[arg-type]


@cache
def classifier() -> Classifier:
    return train_classifier(open_dataset("digits"), 0)


@cache
def answered(t: float, off: str = "", told: int = 0) -> tuple[float, Tensor]:
    """The error on held-out digits at time `t` with a part taken away, and the guesses."""
    pictures, labels = (values[HELD_OUT] for values in digits())
    denoiser, level = model("digits").denoiser, COSINE(t)
    gates = torch.tensor([float(name != off) for name in inside().switches])
    c_in, c_skip, c_out = (float(v) for v in denoiser.parameterization.in_skip_out(level))  # type: ignore[union-attr]
    x = level.add_noise(pictures, torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0)))
    with torch.no_grad():
        raw = inside()(c_in * x, c_noise(level).float().expand(len(x)), (labels + told) % 10, gates)[0]
        guess = c_skip * x + c_out * raw
    return float((guess - pictures).square().mean()), guess


def times_worse(t: float, off: str) -> float:
    return answered(t, off)[0] / answered(t)[0]


def mean_errors(which: str) -> dict[int, float]:
    return {moment["images"]: float(np.mean(moment[which])) for moment in RECORDED["moments"]}


@cache
def judged() -> dict[str, Any]:
    with patch.object(computed_judged, "train_classifier", lambda *_: classifier()):  # which takes seconds
        return computed_judged.judged()


@cache
def hills_walked(sampler: str, steps: int, share: float = 1.0, count: int = 2000) -> Tensor:
    draw = ImageNoise(range(count), (1,))
    start = torch.randn(count, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rule = stepper(sampler, steps=steps) if sampler == "ddpm" else stepper(sampler)
    return last(sample(HILLS, grid("trailing", COSINE, steps), rule, lambda: share * draw().double(), start=start)).x


def on_hills(x: Tensor) -> list[float]:
    return [float(((x > low) & (x < high)).double().mean()) for low, high in ((-9, -0.5), (-0.5, 0.75), (0.75, 9))]


def spends_its_time() -> None:
    far = {
        name: float((law(TIMES).logsnr < -math.log(20)).double().mean())
        for name, law in (("linear", LINEAR), ("cosine", COSINE))
    }
    middle = {
        name: float((law(TIMES).logsnr.abs() < 2).double().mean())
        for name, law in (("linear", LINEAR), ("cosine", COSINE))
    }
    assert (round(far["linear"], 2), round(far["cosine"], 2)) == (0.45, 0.14), far
    assert middle["cosine"] > middle["linear"]
    assert abs(math.exp(2.3) - 10) < 0.1


def keeps_the_total() -> None:
    for name in ("linear", "cosine", "sigmoid"):
        level = SCHEDULES[name]()(TIMES)
        assert torch.allclose(level.alpha**2 + level.sigma**2, torch.ones(1001, dtype=torch.float64))
    assert torch.allclose(FLOW(TIMES).alpha + FLOW(TIMES).sigma, torch.ones(1001, dtype=torch.float64))
    assert len(LINEAR.betas) == 1000
    alpha = torch.cumprod((1 - LINEAR.betas).sqrt(), 0)[199]  # two hundred doses
    assert torch.allclose(alpha, LINEAR(0.2).alpha) and torch.allclose((1 - alpha**2).sqrt(), LINEAR(0.2).sigma)


def odds_follow_the_noise() -> None:
    """The odds are e to half the difference of the squared noises: enormous at 0.3, nearly even at 0.9."""
    noise = ImageNoise([1], (3, 32, 32))()[0].double()  # the page's own
    sheet = torch.from_numpy(np.asarray(Image.open(computed.RECORDED / "emoji.png"), np.float64) / 127.5 - 1)
    mine, other = sheet.reshape(32, len(computed.PICTURES), 32, 3).permute(1, 3, 0, 2)[[0, 9]]  # a cat, a panda
    for t, least, most in ((0.3, 1000, math.inf), (0.9, 1 / 3, 3)):
        level = LINEAR(t)
        x = level.add_noise(mine, noise)
        lead = (level.eps(x, other).square().sum() - noise.square().sum()) / 2
        density = [
            torch.distributions.Normal(level.alpha * one, level.sigma).log_prob(x).sum() for one in (mine, other)
        ]
        assert abs(float(lead - (density[0] - density[1]))) < 1e-6
        assert math.log(least) < lead < math.log(most), (t, lead)


def averages_are_best() -> None:
    x = torch.linspace(-2, 2, 41, dtype=torch.float64)[:, None]
    level = COSINE(0.6)
    centres = torch.tensor(computed.hills()["centres"], dtype=torch.float64)
    points = (centres[:, None] + computed.HILL_STD * torch.linspace(-3, 3, 61, dtype=torch.float64)).flatten()
    weights = torch.exp(-(torch.linspace(-3, 3, 61, dtype=torch.float64) ** 2) / 2).repeat(len(centres))
    odds = weights * torch.exp(-((x - level.alpha * points) ** 2) / (2 * level.sigma**2))
    odds /= odds.sum(1, keepdim=True)
    best = (odds * points).sum(1, keepdim=True)
    assert torch.allclose(best, HILLS(x, level), atol=2e-3)
    for other in (best + 0.1, best - 0.1):
        assert ((odds * (points - other) ** 2).sum(1) > (odds * (points - best) ** 2).sum(1)).all()


def between_the_hills() -> None:
    place = HILLS(torch.tensor([[-0.3]], dtype=torch.float64), COSINE(0.6))
    everywhere = HILLS.log_density(torch.linspace(-2, 2, 4001, dtype=torch.float64)[:, None], COSINE(0.0)).exp()
    assert HILLS.log_density(place, COSINE(0.0)).exp() < 0.2 * everywhere.max()


def guesses_become_clearer() -> None:
    errors = [answered(t)[0] for t in (0.9, 0.8, 0.2, 0.1)]
    assert all(noisy > clean for noisy, clean in pairwise(errors)), errors


def steps_find_the_hills() -> None:
    one, ten = hills_walked("ddim", 1), hills_walked("ddim", 10)
    assert float(one.std()) < 1e-6 and abs(float(one.mean()) - 1.45 / 9) < 1e-3
    assert all(abs(found - share) < 0.07 for found, share in zip(on_hills(ten), (3 / 9, 2 / 9, 4 / 9), strict=True))


def fresh_noise_restores() -> None:
    whole, half, none = (hills_walked("ddpm", 50, share) for share in (1.0, 0.5, 0.0))
    width = [float(x[x > 0.75].std()) for x in (whole, half)]
    assert 0.8 * computed.HILL_STD < width[0] < 1.05 * computed.HILL_STD and width[1] < 0.7 * computed.HILL_STD, width
    spread = [float(hills_walked("ddpm", steps).std()) for steps in (5, 50)]
    assert spread[0] < 0.87 * 1.153 and abs(spread[1] - 1.153) < 0.03, f"too little if steps are large: {spread}"
    assert float(none.max() - none.min()) < 1e-6
    peak = HILLS.log_density(torch.linspace(0.75, 2, 2001, dtype=torch.float64)[:, None], COSINE(0.0)).exp().max()
    assert abs(float(HILLS.log_density(none[:1], COSINE(0.0)).exp() / peak) - 0.5) < 0.05


def fine_skip() -> None:
    assert abs(answered(0.2)[0] - 0.029) < 0.002 and abs(answered(0.2, "skip 0.0")[0] - 0.145) < 0.01
    assert 4.4 < times_worse(0.2, "skip 0.0") < 5.6 and times_worse(0.9, "skip 0.0") < 1.15


def noise_level_told() -> None:
    assert abs(answered(0.8)[0] - 0.16) < 0.015 and abs(answered(0.8, "time")[0] - 0.37) < 0.03
    assert times_worse(0.8, "time") > 2
    assert answered(0.8, "time")[0] - answered(0.8)[0] > 3 * (answered(0.2, "time")[0] - answered(0.2)[0])


def class_told() -> None:
    guesses = (answered(t, "", 3)[1] for t in (0.1, 0.8))
    little, much = ((classifier().read(guess)[1] - digits()[1][HELD_OUT]) % 10 for guess in guesses)
    assert float((little == 0).float().mean()) > 0.975 and float((much == 3).float().mean()) > 0.98


def what_parts_matter() -> None:
    for part in ("time", "class", "skip 0.0"):
        assert max(times_worse(t, part) for t in (0.2, 0.8)) > 1.5, part
    for part in ("middle", "skip 1.0", "attention down 1.0", "attention middle", "attention up 1.0"):
        assert max(times_worse(t, part) for t in (0.2, 0.8)) < 1.25, part


def network_size() -> None:
    told = inside().describe()
    blocks = told["parameters"]
    lower = sum(count for name, count in blocks.items() if name in ("down 1.0", "middle", "up 1.0"))
    assert model("digits").parameter_count == 1_785_345
    assert lower / model("digits").parameter_count > 0.75
    assert set(told["heads"].values()) == {2} and told["widths"] == [64, 128]
    assert 860e6 / 1_785_345 > 300  # of Stable Diffusion


def recorded_run() -> None:
    seen, held = mean_errors("seen"), mean_errors("held_out")
    assert max(seen) == 256_000 and abs(8000 / 256_000 - 0.03) < 0.002
    fall = (held[0] - held[8000]) / (held[0] - min(held.values()))
    assert 0.9 <= fall < 0.94 and (round(held[8000], 3), round(held[16_000], 3)) == (0.153, 0.137), fall
    assert sorted(held, key=held.__getitem__)[:2] in ([128_000, 64_000], [64_000, 128_000])
    assert round(min(held.values()), 3) == 0.126 and round(held[256_000], 3) == 0.137
    assert all(a > b for a, b in pairwise(seen.values())) and round(seen[256_000], 3) == 0.094
    assert 14 * 60 <= RECORDED["moments"][-1]["seconds"] < 15 * 60 and len(RECORDED["labels"]) == 40
    assert len(digits()[0]) * 9 // 10 == 1617


def recorded_samples() -> None:
    read = [moment["read"] for moment in judged()["moments"]]
    images = list(mean_errors("seen"))
    assert read[images.index(8000)] == 34 and min(read[images.index(16_000) :]) >= 39
    seen, held = (
        [moment[which] for moment in judged()["moments"]][images.index(16_000) :] for which in ("seen", "held_out")
    )
    assert seen[0] - seen[-1] > 2.5 * (held[0] - held[-1]), (seen, held)


def noise_error_falls() -> None:
    last_seen = RECORDED["moments"][-1]["seen"]
    assert all(a > b for a, b in pairwise(last_seen))
    first, later = RECORDED["moments"][0]["seen"], RECORDED["moments"][3]["seen"]
    fallen = [(a - b) / a for a, b in zip(first, later, strict=True)]
    assert all(a < b for a, b in pairwise(fallen[:-2])), "much noise first"


def batches_scatter_less() -> None:
    pictures = digits()[0][:800]
    level = COSINE(0.5)
    x = level.add_noise(pictures, torch.randn(pictures.shape, generator=torch.Generator().manual_seed(2)))
    with torch.no_grad():
        guess = model("digits").denoiser(x, level, {"label": digits()[1][:800]})
    errors = (level.eps(x, guess) - level.eps(x, pictures)).square().mean((1, 2, 3))
    assert errors.std() > 0.3 * errors.mean() and errors.reshape(10, 80).mean(1).std() < 0.1 * errors.mean()


def ends_and_middle_of_the_schedules() -> None:
    """The ends of schedules, nearly fixed, their middle, and what a wrong root comes to."""
    assert float(COSINE(1.0).alpha) < 0.01 and float(COSINE(0.0).sigma) < 0.01
    assert 0 < float(LINEAR(1.0).alpha) < 0.01
    assert round(float(LINEAR(0.5).alpha), 2) == 0.28 and round(float(LINEAR(0.5).alpha ** 2), 2) == 0.08
    assert round(float(COSINE(0.5).alpha), 2) == 0.70 and abs(float(COSINE(0.587).alpha) - 0.6) < 0.01
    assert abs(float(COSINE(0.5).sigma / COSINE(0.5).alpha) - 1) < 0.02
    assert abs(float(LINEAR.betas.max()) - 0.02) < 1e-9
    wrong = torch.zeros((), dtype=torch.float64)
    for beta in LINEAR.betas:  # the variance in place of its root
        wrong = (1 - beta) * wrong + beta**2
    assert round(float(wrong.sqrt()), 2) == 0.14
    assert (0.6**2 + 0.8**2, round(0.6 * 0.8, 2)) == (1.0, 0.48)


def ratios_are_in_order() -> None:
    source = (ENGLISH / "quiz" / "forward.ts").read_text(encoding="utf-8")
    levels = [
        (float(alpha), float(sigma)) for alpha, sigma in re.findall(r"text: 'α = ([\d.]+), σ = ([\d.]+)'", source)
    ]
    said = [float(ratio) for ratio in re.findall(r"says: 'σ/α = ([\d.]*\d)", source)]
    found = [sigma / alpha for alpha, sigma in levels]
    assert np.allclose(found, said) and found == sorted(found) and len(found) == 5
    assert round(found[4] / found[1]) == 20 and levels[4][1] == levels[1][1]


def one_start_one_end() -> None:
    same = torch.full((2000, 1), 0.7, dtype=torch.float64)
    draw = ImageNoise([0] * 2000, (1,))
    ends = last(sample(HILLS, grid("trailing", COSINE, 20), stepper("ddim"), draw, start=same)).x
    assert torch.equal(ends, ends[:1].expand_as(ends)) and float(hills_walked("ddim", 20).std()) > 0.9


def ddpm_keeps_a_share() -> None:
    level = COSINE(torch.linspace(1, 0, 51, dtype=torch.float64)[1:])
    kept = level.alpha[:-1] * level.sigma[1:] / (level.sigma[:-1] * level.alpha[1:])
    assert ((kept >= 0) & (kept < 1)).all()


def rounding_is_small() -> None:
    assert 1e4 * torch.finfo(torch.float32).eps < min(mean_errors("held_out").values())


def noise_level_matters_most_at_much() -> None:
    more = [answered(t, "time")[0] - answered(t)[0] for t in (0.8, 0.2)]
    assert abs(more[0] - 0.20) < 0.015 and abs(more[1] - 0.03) < 0.01, more


def no_middle_extreme() -> None:
    errors = RECORDED["moments"][-1]["seen"]
    assert min(errors) < errors[len(errors) // 2] < max(errors)


def between_the_hills_in_the_panel() -> None:
    """At much noise the guess over a valley is where there are hardly any data, and nearer to it with less noise."""
    x = torch.tensor([[-0.5]], dtype=torch.float64)
    best = HILLS(x, COSINE(0.7))
    highest = HILLS.log_density(torch.linspace(-2, 2, 4001, dtype=torch.float64)[:, None], COSINE(0.0)).exp().max()
    assert HILLS.log_density(best, COSINE(0.0)).exp() < 0.2 * highest, best
