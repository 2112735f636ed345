"""Whether the network that is chosen for a budget is the best one: photographs at two sizes, and a small set.

    OMP_NUM_THREADS=1 python benchmarks/network_choice.py            the table: an hour of one core
    OMP_NUM_THREADS=1 python benchmarks/network_choice.py --quick    a cell of a minute: under five minutes
    OMP_NUM_THREADS=1 python benchmarks/network_choice.py --few      how soon 100 digits are known by heart: 5 minutes
    ... --size 64 --minutes 5 --count 300 --low 0.5                  one cell of your own

Every network up to the largest that "auto" stands for is trained within the minutes, with the batch that fits it, and
the one that "auto" takes is marked. Minutes are those of this process's processor time, so that other programs change
nothing but how long it takes. A line a training is printed and added to runs/network_choice.jsonl; what is there
already is not measured again. Patches of four photographs are drawn, and compared with 3,000 such patches, by the
Fréchet distance in features of a classifier of the photographs, in units of that between random halves; beside it, the
held-out loss over that of a network that answers zeros (geometric means). Exits 1 where the network that is taken is
not within a fifth of the best of a cell.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np
import skimage.data
import torch
from PIL import Image
from torch import Tensor

from sfumato.data import Dataset, open_dataset
from sfumato.data.datasets import from_arrays
from sfumato.evaluation.classifier import train_classifier
from sfumato.evaluation.features import rounded
from sfumato.evaluation.frechet import frechet_distance, half_to_half
from sfumato.hub import load, new_model
from sfumato.training import Trainer, TrainingConfig, model_for, pick_device, plan_run, start_run, train
from sfumato.training.config import changed
from sfumato.training.held_out import evaluate
from sfumato.training.networks import largest_net
from sfumato.training.planning import ENOUGH

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
CELLS = (
    (64, 5.0, 3000, 0.0),
    (64, 2.0, 3000, 0.0),
    (64, 2.0, 300, 0.0),
    (32, 3.0, 3000, 0.0),
    (32, 1.0, 3000, 0.0),
    (32, 3.0, 300, 0.0),
    (16, 2.0, 3000, 0.0),
    (16, 2.0, 100, 0.0),
    (64, 5.0, 3000, 0.5),
    (64, 2.0, 3000, 0.5),
    (64, 2.0, 300, 0.5),
)  # pixels, minutes, patches, share of the minutes that is trained at half size
WHOLE, DRAWN, READ = 3000, 128, 32  # patches that are compared with, samples, and pixels at which they are compared
CALLS = 12  # for a sample
KEPT = Path("runs/network_choice.jsonl")


@cache
def patches(size: int, count: int) -> Dataset:
    """Square patches of four photographs, a class each."""
    rng, pixels = np.random.default_rng(0), []
    for number in range(WHOLE):
        photograph = getattr(skimage.data, PHOTOGRAPHS[number % len(PHOTOGRAPHS)])()
        side = int(rng.integers(96, 200))
        top, left = (int(rng.integers(0, extent - side)) for extent in photograph.shape[:2])
        patch = Image.fromarray(photograph[top : top + side, left : left + side])
        pixels.append(np.asarray(patch.resize((size, size), Image.Resampling.LANCZOS)).transpose(2, 0, 1))
    labels = np.arange(WHOLE) % len(PHOTOGRAPHS)
    return Dataset("patches", np.stack(pixels)[:count], labels[:count].astype(np.int64), PHOTOGRAPHS)


@cache
def judge(side: int) -> tuple[torch.nn.Module, Tensor, float]:
    """What gives features at `side` pixels, those of all patches, and the distance between their random halves."""
    data = patches(side, WHOLE)
    classifier = train_classifier(data, epochs=8)
    features, _ = classifier.read(data.batch(np.arange(WHOLE))[0])
    return classifier.features, features, half_to_half(features)[0]


def frechet_ratio(samples: Tensor) -> float:
    """How far samples are from the patches, at up to READ pixels a side."""
    side = min(READ, samples.shape[-1])
    extract, real, unit = judge(side)
    small = torch.nn.functional.adaptive_avg_pool2d(rounded(samples), side)
    with torch.no_grad():
        return frechet_distance(extract(small), real) / unit


def measure(size: int, minutes: float, count: int, low: float, net: str) -> dict[str, float | str]:
    """One training, as `sfumato train` does it, and how far what it draws is from the photographs."""
    data = patches(size, count)
    how = TrainingConfig("patches", minutes=minutes, low_resolution=low)
    plan = plan_run(data, how, net, fixed=("low_resolution",))
    with tempfile.TemporaryDirectory() as place:
        trainer = start_run(Path(place) / "run", data, plan.config, plan.model, spent=plan.seconds)
        for _ in train(Path(place) / "run", trainer):
            pass
        model = load(Path(place) / "run", device=pick_device())
    trainer.config = changed(trainer.config, evaluated=64)
    found = evaluate(trainer)  # None of so few that none is held out
    labels = [number % len(PHOTOGRAPHS) for number in range(DRAWN)]
    samples = model.sample(range(DRAWN), labels, batch=max(1, 64 * 32 * 32 // size**2), steps=CALLS)
    return {
        "size": size,
        "minutes": minutes,
        "count": count,
        "low": low,
        "net": net,
        "parameters": model.parameter_count,
        "batch": plan.config.batch,
        "expected": plan.steps,
        "steps": trainer.step,
        "images": trainer.images,
        "seconds": round(trainer.seconds, 1),
        "ratio": round(frechet_ratio(samples), 2),
        "loss": round(float(np.exp(np.log(found.held_out).mean() - np.log(found.untrained).mean())), 4)
        if found
        else 0.0,
    }


def by_heart(net: str, count: int = 100) -> None:
    """Print the losses of `count` digits and of as many that are held out, as training goes on, to 360 times each."""
    pixels, labels = open_dataset("digits").batch(np.arange(2 * count))
    data = from_arrays(pixels.numpy(), labels, name="digits")
    config = TrainingConfig("digits", images=360 * count, batch=64, held_out=0.5, evaluated=64)
    trainer = Trainer(new_model(model_for(data, net)), data, config)
    for progress in trainer.steps():
        if progress.step % (60 * count // 64) == 0 and (found := evaluate(trainer)) is not None:
            held, own = (float(np.exp(np.log(losses).mean())) for losses in (found.held_out, found.trained))
            print(f"{net:>5} {progress.images / count:>4.0f} times: held out {held:.3f}, trained {own:.3f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--few", action="store_true")
    for name, kind in (("size", int), ("minutes", float), ("count", int), ("low", float), ("net", str)):
        parser.add_argument(f"--{name}", type=kind)
    asked = parser.parse_args()
    time.perf_counter = time.process_time
    if asked.few:
        for net in ("nano", "tiny"):
            by_heart(net)
        return 0
    cells = CELLS[3:4] if asked.quick else CELLS
    if asked.size is not None:
        cells = ((asked.size, asked.minutes or 2.0, asked.count or WHOLE, asked.low or 0.0),)
    done = {}
    if KEPT.exists() and not asked.quick:
        for line in KEPT.read_text().splitlines():
            row = json.loads(line)
            done[tuple(row[name] for name in ("size", "minutes", "count", "low", "net"))] = row
    good = True
    print(
        "size  minutes  pictures  half size  network  M parameters  batch  expected  steps  images  ratio  loss  auto"
    )
    for cell in cells:
        size, minutes, count, low = cell
        nets = (*ENOUGH,)[: (*ENOUGH,).index(largest_net((3, size, size))) + 1]
        config = TrainingConfig("patches", minutes=minutes, low_resolution=low)
        plan = plan_run(patches(size, count), config, fixed=("low_resolution",))
        ratios = {}
        for net in nets if asked.net is None else (asked.net,):
            if (row := done.get((*cell, net))) is None:
                row = measure(*cell, net)
                if not asked.quick:
                    KEPT.parent.mkdir(exist_ok=True)
                    with KEPT.open("a") as file:
                        file.write(json.dumps(row) + "\n")
            taken = new_model(plan.model).parameter_count == row["parameters"]
            ratios[taken, net] = row["ratio"]
            print(
                f"{size:>4} {minutes:>8g} {count:>9,} {low:>10g} {net:>8} {row['parameters'] / 1e6:>13.1f} "
                f"{row['batch']:>6} {row['expected']:>9,} {row['steps']:>6,} {row['images']:>7,} {row['ratio']:>6.2f} "
                f"{row['loss']:>6.3f}  {'taken' if taken else ''}",
                flush=True,
            )
        good = good and min((r for (taken, _), r in ratios.items() if taken), default=0) <= 1.2 * min(ratios.values())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
