"""How soon a given quality is reached: our trainer against two others, on the same cores.

    python benchmarks/time_to_quality.py [FOLDER]           the digits; with CIFAR-10's parquet in FOLDER, also that
    python benchmarks/time_to_quality.py --minutes 1 ...    what the others are given; 4 by default

The others train for four minutes, each with its own defaults and its own UNet of about 2.6 M parameters: the Trainer
of denoising-diffusion-pytorch, and diffusers' recipe for unconditional pictures (its
examples/unconditional_image_generation: AdamW 1e-4, batch 16, 500 warm-up steps, cosine decay, noise prediction,
average of the weights). Ours has a tenth of that. All learn without classes; the clock runs from the start of the
process, imports and saving included, to the end of the training. Samples are drawn afterwards, by each library's own
sampler: DDIM in 50 calls for the others, our default for ours. Scored by the Fréchet distance to the whole set, in the
penultimate features of one classifier of the set, in units of the distance between the set's random halves.

Prints one table and exits 1 where ours takes longer than that, or stands further away than one of the others. About 25
minutes with CIFAR-10, 10 without. Needs what benchmarks/other_trainers.py names.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sfumato.data import Dataset, open_dataset

COUNT = {"digits": 1000, "cifar10": 500}
OTHERS = ("denoising-diffusion-pytorch", "diffusers")


def open_set(name: str, folder: str) -> Dataset:
    """The set `name` without its classes."""
    if name == "digits":
        found = open_dataset("digits")
    else:
        from cifar10 import open_cifar10

        found = open_cifar10(Path(folder))
    return Dataset(found.name, found.samples, found.labels, found.classes)


def batches(dataset: Dataset, size: int, until: float, flip: bool) -> Iterator[Tensor]:
    """Shuffled batches in [−1, 1] without end, but for the clock's."""
    generator = torch.Generator().manual_seed(0)
    while True:
        for rows in torch.randperm(len(dataset), generator=generator).split(size):
            if time.time() > until:
                return
            x, _ = dataset.batch(rows)
            yield x.flip(-1) if flip and torch.rand((), generator=generator) < 0.5 else x


def other(contestant: str, dataset: Dataset, until: float, count: int) -> dict[str, Any]:
    """One of the other trainers, batch 16, pictures mirrored at random unless they are digits."""
    from other_trainers import DenoisingDiffusionPytorch, Diffusers

    trainer: DenoisingDiffusionPytorch | Diffusers
    mirrored = dataset.name != "digits"
    images = 0
    if contestant == "diffusers":
        trainer, started = Diffusers(dataset.shape, (32, 64, 96)), time.time()
        for x in batches(dataset, 16, until, mirrored):
            trainer.step(x, (time.time() - started) / (until - started))
            images += len(x)
    else:
        trainer = DenoisingDiffusionPytorch(dataset.shape, (1, 2, 4))
        for x in batches(dataset, 16, until, mirrored):
            trainer.step(x)
            images += len(x)
    ended = time.time()
    samples = trainer.sample([min(100, count - done) for done in range(0, count, 100)])
    return {"samples": samples, "ended": ended, "images": images, "parameters": trainer.parameters}


def sfumato(dataset: Dataset, until: float, count: int) -> dict[str, Any]:
    """The trainer as `sfumato train` starts it, with its defaults."""
    from sfumato.hub import load
    from sfumato.training import TrainingConfig, plan_run, start_run, train

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        plan = plan_run(dataset, TrainingConfig(dataset.name, minutes=(until - time.time()) / 60))
        trainer = start_run(folder, dataset, plan.config, plan.model, spent=plan.seconds)
        for _ in train(folder, trainer):
            pass
        ended = time.time()
        model = load(folder)
    samples = torch.cat([model.sample(range(at, min(at + 250, count))) for at in range(0, count, 250)])
    return {"samples": samples, "ended": ended, "images": trainer.images, "parameters": model.parameter_count}


def measure(contestant: str, name: str, folder: str, seconds: float, out: Path) -> dict[str, Any]:
    """Train in a process of its own; returns what it told."""
    command = [sys.executable, __file__, "--train", contestant, name, folder, str(seconds), str(out)]
    ended = subprocess.run([*command, str(time.time())], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if ended.returncode:
        sys.exit(f"{contestant} failed:\n{ended.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(out.with_suffix(".json").read_text())
    return told | {"samples": torch.from_numpy(np.load(out))}


def train_one(contestant: str, name: str, folder: str, seconds: str, out: str, started: str) -> None:
    until = float(started) + float(seconds)
    whole = open_set(name, folder)
    dataset = Dataset(whole.name, whole.samples)
    if contestant == "sfumato":
        result = sfumato(dataset, until, COUNT[name])
    else:
        result = other(contestant, dataset, until, COUNT[name])
    np.save(out, result.pop("samples").numpy())
    result["seconds"] = result.pop("ended") - float(started)
    Path(out).with_suffix(".json").write_text(json.dumps(result))


def main(arguments: list[str]) -> None:
    from sfumato.evaluation.classifier import train_classifier
    from sfumato.evaluation.frechet import frechet_distance, half_to_half

    minutes = 4.0
    if "--minutes" in arguments:
        at = arguments.index("--minutes")
        minutes = float(arguments[at + 1])
        del arguments[at : at + 2]
    folder = arguments[0] if arguments else ""
    ok, late = True, False
    print("set       trainer                        M parameters   seconds    images   Fréchet ratio", flush=True)
    for name in ("digits", "cifar10") if folder else ("digits",):
        dataset = open_set(name, folder)
        assert dataset.labels is not None  # both sets have classes
        some = Dataset(name, dataset.samples[:10_000], dataset.labels[:10_000], dataset.classes)
        classifier = train_classifier(some, epochs=25 if name == "digits" else 6)
        real, _ = classifier.read(dataset.batch(torch.arange(min(len(dataset), 10_000)))[0])
        unit, _ = half_to_half(real[: 2 * COUNT[name]])
        ratios = {}
        with tempfile.TemporaryDirectory() as place:
            for contestant in (*OTHERS, "sfumato"):
                seconds = 60 * minutes / (10 if contestant == "sfumato" else 1)
                told = measure(contestant, name, folder, seconds, Path(place) / f"{contestant}.npy")
                rounded = ((told["samples"].clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1
                late = late or (contestant == "sfumato" and told["seconds"] > 60 * minutes / 10)
                ratios[contestant] = frechet_distance(classifier.read(rounded)[0], real) / unit
                print(
                    f"{name:<9} {contestant:<30} {told['parameters'] / 1e6:>12.2f} {told['seconds']:>9.1f} "
                    f"{told['images']:>9,} {ratios[contestant]:>15.2f}",
                    flush=True,
                )
        ok = ok and ratios["sfumato"] <= min(ratios.values()) and not late
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--train"]:
        train_one(*sys.argv[2:])
    else:
        main(sys.argv[1:])
