"""What the lesson's English says in numbers and comparisons, computed anew; and nothing of the kind is left out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from prose import CHAPTERS, ENGLISH, WEB, claims, sentences
from sfumato.data import open_dataset
from sfumato.data.emoji import open_emoji
from sfumato.diffusion import SCHEDULES, FiniteSet
from sfumato.diffusion.parameterizations import c_noise
from sfumato.evaluation.classifier import Classifier, train_classifier
from sfumato.hub import Model, SamplingConfig, load
from sfumato.lesson import computed
from sfumato.lesson.inside import Inside
from sfumato.sampling import Edit, ImageNoise, grid, last, sample, stepper
from sfumato.training.config import ObjectiveConfig

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
def walked(sampler: str, steps: int, wish: str = "smiling face") -> Tensor:
    """Six emoji as the panels of the sampling chapter draw them."""
    settings = model("emoji").config.sampling
    settings = SamplingConfig(sampler, steps, grid=settings.grid, schedule=settings.schedule)
    return model("emoji").sample(range(6), prompts=[wish] * 6 if wish else None, sampling=settings)


@cache
def answered(t: float, off: str = "", told: int = 0) -> tuple[float, Tensor]:
    """The error on held-out digits at time `t` with a part taken away, and what the guesses read as, less the truth."""
    pictures, labels = (values[HELD_OUT] for values in digits())
    denoiser, level = model("digits").denoiser, COSINE(t)
    gates = torch.tensor([float(name != off) for name in inside().switches])
    c_in, c_skip, c_out = (float(v) for v in denoiser.parameterization.in_skip_out(level))  # type: ignore[union-attr]
    x = level.add_noise(pictures, torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0)))
    with torch.no_grad():
        raw = inside()(c_in * x, c_noise(level).float().expand(len(x)), (labels + told) % 10, gates)[0]
        guess = c_skip * x + c_out * raw
    return float((guess - pictures).square().mean()), (classifier().read(guess)[1] - labels) % 10


def times_worse(t: float, off: str) -> float:
    return answered(t, off)[0] / answered(t)[0]


def mean_errors(which: str) -> dict[int, float]:
    return {moment["images"]: float(np.mean(moment[which])) for moment in RECORDED["moments"]}


@cache
def judged() -> dict[str, Any]:
    with patch.object(computed, "train_classifier", lambda *_: classifier()):  # which takes seconds
        return computed.judged()


@cache
def hills_walked(sampler: str, steps: int, share: float = 1.0, count: int = 2000) -> Tensor:
    draw = ImageNoise(range(count), (1,))
    start = torch.randn(count, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rule = stepper(sampler, steps=steps) if sampler == "ddpm" else stepper(sampler)
    return last(sample(HILLS, grid("trailing", COSINE, steps), rule, lambda: share * draw().double(), start=start)).x


def on_hills(x: Tensor) -> list[float]:
    return [float(((x > low) & (x < high)).double().mean()) for low, high in ((-9, -0.5), (-0.5, 0.75), (0.75, 9))]


@cache
def emoji(prompt: str, seeds: int = 4, w: float = 3.0) -> tuple[Tensor, Tensor]:
    """The first guesses and the ends of the walks that the panel “Words” shows."""
    settings = replace(model("emoji").config.sampling, steps=computed.PROMPT_STEPS, rule="plain", guidance=w)
    steps = list(model("emoji").stream(range(seeds), None, settings, prompts=[prompt] * seeds))
    guess = next(step.x0_hat for step in steps if step.x0_hat is not None)
    return guess.clamp(-1, 1), steps[-1].x.clamp(-1, 1)


def unlike(pictures: Tensor) -> float:
    """How far pictures are from one another, as a root mean square over pixels."""
    return float(torch.pdist(pictures.flatten(1)).mean()) / pictures[0].numel() ** 0.5


# What the sentences say, each as a check.


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
    alpha = torch.cumprod((1 - LINEAR.betas).sqrt(), 0)[699]
    assert torch.allclose(alpha, LINEAR(0.7).alpha) and torch.allclose((1 - alpha**2).sqrt(), LINEAR(0.7).sigma)


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
    little, much = ((answered(t, "", 3)[1]) for t in (0.1, 0.8))
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


def few_steps() -> None:
    """One step is the average of what the words fit, alike for every seed; then the pictures part."""
    apart = {steps: unlike(walked("ddim", steps)) for steps in (1, 3, 5, 10, 20)}
    assert apart[1] < 0.2 * apart[20] and all(a < b for a, b in pairwise(apart.values())), apart
    assert apart[3] > 2 * apart[1] and apart[10] < 0.95 * apart[20], apart
    drawn, names = open_emoji(), [" ".join(captions) for captions in open_emoji().captions or []]
    smiling = [i for i, name in enumerate(names) if {"smiling", "face"} <= set(name.replace(",", " ").split())]
    for wish, rows in (("smiling face", smiling), ("", range(len(drawn)))):
        average = drawn.batch(torch.tensor(rows))[0].mean(0).flatten()
        alike = [float(np.corrcoef(one.flatten(), average)[0, 1]) for one in walked("ddim", 1, wish)]
        assert min(alike) > 0.96, (wish, alike)
    assert len(smiling) > 10 and walked("ddim", 1).flatten(1).std(1).mean() > 0.5, "a face, not grey"


def twenty_are_enough() -> None:
    ends = {steps: walked("ddim", steps, "mushroom") for steps in (3, 20, 50)}
    apart = {steps: float((ends[steps] - ends[50]).square().mean().sqrt()) for steps in (3, 20)}
    assert apart[20] < 0.08 * unlike(ends[50]) and apart[3] > 5 * apart[20], apart
    assert torch.equal(ends[20], walked("euler", 20, "mushroom"))


def orders_pay() -> None:
    def error(sampler: str, steps: int) -> float:
        drawn = model("digits").sample(range(5), range(5), sampler=sampler, steps=steps)
        return float((drawn - exact).square().mean().sqrt())

    exact = model("digits").sample(range(5), range(5), sampler="dpm++2m", steps=100)
    for steps in (4, 8, 20):
        assert error("dpm++2m", steps) < error("ddim", steps)
    for steps in (8, 20):
        assert error("unipc2", steps) < 0.6 * error("ddim", steps)


def calls_counted() -> None:
    settings = model("digits").config.sampling
    for sampler, steps, calls in (("heun", 10, 18), ("dpm++2m", 10, 10), ("ddim", 50, 50)):
        found = list(
            model("digits").stream(
                [0], [3], SamplingConfig(sampler, steps, grid=settings.grid, schedule=settings.schedule)
            )
        )
        assert found[-1].calls == calls


def guidance_costs() -> None:
    drawn = {w: model("digits").sample(range(16), [3] * 16, guidance=w).flatten(1) for w in (1.0, 3.0, 8.0)}
    variety = [
        float(torch.cdist(x, x).fill_diagonal_(9e9).min(1).values.mean())
        for x in (x.clamp(-1, 1) for x in drawn.values())
    ]
    beyond = [float((x.abs() > 1.02).float().mean()) for x in drawn.values()]
    assert all(a > b for a, b in pairwise(variety)), variety
    assert beyond[-1] > 3 * beyond[0] and drawn[8.0].std() > digits()[0][digits()[1] == 3].std(), beyond
    _, read = classifier().read(model("digits").sample(range(40), [3] * 40, guidance=0.0))
    assert len(set(read.tolist())) >= 6, "w = 0 ignores the class"


def guesses_blur_or_not() -> None:
    """A red heart is final at the first guess and for every seed; a penguin is a blur first and differs by the seed."""
    (heart_guess, hearts), (penguin_guess, penguins) = emoji("red heart", w=1.0), emoji("penguin", w=1.0)
    assert float((penguin_guess - penguins).square().mean()) > 2 * float((heart_guess - hearts).square().mean())
    assert unlike(penguins) > 2.5 * unlike(hearts)
    names = [captions[0] for captions in open_emoji().captions or []]
    drawing = open_emoji().batch(torch.tensor([names.index("red heart")]))[0]
    apart = float((hearts - drawing).square().mean().sqrt())
    assert apart < 0.25, f"near the drawing that it was trained on: {apart}"


def words_combine() -> None:
    held_out = {captions[0] for captions in open_emoji("emoji:held-out").captions or []}
    seen = {captions[0] for captions in open_emoji().captions or []}
    assert {"blue circle", "purple heart", "orange heart"} <= held_out and not held_out & seen
    for text, known in computed.PROMPTS:
        assert (text in seen, text in held_out) == (known, not known), text
    blue = (emoji("blue circle")[1][:, :, 10:22, 10:22].mean((0, 2, 3)) + 1) / 2
    assert blue[2] > blue[0] + 0.2, f"blue: {blue}"
    purple = (emoji("purple heart")[1][:, :, 10:18, 10:22].mean((0, 2, 3)) + 1) / 2
    assert float(purple.max() - purple.min()) < 0.2, f"grey: {purple}"
    assert len(seen) == len(open_emoji()) == 3860 and 3.5e6 < model("emoji").parameter_count < 4.5e6


def three_from_one_noise() -> None:
    ends = [emoji("penguin", 1, w)[1] for w in (0.0, 1.0, 3.0)]
    assert all(unlike(torch.cat(pair)) > 0.1 for pair in pairwise(ends))


def kept_in_every_bit() -> None:
    picture = emoji("penguin")[1][0]
    mask = torch.zeros(1, 32, 32, dtype=torch.bool)
    mask[:, :15] = True
    settings = replace(model("emoji").config.sampling, steps=computed.PROMPT_STEPS, guidance=3.0)
    drawn = model("emoji").sample([0], prompts=["santa claus"], sampling=settings, edit=Edit(picture, mask=mask))[0]
    assert torch.equal(drawn[:, 15:], picture[:, 15:])
    red = drawn[0, 2:12, 6:26] - drawn[2, 2:12, 6:26]
    assert float((red > 0.6).float().mean()) > 0.1, "a red hat"


def latent_sizes() -> None:
    assert (
        512 * 512 * 3 == 786_432 and 786_432 / (64 * 64 * 4) == 48 and (512 * 512) / (64 * 64) == 64 and 64**2 == 4096
    )


def class_dropped() -> None:
    assert ObjectiveConfig().condition_dropout == 0.1


def page_counts() -> None:
    """What the texts count in the scenes: panes, blobs, points, seeds."""
    panes = "".join(path.read_text(encoding="utf-8") for path in (WEB / "src/chapters/forward").glob("S*.svelte"))
    said = (ENGLISH / "forward.ts").read_text(encoding="utf-8")
    assert "FRAMES = 9" in panes and "at nine moments" in said
    assert computed.CENTRES == 256
    assert sum(weight > 0 for _, weight in computed.HILLS) == 3


DEFINED = "holds by definition, or by the arithmetic that it spells out"
SHOWN = "says what stands on the page or what to do there"
PLAIN = "compares nothing that can be measured"
KNOWN = "from the papers and manuals of these systems"

# A piece of each sentence that says a number or compares, and the check that computes it, or why there is none.
SAID: dict[str, Callable[[], None] | str] = {
    # idea
    "set t to 0.5": SHOWN, "a little more at every moment": DEFINED, "the first half is useful": PLAIN,
    "The best guess of the clean point": averages_are_best, "a few hundred blobs": page_counts,
    "the best guess can be computed exactly": averages_are_best,
    # forward
    "Two numbers say how": DEFINED, "show one picture at": page_counts, "two things are done": DEFINED,
    "set t to 0.7": SHOWN, "The two numbers come": DEFINED, "a chain of a thousand steps": keeps_the_total,
    "Seven hundred small doses": keeps_the_total, "The two panes differ": DEFINED, "keep a little less": DEFINED,
    "Old variance times": keeps_the_total, "the total stays 1": keeps_the_total, "many powers of ten": spends_its_time,
    "At 0 both have": DEFINED, "Each 2.3 further down": spends_its_time, "spends 45% of it": spends_its_time,
    "cosine spends 14%": spends_its_time, "On the first three schedules": keeps_the_total,
    "The straight one has": keeps_the_total, "you see no more than before": DEFINED, "explained in two ways": DEFINED,
    "computes the odds between the two": odds_follow_the_noise, "The odds of the two": odds_follow_the_noise,
    "the smaller noise is the likelier one": odds_follow_the_noise,
    # reverse
    "in three clusters": page_counts, "three hills": page_counts, "Further back, noise": SHOWN,
    "become likelier fastest": DEFINED, "Look at “The best guess”": SHOWN,
    "stands at the best guess": averages_are_best,
    "the average has the smallest squared error": averages_are_best,
    "The answer with the smallest expected": averages_are_best, "at the next lower": DEFINED,
    "the next guess is clearer": guesses_become_clearer, "With ten steps": steps_find_the_hills,
    "the hills come out too thin": fresh_noise_restores, "two thousand walkers end": fresh_noise_restores,
    "the density there is half": fresh_noise_restores,
    # network
    "windows of 3 × 3": DEFINED, "A window of 3 × 3": PLAIN, "the same window covers twice": DEFINED,
    "On the lower floor the network sees": PLAIN, "the picture is doubled again": DEFINED,
    "which of four pixels": DEFINED,
    "becomes five times as large": fine_skip, "0.145 instead of 0.029": fine_skip, "the skip hardly matters": fine_skip,
    "its errors on them are a little smaller": recorded_run, "into 256 numbers": network_size,
    "the error more than doubles": noise_level_told, "99 times in 100": class_told, "it draws the class": class_told,
    "On the lower floor there is": SHOWN, "all sixteen places": DEFINED, "add up to 100%": DEFINED,
    "Two heads": network_size,
    "trust the numbers more": PLAIN, "a digit of 8 × 8": DEFINED, "hundreds of pixels apart": DEFINED,
    "the better its query": DEFINED, "This network has 1,785,345": network_size, "several hundred times": network_size,
    # training
    "a quarter of a million times": recorded_run, "each of the 1,785,345 weights": network_size,
    "With 80 digits you land": batches_scatter_less,
    "ten seconds are enough": SHOWN, "Two networks play": DEFINED,
    "no balance between two": DEFINED, "14 minutes on": recorded_run, "Two other models": DEFINED,
    "starts all three": SHOWN, "The best guess is their average": averages_are_best,
    "highest at little noise": noise_error_falls,
    "Most of its height": recorded_run, "3% of the run": recorded_run, "6 of the 40": recorded_samples,
    "it is one at most": recorded_samples, "from 0.153 to 0.137": recorded_run,
    "No answer can be better": averages_are_best,
    "All forty samples": recorded_run, "A tenth of the digits": recorded_run, "64,000 to 128,000": recorded_run,
    "risen to 0.137": recorded_run, "to 0.094": recorded_run, "its 1,617 examples": recorded_run,
    "nearer to the training pictures": recorded_samples, "The cure is more data": PLAIN,
    # sampling
    "Three walks start": SHOWN, "Heun needs two": calls_counted, "twenty steps are enough": twenty_are_enough,
    "at the lower level s": DEFINED, "eta = 0 is DDIM": DEFINED, "average of two directions": DEFINED,
    "nearer to the curve with equally many": orders_pay, "from four steps on": orders_pay,
    "the average of all smiling faces": few_steps, "the same for every seed": few_steps, "With three steps": few_steps,
    "With ten they still": few_steps, "the average of all drawings": few_steps,
    "a contest of two networks": DEFINED, "divided by 2 to the p": DEFINED,
    "by 2 for Euler": DEFINED, "alone or among a thousand": DEFINED, "Different seeds give": few_steps,
    # steering
    "one thing more": DEFINED, "given that it is a three": DEFINED, "“Two digits side by side”": SHOWN,
    "Ten classes can say": DEFINED, "A prompt says more": PLAIN, "of four million weights": words_combine,
    "the lower row of the film": SHOWN, "has put two words together": words_combine, "learnt from 3,860": words_combine,
    "hundreds of millions of pictures": KNOWN, "one caption in ten": class_dropped, "gives two guesses": DEFINED,
    "goes further that way": DEFINED, "w = 0 ignores": guidance_costs, "call our 1 their 0": KNOWN,
    "more like one another": guidance_costs, "rare ways to write a three": guidance_costs,
    "harsher than": guidance_costs,
    "about 3 to 8": KNOWN, "draws three pictures": SHOWN, "The three begin alike": three_from_one_noise,
    "512 × 512 pixels is": latent_sizes, "Most of them say little": PLAIN, "48 times fewer": latent_sizes,
    "The other half unfolds": DEFINED, "“A smaller space”": SHOWN, "greater than 48": latent_sizes,
    "4,096 times fewer": latent_sizes, "The factor of 8": latent_sizes, "3 colours become": latent_sizes,
    "the mask m is 1": DEFINED, "The more noise, the freer": guesses_become_clearer, "one axis more": DEFINED,
    # world
    "DALL·E, Stable Diffusion, Midjourney": PLAIN, ", 2022.": KNOWN, "From noise to picture, twice": KNOWN,
    "64 × 64 pixels": KNOWN,
    "Three walks one after": KNOWN, "to 64, then to 256": KNOWN, "Hundreds of millions": KNOWN,
    "with fewer steps": KNOWN,
    "The same walk, in a smaller": KNOWN, "860 million weights": KNOWN, "Billions of pictures": KNOWN,
    "20 to 50 steps": KNOWN,
    "guidance of about 7": KNOWN, "since 2022": KNOWN, "OpenAI, 2024": KNOWN, "Four systems": SHOWN,
    "never as few as": calls_counted, "the best pictures came from": KNOWN,
    "Five points": SHOWN, "All four begin": KNOWN, "a larger block": DEFINED, "on far more text": KNOWN,
    "The smaller space of": SHOWN, "16 numbers at each place": KNOWN, "This costs more and grows": KNOWN,
    "more weights and more data": KNOWN, "two narrow ones": DEFINED, "a hundred times smaller": KNOWN,
    "one more bridge": DEFINED, "in one to four": KNOWN, "In 2023 researchers": KNOWN,
    "about a hundred came back": KNOWN, "Removing doubles": KNOWN,
}  # fmt: skip
CHECKS = sorted({check for check in SAID.values() if not isinstance(check, str)}, key=lambda check: check.__name__)

# Questions whose answer is to be seen in their panel, or a number: what the panel shows, computed.
ASKED: dict[str, Callable[[], None] | str] = {
    "idea.paths": DEFINED, "idea.half": keeps_the_total, "forward.schedule": keeps_the_total,
    "forward.stories": odds_follow_the_noise, "reverse.between": between_the_hills,
    "reverse.no-noise": fresh_noise_restores,
    "network.skip": fine_skip, "network.time": noise_level_told, "training.level": noise_error_falls,
    "training.heart": recorded_run, "sampling.more-steps": twenty_are_enough, "sampling.one": few_steps,
    "steering.high": guidance_costs, "steering.zero": guidance_costs, "steering.first": guesses_blur_or_not,
    "world.video": KNOWN,
}  # fmt: skip


MORE = [between_the_hills, guesses_blur_or_not, kept_in_every_bit, what_parts_matter]


@pytest.mark.parametrize("check", [*CHECKS, *MORE], ids=lambda check: check.__name__)
def test_what_the_texts_say_is_so(check: Callable[[], None]) -> None:
    check()


def test_no_number_and_no_comparison_is_left_out() -> None:
    found = [sentence for chapter in CHAPTERS for sentence in claims(ENGLISH / f"{chapter}.ts")]
    unheld = [sentence for sentence in found if not any(piece in sentence for piece in SAID)]
    assert not unheld, "\n".join(unheld)
    every = " ".join(sentence for chapter in CHAPTERS for sentence in sentences(ENGLISH / f"{chapter}.ts"))
    assert not [piece for piece in SAID if piece not in every], "what no text says any more"


def test_what_is_to_be_predicted_is_computed() -> None:
    """Every question that is answered by looking has a check of what its panel shows, or holds by definition."""
    asked = [
        line.split("'")[1]
        for chapter in CHAPTERS
        for line, kind in pairwise((ENGLISH / "quiz" / f"{chapter}.ts").read_text(encoding="utf-8").splitlines())
        if line.strip().startswith("id: ") and any(f"'{name}'" in kind for name in ("predict", "guess", "draw"))
    ]
    assert sorted(asked) == sorted(ASKED)
    assert all(check in CHECKS or check in MORE for check in ASKED.values() if not isinstance(check, str))


def test_curves_to_be_drawn_are_the_recorded_ones() -> None:
    source = (ENGLISH / "quiz" / "training.ts").read_text(encoding="utf-8")
    level, heart = ([int(v) for v in found.split(",")] for found in re.findall(r"truth: \[([\d, ]+)\]", source))
    last_seen = dict(zip(RECORDED["times"], RECORDED["moments"][-1]["seen"], strict=True))
    errors = [last_seen[t] for t in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)]
    assert level == [round(100 * error / max(errors)) for error in errors]
    held = [mean_errors("held_out")[images] for images in (16_000, 32_000, 64_000, 128_000, 256_000)]
    assert heart == [round(10 + 80 * (error - min(held)) / (max(held) - min(held))) for error in held]


def test_questions_with_numbers_are_right() -> None:
    assert round(float(LINEAR(0.5).alpha), 2) == 0.28 and round(float(LINEAR(0.5).alpha ** 2), 2) == 0.08
    assert round(float(COSINE(0.5).alpha), 2) == 0.70 and abs(float(COSINE(0.587).alpha) - 0.6) < 0.01
    wrong = torch.zeros((), dtype=torch.float64)
    for beta in LINEAR.betas:  # forward.beta: β instead of its root
        wrong = (1 - beta) * wrong + beta**2
    assert round(float(wrong.sqrt()), 2) == 0.14
    assert float(COSINE(0.5).sigma / COSINE(0.5).alpha) == pytest.approx(1, abs=0.02)  # idea.half


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_price_in_minutes_is_true(chapter: str) -> None:
    """Read at 180 words a minute, questions at 220, with 24 seconds to think about each and two minutes to play."""
    text, quiz = (ENGLISH / f"{chapter}.ts", ENGLISH / "quiz" / f"{chapter}.ts")
    words, asked = (sum(len(sentence.split()) for sentence in sentences(path)) for path in (text, quiz))
    questions = len(re.findall(r"^    id: '", quiz.read_text(encoding="utf-8"), re.MULTILINE))
    said = int(re.findall(r"minutes: (\d+),", text.read_text(encoding="utf-8"))[0])
    assert abs(words / 180 + asked / 220 + 0.4 * questions + 2 - said) < 1.5
