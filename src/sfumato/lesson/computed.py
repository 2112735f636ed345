"""All that the lesson's pages show, computed here: schedules as tables, samplers as programs, denoisers as graphs.

    python -m sfumato.lesson.computed web/public/computed

The pages only look tables up, add what a program tells them to add, and ask graphs: no formula is written twice.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

import sfumato
from sfumato.baselines import Baseline, load_baseline
from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES, Cosine, FiniteSet, Level, NetDenoiser, Schedule
from sfumato.diffusion.parameterizations import c_noise
from sfumato.diffusion.paths import level_at
from sfumato.diffusion.schedules import DiscreteBetas
from sfumato.hub import Model
from sfumato.hub.config import plain
from sfumato.hub.onnx import codec_onnx, graph_onnx, network_onnx, program_data
from sfumato.hub.prompts import TOKENIZER
from sfumato.hub.zoo import load_zoo
from sfumato.lesson.card import card
from sfumato.lesson.computed_evaluation import evaluation
from sfumato.lesson.computed_judged import judged
from sfumato.lesson.computed_pixels import pixels
from sfumato.lesson.computed_vae import vae
from sfumato.lesson.few_calls import drift_graph, lanes
from sfumato.lesson.grids import grids_of
from sfumato.lesson.inside import Inside
from sfumato.lesson.latents import trip
from sfumato.sampling import SAMPLERS, grid, stepper
from sfumato.sampling.program import run as run_program
from sfumato.sampling.program import trace
from sfumato.seeds import torch_generator

RECORDED = Path(__file__).parent / "recorded"
TIMES = 256  # a schedule's table has this many intervals
CENTRES = 256  # of a cloud: what its exact denoiser weighs
CLOUDS = {
    "torus-knot": "points:torus-knot",
    "spiral": "points:spirals",
    "helix": "points:helix",
    "roll": "points:swiss-roll-3d",
}
PLANES = ("moons", "spirals", "rings", "pinwheel")  # that a page can train on
HILLS = ((-1.35, 3), (0.25, 2), (1.25, 4))  # where the landscape's three hills stand, and their weights
HILL_STD = 0.16
CLOUD_STEPS = (1, 2, 3, 5, 10, 20, 50)
WALKERS = ("ddpm", "ddim", "euler", "heun", "dpm++2m", "unipc2")
GUIDANCE = (*(g / 4 for g in range(21)), 6.0, 7.0, 8.0)
PROMPT_GUIDANCE = tuple(g / 2 for g in range(13))
PICTURES = (
    "cat face", "rocket", "house", "red apple", "butterfly", "penguin", "mushroom", "tropical fish", "strawberry",
    "panda",
)  # fmt: skip
EMOJI_STEPS = (1, 2, 3, 5, 10, 20, 50, 100)
FRESH_PROMPT, FRESH_STEPS, FRESH_COUNT = "cat face", 50, 8  # DDPM's walk with and without its fresh noise
PROMPT_STEPS = 12  # fewer than in Python: a dial is to be turned, and three pictures are generated at each turn
# Prompts to begin with, and whether the model was trained on a drawing of that name.
PROMPTS = (
    ("penguin", True), ("red heart", True), ("santa claus", True), ("strawberry", True),
    ("blue circle", False), ("purple heart", False), ("orange heart", False), ("artist, light skin tone", False),
)  # fmt: skip
AVATARS, AVATAR_STEPS = 6, 16  # drawings beside their model, and steps in which the page walks
AVATAR_PROMPTS = (
    "green cactus plant, yellow cylinder pot, happy eyes, smile mouth, purple background",
    "turquoise flower plant, yellow bowl pot, happy eyes, smile mouth, dark green background, light pink bloom",
    "green grass plant, light blue round pot, wink eyes, smile mouth, red background",
)


def write_computed(folder: Path, model: Model | None = None) -> None:
    """Write everything into `folder`, anew; `model` is a digits-like network, the shipped one if left out."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = model or load_zoo("digits")
    _json(folder / "schedules.json", schedules())
    _json(folder / "clouds.json", {name: cloud(spec) for name, spec in CLOUDS.items()} | {"hills": hills()})
    _json(folder / "planes.json", {name: plane(f"points:{name}") for name in PLANES})
    (folder / "exact.onnx").write_bytes(exact_graph())
    walks(Cosine(), CLOUD_STEPS, None, folder / "walks" / "cloud")
    digits(model, folder / "digits")
    (folder / "drift.onnx").write_bytes(drift_graph())
    rivals(folder / "digits" / "rivals")
    emoji(load_zoo("emoji"), folder / "emoji")
    avatars(load_zoo("avatars"), folder / "avatars")
    evaluation(folder / "evaluation")
    vae(folder / "vae")
    pixels(folder / "pixels")
    card().save(folder / "card.png", optimize=True)
    named = sorted(p for p in folder.rglob("*") if p.is_file())
    sizes = {p.relative_to(folder).as_posix(): p.stat().st_size for p in named}
    _json(folder / "manifest.json", {"version": sfumato.__version__, "files": sizes})


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n", encoding="utf-8")


def _numbers(values: Tensor | NDArray[Any] | Sequence[float], digits: int = 8) -> list[float]:
    """As float32 would hold them, written in as few figures; what is infinite ends at ±99."""
    return [float(f"{v:.{digits}g}") for v in np.clip(np.asarray(values, np.float64), -99, 99)]


def schedules() -> dict[str, Any]:
    """Each schedule at 257 times, its single steps where it has them, and the level at each logSNR."""
    times = torch.linspace(0, 1, TIMES + 1, dtype=torch.float64)
    tables: dict[str, Any] = {}
    for name in ("linear", "cosine", "sigmoid", "flow", "edm"):
        schedule = SCHEDULES[name]()
        level = schedule(times)
        table = {"alpha": _numbers(level.alpha), "sigma": _numbers(level.sigma), "logsnr": _numbers(level.logsnr)}
        if isinstance(schedule, DiscreteBetas):  # x_k = keep·x_(k−1) + add·eps
            table["keep"] = _numbers((1 - schedule.betas).sqrt())
            table["add"] = _numbers(schedule.betas.sqrt())
        tables[name] = table
    logsnr = torch.linspace(-14, 14, 2 * TIMES + 1, dtype=torch.float64)
    at = level_at(logsnr, "preserving")
    return {
        "schedules": tables,
        "by_logsnr": {"from": -14, "to": 14, "alpha": _numbers(at.alpha), "sigma": _numbers(at.sigma)},
    }


def cloud(spec: str, count: int = CENTRES) -> dict[str, Any]:
    """A point set as the Gaussians about `count` centres, by k-means: lifted into space where it is flat."""
    data = open_dataset(spec)
    points = np.asarray(data.samples, np.float64)
    if points.shape[1] == 2:
        points = np.concatenate([points, np.zeros((len(points), 1))], axis=1)
    centres, std = centres_of(points, count)
    return {"dimension": 3, "std": round(std, 4), "centres": _numbers(centres.ravel(), 5)}


def centres_of(points: NDArray[np.float64], count: int, rounds: int = 12) -> tuple[NDArray[np.float64], float]:
    """`count` centres of `points` (n, d) by Lloyd's algorithm, and the spread about them along one coordinate."""
    centres = points[np.random.default_rng(0).choice(len(points), count, replace=False)]
    for _ in range(rounds):
        nearest = _nearest(points, centres)
        for k in range(count):
            if (nearest == k).any():
                centres[k] = points[nearest == k].mean(0)
    nearest = _nearest(points, centres)
    return centres, float(np.sqrt(((points - centres[nearest]) ** 2).mean()))


def _nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    """Of each point the centre at the least |c|² − 2 x·c, which is the squared distance but for |x|²."""
    nearest: NDArray[np.int64] = ((centres**2).sum(1) - 2 * points @ centres.T).argmin(1)
    return nearest


def plane(spec: str) -> list[float]:
    """A thousand points in the plane, x and y in turn, of unit variance."""
    points = np.asarray(open_dataset(f"{spec}:1000").samples, np.float64)
    return _numbers(((points - points.mean(0)) / points.std()).ravel(), 4)


def hills() -> dict[str, Any]:
    """The one-dimensional data of the landscape: three hills of unequal weight."""
    centres = [place for place, weight in HILLS for _ in range(weight)]
    return {"dimension": 1, "std": HILL_STD, "centres": centres}


class Exact(nn.Module):
    """The exact denoiser of a cloud as a graph, with the predicted noise, the score and the log density beside it."""

    def forward(
        self, x: Tensor, alpha: Tensor, sigma: Tensor, centres: Tensor, std: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        data = FiniteSet(centres, std, torch.float32)
        level = Level(alpha, sigma)
        answer = data(x, level)
        eps = (x - alpha * answer) / sigma
        return answer, eps, -eps / sigma, data.log_density(x, level)


def exact_graph() -> bytes:
    one = torch.ones(1)
    count, dimension, many = (
        torch.export.Dim("count", min=1, max=2_000_000),
        torch.export.Dim("dimension", min=1, max=4096),
        torch.export.Dim("centres", min=2, max=65_536),
    )
    inputs = {"x": torch.randn(5, 3), "alpha": one * 0.8, "sigma": one * 0.6, "centres": torch.randn(7, 3), "std": one}
    shapes = ({0: count, 1: dimension}, None, None, {0: many, 1: dimension}, None)
    return graph_onnx(Exact(), inputs, shapes, ["answer", "eps", "score", "log_density"])


def walks(
    schedule: Schedule, steps: Sequence[int], denoiser: NetDenoiser | None, folder: Path, rule: str = "trailing"
) -> None:
    """`folder/<sampler>.json`: step count → program."""
    for name in WALKERS:
        programs = {}
        for count in steps:
            if (count > 50 and name not in ("ddpm", "ddim")) or count < SAMPLERS[name].needs:
                continue
            programs[count] = walk_program(name, grid(rule, schedule, count), denoiser)
        about = {"name": name, "deterministic": SAMPLERS[name].deterministic, "use": SAMPLERS[name].use}
        _json(folder / f"{name}.json", {**about, "programs": programs})


def walk_program(sampler: str, levels: Level, denoiser: NetDenoiser | None) -> dict[str, Any]:
    """The walk down a grid by one sampler, as data."""
    parameterization = denoiser.parameterization if denoiser is not None else None
    return short(program_data(trace(stepper(sampler, steps=len(levels) - 1), levels), parameterization))


def guided(model: Model, steps: int, scales: Sequence[float]) -> dict[str, Any]:
    """Guidance scale → the program of the model's own sampler in `steps` steps."""
    settings = model.config.sampling
    assert isinstance(model.denoiser, NetDenoiser)
    levels = grid(settings.grid, settings.schedule, steps)
    return {
        f"{scale:g}": short(
            program_data(trace(stepper(settings.sampler), levels, scale), model.denoiser.parameterization)
        )
        for scale in scales
    }


def short(program: dict[str, Any]) -> dict[str, Any]:
    """The program in as many figures as float32 has."""

    def cut(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.8g}")
        if isinstance(value, list):
            return [cut(v) for v in value]
        if isinstance(value, dict):
            return {k: cut(v) for k, v in value.items()}
        return value

    rounded: dict[str, Any] = cut(program)
    return rounded


def digits(model: Model, folder: Path) -> None:
    """The network, what goes on inside it, its guided walks, real digits, and how it learnt."""
    folder.mkdir(parents=True)
    (folder / "network.onnx").write_bytes(network_onnx(model, half=True))
    inside = Inside(model.denoiser.net)  # type: ignore[arg-type]
    (folder / "inside.onnx").write_bytes(inside.onnx(model.config.shape))
    settings = model.config.sampling
    _json(folder / "guided.json", {
        "sampling": plain(settings),
        "programs": guided(model, settings.steps, GUIDANCE),
    })  # fmt: skip
    dataset = open_dataset("digits")
    assert dataset.labels is not None
    first = [int(i) for label in range(10) for i in np.flatnonzero(dataset.labels == label)[:8]]
    (folder / "real.bin").write_bytes(np.ascontiguousarray(dataset.samples[first]).tobytes())
    _json(folder / "about.json", {
        "shape": list(model.config.shape),
        "classes": list(model.config.classes),
        "parameters": model.parameter_count,
        "weights": model.weights_hash,
        "levels": {name: network_levels(model, name) for name in ("cosine", "flow")},
        "real_labels": [int(dataset.labels[i]) for i in first],
        "inside": inside.describe(),
    })  # fmt: skip
    for path in RECORDED.glob("digits.*"):
        shutil.copyfile(path, folder / f"recorded{path.suffix}")
    _json(folder / "grids.json", grids_of(model, HILLS, HILL_STD))
    _json(folder / "judged.json", judged())
    student = load_zoo("digits-student")
    (folder / "student.onnx").write_bytes(network_onnx(student, half=True))
    walked = [{"who": who, "program": short(program)} for who, _, program in lanes(model, student)]
    _json(folder / "few.json", {"bytes": (folder / "student.onnx").stat().st_size, "lanes": walked})


def network_levels(model: Model, schedule: str) -> dict[str, Any]:
    """What turns the network's answer into a clean picture, and into noise, at 257 times of a schedule."""
    level = SCHEDULES[schedule]()(torch.linspace(0, 1, TIMES + 1, dtype=torch.float64)[1:])
    c_in, c_skip, c_out = model.denoiser.parameterization.in_skip_out(level)
    alpha, sigma = level.numbers
    columns = {"c_in": c_in, "c_skip": c_skip, "c_out": c_out, "c_noise": c_noise(level)}
    columns |= {"eps_skip": (1 - alpha * c_skip) / sigma, "eps_out": -alpha * c_out / sigma}  # the same, as noise
    return {key: [None, *_numbers(np.asarray(column))] for key, column in columns.items()}


def emoji(model: Model, folder: Path) -> None:
    """The network that reads prompts, its tokenizer, its walks, and some drawings that it was trained on.

    `drawings.bin` has `PICTURES`, `fresh.bin` what DDPM makes of eight seeds with its noise, then without, in bytes.
    """
    folder.mkdir(parents=True)
    settings = model.config.sampling
    walks(settings.schedule, EMOJI_STEPS, model.denoiser, folder / "walks", settings.grid)
    drawn = np.asarray(Image.open(RECORDED / "emoji.png")).reshape(32, len(PICTURES), 32, 3).transpose(1, 3, 0, 2)
    (folder / "drawings.bin").write_bytes(np.ascontiguousarray(drawn).tobytes())
    (folder / "fresh.bin").write_bytes(np.concatenate([fresh(model, share) for share in (1, 0)]).tobytes())
    (folder / "network.onnx").write_bytes(network_onnx(model, half=True))
    assert model.tokenizer is not None
    (folder / TOKENIZER).write_text(model.tokenizer.to_str(), encoding="utf-8")
    _json(folder / "about.json", {
        "shape": list(model.config.shape),
        "tokens": model.tokens([""]).shape[1],
        "parameters": model.parameter_count,
        "weights": model.weights_hash,
        "levels": {"cosine": network_levels(model, "cosine")},
        "prompts": [{"text": text, "seen": seen} for text, seen in PROMPTS],
        "programs": guided(model, PROMPT_STEPS, PROMPT_GUIDANCE),
    })  # fmt: skip


def avatars(model: Model, folder: Path) -> None:
    """The network that walks in latents, its autoencoder, and in `drawings.bin` six avatars that neither has seen."""
    folder.mkdir(parents=True)
    assert model.codec is not None and model.tokenizer is not None
    channels, height, width = model.codec.config.picture
    sheet = np.asarray(Image.open(RECORDED / "avatars.png")).reshape(height, AVATARS, width, channels)
    drawings = np.ascontiguousarray(sheet.transpose(1, 3, 0, 2))
    (folder / "drawings.bin").write_bytes(drawings.tobytes())
    (folder / "first.bin").write_bytes(trip(model.codec, drawings[0].tobytes()))
    graphs = {**codec_onnx(model.codec, half=True), "network": network_onnx(model, half=True)}
    for name, graph in graphs.items():
        (folder / f"{name}.onnx").write_bytes(graph)
    (folder / TOKENIZER).write_text(model.tokenizer.to_str(), encoding="utf-8")
    guidance = model.config.sampling.guidance
    _json(folder / "about.json", {
        "shape": list(model.config.shape),
        "tokens": model.tokens([""]).shape[1],
        "parameters": model.parameter_count,
        "bytes": sum(len(graphs[name]) for name in ("network", "decoder")),
        "prompts": list(AVATAR_PROMPTS),
        "program": guided(model, AVATAR_STEPS, [guidance])[f"{guidance:g}"],
    })  # fmt: skip


def fresh(model: Model, share: float) -> NDArray[np.uint8]:
    """Seeds 0 to 7 walked by DDPM given only `share` of its fresh noise, `(8, 3, 32, 32)`."""
    settings = model.config.sampling
    levels = grid(settings.grid, settings.schedule, FRESH_STEPS)
    streams = [torch_generator("image", seed) for seed in range(FRESH_COUNT)]
    shares = chain([1.0], repeat(share))  # what it begins with is not fresh

    def noise() -> Tensor:
        return next(shares) * torch.stack([torch.randn(model.config.shape, generator=one) for one in streams])

    asked = {"text": model.tokens([FRESH_PROMPT] * FRESH_COUNT)}
    with torch.no_grad():
        *_, x = run_program(trace(stepper("ddpm", steps=FRESH_STEPS), levels), model.denoiser, noise, asked)
    pictures: NDArray[np.uint8] = ((x.clamp(-1, 1) + 1) * 127.5).round().byte().numpy()
    return pictures


class DrawOnce(nn.Module):
    """A GAN or a VAE as a graph: from noise to picture in one call."""

    def __init__(self, baseline: Baseline) -> None:
        super().__init__()
        self.baseline = baseline

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.baseline.generate(z, label)


def rivals(folder: Path) -> None:
    """The GAN, the VAE and the diffusion model that were trained by the same clock, and what was measured of all."""
    folder.mkdir(parents=True)
    place = RECORDED / "rivals"
    model = load_zoo("diffusion", place=place)
    (folder / "diffusion.onnx").write_bytes(network_onnx(model, half=True))
    batch = torch.export.Dim("batch", min=1, max=65_536)
    about = json.loads((place / "claims.json").read_bytes())
    for kind in ("gan", "vae"):
        baseline = load_baseline(place / kind)
        inputs = {"z": torch.zeros(2, baseline.config.latent), "label": torch.zeros(2, dtype=torch.int64)}
        graph = graph_onnx(DrawOnce(baseline), inputs, ({0: batch}, {0: batch}), ["answer"], half=True)
        (folder / f"{kind}.onnx").write_bytes(graph)
        about["latent"] = baseline.config.latent
    settings = model.config.sampling
    levels = grid(settings.grid, settings.schedule, settings.steps)
    about["program"] = short(program_data(trace(stepper(settings.sampler), levels), model.denoiser.parameterization))
    _json(folder / "about.json", short(about))


if __name__ == "__main__":
    write_computed(Path(sys.argv[1]))
