"""The browser's answers are Python's: every exported graph, every sampler's walk, every table."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import sfumato
from lesson import missing, node, served
from sfumato.baselines import load_baseline
from sfumato.data import open_dataset
from sfumato.data.tokens import tokenize
from sfumato.diffusion import SCHEDULES, FiniteSet, Level, NetDenoiser, NoiseDistribution, Objective, Parameterization
from sfumato.diffusion.objective import Drawn
from sfumato.diffusion.parameterizations import c_noise
from sfumato.hub.zoo import load_zoo
from sfumato.lesson.computed import (
    AVATAR_PROMPTS,
    AVATAR_STEPS,
    CLOUD_STEPS,
    CLOUDS,
    EMOJI_STEPS,
    GUIDANCE,
    PROMPT_STEPS,
    PROMPTS,
    RECORDED,
    WALKERS,
    walk_program,
)
from sfumato.lesson.few_calls import Drift, lanes
from sfumato.lesson.server import SITE
from sfumato.nets.mlp import MLP, MLPConfig
from sfumato.sampling import SAMPLERS, Edit, ImageNoise, grid, last, sample, stepper

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]

SEEDS, LABELS = [0, 1, 2, 5], [3, 1, 4, 10]
CLASSES = [3, 1, 4, None]  # the same: the network's number for no class is one beyond the last


@pytest.fixture(scope="session")
def inputs() -> list[Path]:
    return sorted(path for path in Path(sfumato.__file__).parent.rglob("*.*") if path.suffix in (".py", ".safetensors"))


def computed(path: str) -> Any:
    return json.loads((SITE / "computed" / path).read_text())


def tensor(value: Tensor) -> dict[str, Any]:
    whole = value.dtype == torch.int64
    return {"data": value.flatten().tolist(), "dims": list(value.shape), "whole": whole}


def close(theirs: list[float], ours: Tensor, tolerance: float = 1e-4) -> None:
    torch.testing.assert_close(
        torch.tensor(theirs, dtype=torch.float64), ours.double().flatten(), rtol=tolerance, atol=tolerance
    )


def ask_all(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with served() as address:
        told = node("parity.mjs", address, told=asked)
    assert told["problems"] == []
    answered: list[dict[str, Any]] = told["answered"]
    return answered


def test_exact_denoisers() -> None:
    clouds, asked, expected = computed("clouds.json"), [], []
    for name in [*CLOUDS, "hills"]:
        told = clouds[name]
        dimension = told["dimension"]
        centres = torch.tensor(told["centres"]).reshape(-1, dimension)
        data = FiniteSet(centres.double(), told["std"])
        for t in (0.02, 0.3, 0.7, 1.0):
            level = SCHEDULES["cosine"]()(t)
            x = torch.randn(50, dimension, generator=torch.Generator().manual_seed(1))
            eps = level.eps(x.double(), data(x.double(), level))
            expected.append((data(x.double(), level), eps, data.log_density(x, level)))
            one = {"alpha": level.alpha, "sigma": level.sigma, "std": torch.tensor(told["std"])}
            inputs = {"x": x, "centres": centres, **{key: value.reshape(1).float() for key, value in one.items()}}
            asked.append({"graph": "exact", "inputs": {key: tensor(value) for key, value in inputs.items()}})
    for theirs, (answer, eps, log_density) in zip(ask_all(asked), expected, strict=True):
        close(theirs["answer"], answer)
        close(theirs["eps"], eps)
        close(theirs["log_density"], log_density)


def test_the_network_and_a_look_inside() -> None:
    model = load_zoo("digits")
    x = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    noise, label = torch.linspace(-1.5, 1.5, 4), torch.tensor(LABELS)
    about = computed("digits/about.json")["inside"]
    inputs = {"x": x, "c_noise": noise, "label": label}
    asked = [{"graph": "digits/network", "inputs": {key: tensor(value) for key, value in inputs.items()}}]
    one = {key: value[:1] for key, value in inputs.items()} | {"gates": torch.ones(len(about["switches"]))}
    off = one | {"gates": torch.tensor([float(name != "class") for name in about["switches"]])}
    asked += [{"graph": "digits/inside", "inputs": {k: tensor(v) for k, v in each.items()}} for each in (one, off)]
    network, inside, without = ask_all(asked)
    ours = model.denoiser.net(x, noise, label)
    close(network["answer"], ours)
    close(inside["answer"], ours[:1])
    assert np.abs(np.subtract(without["answer"], inside["answer"])).max() > 1e-2
    for name in about["heads"]:
        rows = np.array(inside["attention_" + name.replace(" ", "_").replace(".", "_")]).reshape(-1, 16)
        np.testing.assert_allclose(rows.sum(1), 1, atol=1e-5)


def test_a_seed_is_the_same_picture() -> None:
    """Noise, sampler and network together: what the browser draws from a seed is what Python draws."""
    model = load_zoo("digits")
    settings = model.config.sampling
    asked, expected = [], []
    for name in WALKERS:
        for steps in (s for s in (2, 5, 10, 50) if s >= SAMPLERS[name].needs):
            program = walk_program(name, grid(settings.grid, settings.schedule, steps), model.denoiser)
            walk = {"program": program, "seeds": SEEDS, "size": 64}
            asked.append({"walk": {**walk, "asked": {"kind": "digits", "labels": LABELS}}})
            expected.append(model.sample(SEEDS, CLASSES, sampler=name, steps=steps))
    for scale in (0.0, 1.0, 2.5):
        walk = {"guidance": f"{scale:g}", "seeds": SEEDS, "size": 64}
        asked.append({"walk": {**walk, "asked": {"kind": "digits", "labels": LABELS}}})
        expected.append(model.sample(SEEDS, CLASSES, guidance=scale))
    for theirs, ours in zip(ask_all(asked), expected, strict=True):
        close(theirs["x"], ours)


def test_a_student_walks_in_the_browser_as_here_and_points_drift_as_they_do_here() -> None:
    model, student = load_zoo("digits"), load_zoo("digits-student")
    asked, expected = [], []
    for (who, settings, program), told in zip(lanes(model, student), computed("digits/few.json")["lanes"], strict=True):
        assert (told["who"], told["program"]["calls"]) == (who, program["calls"])
        by, graph = (student, "digits/student") if who == "student" else (model, "digits/network")
        kind = {"kind": "digits", "labels": LABELS, "graph": graph}
        asked.append({"walk": {"program": told["program"], "seeds": SEEDS, "size": 64, "asked": kind}})
        expected.append(by.sample(SEEDS, CLASSES, sampling=settings))
    x, data = (torch.randn(count, 2, generator=torch.Generator().manual_seed(count)) for count in (40, 60))
    asked.append({"graph": "drift", "inputs": {"x": tensor(x), "data": tensor(data)}})
    *walked, drifted = ask_all(asked)
    for theirs, ours in zip(walked, expected, strict=True):
        close(theirs["x"], ours, 5e-3)  # the page has the student's weights in sixteen bits, and the zoo in more
    close(drifted["shift"], Drift()(x, data), 1e-3)


def test_a_step_of_training_in_the_page_is_the_package_s() -> None:
    """The points' network on the same weights, batch, levels and noise: answers, loss, gradient, and Adam's step."""
    generator = torch.Generator().manual_seed(3)
    shape = {"dimension": 2, "width": 32, "blocks": 3}
    net = MLP(MLPConfig(**shape))
    with torch.no_grad():
        for weight in net.parameters():  # the last layer too, which begins as zero
            weight.copy_(torch.randn(weight.shape, generator=generator) / max(weight.shape[-1], 9) ** 0.5)
    weights = torch.cat([weight.detach().flatten() for weight in net.parameters()])
    times, each, rate = torch.tensor([0.02, 0.3, 0.55, 0.97]), 3, 4e-3
    x0, eps = torch.randn(2, len(times) * each, 2, generator=generator)
    schedule = SCHEDULES["flow"]()
    level = schedule(times.double().repeat_interleave(each))
    denoiser = NetDenoiser(net, Parameterization("flow"))
    answer = (x0 - denoiser(x0, level)).detach() / level.sigma[:, None].float()
    loss = Objective(NoiseDistribution("uniform"), schedule, "flow").loss(denoiser, x0, None, Drawn(level, eps)).mean()
    loss.backward()
    gradient = torch.cat([weight.grad.flatten() for weight in net.parameters() if weight.grad is not None])
    torch.optim.Adam(net.parameters(), lr=rate).step()
    after = torch.cat([weight.detach().flatten() for weight in net.parameters()])
    told = {"shape": shape, "times": times.tolist(), "rate": rate}
    tensors = {"weights": weights, "x0": x0, "eps": eps}
    (one,) = ask_all([{"plane": told | {name: value.flatten().tolist() for name, value in tensors.items()}}])
    close(one["answer"], answer, 1e-5)
    close([one["loss"]], loss.detach(), 1e-5)
    close(one["gradient"], gradient, 1e-5)
    sure = gradient.abs() > 1e-4  # Adam's first step is the sign of the gradient, which rounding decides below
    assert sure.double().mean() > 0.9
    close(torch.tensor(one["weights"])[sure].tolist(), after[sure], 1e-5)


def test_the_rivals_draw_the_same_from_a_seed() -> None:
    """The GAN, the VAE and the diffusion model of their size, from noise made in the browser."""
    told, labels = computed("digits/rivals/about.json"), [3, 1, 4, 9]
    size = told["latent"] + 1
    noise_alone = {"scale": 1, "calls": 0, "lines": [{"arrive": [[0, 1.0]]}]}
    asks: dict[str, Any] = {"kind": "digits", "labels": labels}
    rival = {**asks, "graph": "digits/rivals/diffusion"}
    noise, walked = ask_all([
        {"walk": {"program": noise_alone, "seeds": SEEDS, "size": size, "asked": asks}},
        {"walk": {"program": told["program"], "seeds": SEEDS, "size": 64, "asked": rival}},
    ])  # fmt: skip
    close(noise["x"], ImageNoise(SEEDS, (size,))())
    close(walked["x"], load_zoo("diffusion", place=RECORDED / "rivals").sample(SEEDS, labels))
    z = torch.tensor(noise["x"]).reshape(len(SEEDS), size)[:, :-1]
    inputs = {"z": tensor(z), "label": tensor(torch.tensor(labels))}
    kinds = ("gan", "vae")
    answers = ask_all([{"graph": f"digits/rivals/{kind}", "inputs": inputs} for kind in kinds])
    for kind, theirs in zip(kinds, answers, strict=True):
        close(theirs["answer"], load_baseline(RECORDED / "rivals" / kind).sample(SEEDS, labels))


def test_prompts_are_the_same_tokens() -> None:
    tokenizer, length = load_zoo("emoji").tokenizer, computed("emoji/about.json")["tokens"]
    assert tokenizer is not None
    texts = [name for names in open_dataset("emoji:all").captions or () for name in names]
    mixed = random.Random(0)
    pool = [
        "a",
        "heart",
        " ",
        "É",
        "e\u0301",
        ",",
        "'",
        "[",
        "]",
        "ß",
        "½",
        "猫",
        "\U0001f600",
        "\u200d",
        "\t",
        "▁",
        "[PAD]",
    ]
    texts += ["".join(mixed.choices(pool, k=mixed.randint(1, 40))) for _ in range(500)]
    texts += ["", " ", "\n", "Crème BRÛLÉE", "ﬁne", "ΟΔΟΣ İ ẞ ǅ", "$%^&*+=<>|~`", "“quoted”—dash…", "a[UNK]b", "\x00"]
    texts += ["x" * 10_000, "red heart " * 1000, "".join(mixed.choices("abcdefghijklmnop", k=10_000))]
    (theirs,) = ask_all([{"texts": texts}])
    assert theirs == tokenize(tokenizer, texts, length).flatten().tolist()


def test_a_prompt_is_the_same_picture() -> None:
    """Words, noise, guidance and what is known of the picture: drawn in the browser as in Python."""
    model = load_zoo("emoji")
    prompts = ["green heart", "a cat, of 猫"]
    asked, expected = [], []
    plain = {"steps": PROMPT_STEPS, "rule": "plain", "interval": None, "threshold": False, "first": "network"}
    for scale in (0.0, 1.0, 3.5):
        asked.append({"walk": {"guidance": f"{scale:g}", "seeds": [2, 7], "asked": {"texts": prompts}}})
        expected.append(model.sample([2, 7], prompts=prompts, guidance=scale, **plain))
    picture, mask = expected[1][0], torch.zeros(1, 32, 32, dtype=torch.bool)
    mask[:, 6:20, 9:29] = True
    known = {"picture": picture.flatten().tolist(), "drawn": mask.flatten().int().tolist()}
    asked.append({"walk": {"guidance": "2.5", "seeds": [3], "asked": {"texts": ["red heart"], "known": known}}})
    edit = Edit(picture, mask=mask)
    expected.append(model.sample([3], prompts=["red heart"], guidance=2.5, edit=edit, **plain))
    answered = ask_all(asked)
    # Pixel by pixel a network of this depth, asked 24 times in single precision, strays a little further now and then.
    apart = [
        float((torch.tensor(theirs["x"]) - ours.flatten()).norm() / ours.norm())
        for theirs, ours in zip(answered, expected, strict=True)
    ]
    print("relative distances:", *(f"{share:.1e}" for share in apart))
    assert max(apart) < 1e-4
    drawn = torch.tensor(answered[-1]["x"]).reshape(picture.shape)
    assert torch.equal(drawn[:, ~mask[0]], picture[:, ~mask[0]])  # in every bit
    assert not torch.isclose(drawn, picture)[:, mask[0]].all()


def test_a_prompt_is_the_same_avatar() -> None:
    """Words, noise, the walk in latents and the decoder; and the encoder on the drawings beside them."""
    model, told = load_zoo("avatars"), computed("avatars/about.json")
    prompts, drawn = list(AVATAR_PROMPTS[:2]), (SITE / "computed" / "avatars" / "drawings.bin").read_bytes()
    drawings = torch.frombuffer(bytearray(drawn), dtype=torch.uint8).reshape(-1, *model.config.codec.picture)
    x = drawings[:2] / 127.5 - 1
    walk, encoded = ask_all([
        {"walk": {"of": "avatars", "seeds": [2, 7], "asked": {"texts": prompts}}},
        {"graph": "avatars/encoder", "inputs": {"picture": tensor(x)}},
    ])  # fmt: skip
    ours = model.sample([2, 7], prompts=prompts, steps=AVATAR_STEPS)
    apart = float((torch.tensor(walk["x"]) - ours.flatten()).norm() / ours.norm())
    print(f"relative distance: {apart:.1e}")
    assert apart < 1e-4
    assert model.codec is not None
    close(encoded["latents"], model.codec.encode(x))
    files = [(SITE / "computed" / "avatars" / f"{name}.onnx").stat().st_size for name in ("network", "decoder")]
    assert told["bytes"] == sum(files)  # as is said before they are fetched


def test_what_the_examples_say_of_the_training_is_true() -> None:
    captions = open_dataset("emoji:training").captions or ()
    known = {name for names in captions for name in names}
    assert {text: text in known for text, _ in PROMPTS} == dict(PROMPTS)


def test_clouds_walk_as_in_python() -> None:
    told = computed("clouds.json")["torus-knot"]
    centres = torch.tensor(told["centres"]).reshape(-1, 3)
    asked, expected = [], []
    for name in WALKERS:
        cloud = {"kind": "cloud", "centres": told["centres"], "dimension": 3, "std": told["std"]}
        walk = {"of": "cloud", "sampler": name, "steps": 10, "seeds": [9], "size": 600, "asked": cloud}
        asked.append({"walk": walk})
        data = FiniteSet(centres.double(), told["std"])
        noise, levels = ImageNoise([9], (600,)), grid("trailing", SCHEDULES["cosine"](), 10)

        def denoiser(x: Tensor, level: Level, cond: Any = None, data: FiniteSet = data) -> Tensor:
            return data(x.reshape(200, 3), level).reshape(1, 600)

        by = stepper(name, steps=10)
        expected.append(last(sample(denoiser, levels, by, lambda noise=noise: noise().double())).x)
    for theirs, ours in zip(ask_all(asked), expected, strict=True):
        close(theirs["x"], ours)


def test_tables() -> None:
    told = computed("schedules.json")["schedules"]
    times = torch.linspace(0, 1, 257, dtype=torch.float64)
    for name, table in told.items():
        level = SCHEDULES[name]()(times)
        close(table["alpha"], level.alpha, 1e-7)
        close(table["sigma"], level.sigma, 1e-7)
    parameterization = load_zoo("digits").denoiser.parameterization
    for name, table in computed("digits/about.json")["levels"].items():
        level = SCHEDULES[name]()(times[1:])
        scale, skip, out = (torch.as_tensor(c) for c in parameterization.in_skip_out(level))
        for key, ours in {"c_in": scale, "c_skip": skip, "c_out": out, "c_noise": c_noise(level)}.items():
            close(table[key][1:], ours, 1e-6)


def test_every_walk_is_there() -> None:
    for name in WALKERS:
        emoji, cloud = computed(f"emoji/walks/{name}.json"), computed(f"walks/cloud/{name}.json")
        least = SAMPLERS[name].needs
        most = 1000 if name in ("ddpm", "ddim") else 50
        assert [int(s) for s in emoji["programs"]] == [s for s in EMOJI_STEPS if least <= s <= most]
        assert [int(s) for s in cloud["programs"]] == [s for s in CLOUD_STEPS if s >= least]
        assert emoji["deterministic"] == SAMPLERS[name].deterministic
    assert set(computed("digits/guided.json")["programs"]) == {f"{scale:g}" for scale in GUIDANCE}
    assert isinstance(load_zoo("digits").denoiser, NetDenoiser)
