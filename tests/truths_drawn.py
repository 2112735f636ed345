"""What the lesson's English says of sampling and steering, each as a check."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import Tensor

from prose import ENGLISH, WEB
from sfumato.data.emoji import open_emoji
from sfumato.hub import SamplingConfig
from sfumato.hub.codec import Codec
from sfumato.hub.loading import load_codec
from sfumato.lesson import computed
from sfumato.sampling import Edit
from sfumato.training.config import ObjectiveConfig, ReconstructionConfig
from sfumato.training.reconstructions import psnr
from truths import classifier, digits, model


@cache
def walked(sampler: str, steps: int, wish: str = "smiling face") -> Tensor:
    """Some of the emoji that the panels of the sampling chapter draw."""
    settings = model("emoji").config.sampling
    settings = SamplingConfig(sampler, steps, grid=settings.grid, schedule=settings.schedule)
    return model("emoji").sample(range(3), prompts=[wish] * 3 if wish else None, sampling=settings)


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


@cache
def avatars() -> tuple[Codec, Tensor]:
    """The autoencoder of the lesson, and the drawings beside it."""
    sheet = torch.from_numpy(np.asarray(Image.open(computed.RECORDED / "avatars.png"), np.float32) / 127.5 - 1)
    drawings = torch.stack(sheet.permute(2, 0, 1).split(128, 2))
    return load_codec("avatars"), drawings


def decibels(pictures: Tensor, back: Tensor) -> float:
    return psnr(float((back.clamp(-1, 1) - pictures).square().mean()))


def autoencoder_squeezes() -> None:
    codec, drawings = avatars()
    assert (codec.config.picture, codec.config.shape, codec.config.compression) == ((3, 128, 128), (8, 16, 16), 24)
    assert 0.45e6 < sum(weight.numel() for weight in codec.net.parameters()) < 0.55e6
    painted = drawings[:1].clone()
    painted[:, :, 60:68, 60:68] = -1  # the middle
    changed = (codec.encode(painted) - codec.encode(drawings[:1])).abs().amax((0, 1)) > 0
    assert changed[7:9, 7:9].all() and changed.sum() < 0.5 * changed.numel() and not changed[[0, -1]].any()
    photo = torch.from_numpy(load_sample_image("china.jpg")[100:356, 200:456].copy()).permute(2, 0, 1)[None] / 127.5 - 1
    photo = torch.nn.functional.avg_pool2d(photo, 2)
    seen, unseen = (decibels(x, codec.decode(codec.encode(x))) for x in (drawings, photo))
    assert seen > 26 and unseen < seen - 3


def words_in_latents() -> None:
    """The panel's first example is drawn as it says, in latents, by a network of more weights than the emoji's."""
    config, pixels = model("avatars").config, model("emoji").config.shape
    assert config.shape == (8, 16, 16) and np.prod(config.seen[1]) == 16 * np.prod(pixels)
    assert model("avatars").parameter_count > model("emoji").parameter_count
    first = model("avatars").sample([0], prompts=[computed.AVATAR_PROMPTS[0]], steps=computed.AVATAR_STEPS)[0]
    red, green, blue = first[:, 8, 8].tolist()
    assert blue > red > green, "a purple background"
    pot, plant = first[:, 118, 64].tolist(), first[:, 55, 64].tolist()
    assert min(pot[:2]) > pot[2] + 0.5 and plant[1] > max(plant[0], plant[2]), "a yellow pot, a green cactus"


def latent_noise_is_borne() -> None:
    codec, drawings = avatars()
    assert ReconstructionConfig().latent_noise == 0.2
    latents, noise = codec.encode(drawings), torch.randn(6, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    none, little, much = (decibels(drawings, codec.decode(latents + strength * noise)) for strength in (0, 0.2, 1))
    assert none - little < 1.5 and much < none - 8


def class_dropped() -> None:
    assert ObjectiveConfig().condition_dropout == 0.1


def page_counts() -> None:
    """What the texts count in the scenes: pictures, blobs, points, seeds."""
    frames = "".join(path.read_text(encoding="utf-8") for path in (WEB / "src/chapters/forward").glob("S*.svelte"))
    said = (ENGLISH / "forward.ts").read_text(encoding="utf-8")
    assert "FRAMES = 9" in frames and "at nine moments" in said
    assert computed.CENTRES == 256
    assert sum(weight > 0 for _, weight in computed.HILLS) == 3


def guidance_doubles_calls() -> None:
    """At 0 and 1 one of the two answers drops out."""
    programs = computed.guided(model("digits"), 10, (0.0, 1.0, 1.5, 3.0, 8.0))
    assert {w: program["calls"] for w, program in programs.items()} == {"0": 10, "1": 10, "1.5": 20, "3": 20, "8": 20}
