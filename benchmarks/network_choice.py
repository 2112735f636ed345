"""Whether the network that is chosen for a budget is the best one: photographs at three sizes, budgets and two sets.

    python benchmarks/network_choice.py            all cells: thirteen hours
    python benchmarks/network_choice.py --quick    32×32 pixels, 3,000 pictures, a minute each: under five minutes
    python benchmarks/network_choice.py --size 64 --minutes 5 --count 300 --net tiny    one cell; each may be left out

Every network up to the largest that "auto" stands for is trained within the minutes, with the batch that fits it, and
so is "auto". A line a training is printed and added to runs/network_choice.jsonl; cells that are there already are not
measured again. Patches of four photographs are drawn, and compared with 3,000 such patches, by the Fréchet distance in
features of a classifier of the photographs, in units of that between random halves. Exits 1 where "auto" is not within
10% of the best of a cell.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import skimage.data
import torch
from PIL import Image
from torch import Tensor

from sfumato.data import Dataset
from sfumato.evaluation.classifier import train_classifier
from sfumato.evaluation.features import rounded
from sfumato.evaluation.frechet import frechet_distance, half_to_half
from sfumato.hub import load
from sfumato.training import TrainingConfig, pick_device, plan_run, start_run, train
from sfumato.training.networks import largest_net
from sfumato.training.planning import ENOUGH

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
SIZES, MINUTES, COUNTS = (32, 64, 128), (2.0, 5.0, 20.0), (300, 3000)
WHOLE, DRAWN, READ = 3000, 200, 32  # patches that are compared with, samples, and pixels at which they are compared
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
def judge() -> tuple[torch.nn.Module, Tensor, float]:
    """What gives features, those of all patches, and the distance between their random halves."""
    data = patches(READ, WHOLE)
    classifier = train_classifier(data, epochs=8)
    features, _ = classifier.read(data.batch(np.arange(WHOLE))[0])
    return classifier.features, features, half_to_half(features)[0]


def frechet_ratio(samples: Tensor) -> float:
    """How far samples are from the patches, at READ pixels a side."""
    extract, real, unit = judge()
    small = torch.nn.functional.adaptive_avg_pool2d(rounded(samples), READ)
    with torch.no_grad():
        return frechet_distance(extract(small), real) / unit


def measure(size: int, minutes: float, count: int, net: str) -> dict[str, float | str]:
    """One training, as `sfumato train` does it, and how far what it draws is from the photographs."""
    data = patches(size, count)
    plan = plan_run(data, TrainingConfig("patches", minutes=minutes), net)
    with tempfile.TemporaryDirectory() as place:
        trainer = start_run(Path(place) / "run", data, plan.config, plan.model, spent=plan.seconds)
        for _ in train(Path(place) / "run", trainer):
            pass
        model = load(Path(place) / "run", device=pick_device())
    labels = [number % len(PHOTOGRAPHS) for number in range(DRAWN)]
    samples = model.sample(range(DRAWN), labels, batch=max(1, 64 * 32 * 32 // size**2))
    return {
        "size": size,
        "minutes": minutes,
        "count": count,
        "net": net,
        "parameters": model.parameter_count,
        "batch": plan.config.batch,
        "expected": plan.steps,
        "steps": trainer.step,
        "images": trainer.images,
        "seconds": round(trainer.seconds, 1),
        "ratio": round(frechet_ratio(samples), 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    for name, kind in (("size", int), ("minutes", float), ("count", int), ("net", str)):
        parser.add_argument(f"--{name}", type=kind)
    asked = parser.parse_args()
    if asked.quick:
        asked.size, asked.minutes, asked.count = 32, 1.0, 3000
    done = {}
    if KEPT.exists() and not asked.quick:
        for line in KEPT.read_text().splitlines():
            row = json.loads(line)
            done[row["size"], row["minutes"], row["count"], row["net"]] = row
    found = defaultdict(list)
    print("size  minutes  pictures  network  M parameters  batch  steps expected  steps   images  Fréchet ratio")
    for size in SIZES if asked.size is None else (asked.size,):
        nets = (*ENOUGH,)[: (*ENOUGH,).index(largest_net((3, size, size))) + 1]
        for minutes in MINUTES if asked.minutes is None else (asked.minutes,):
            for count in COUNTS if asked.count is None else (asked.count,):
                for net in (*nets, "auto") if asked.net is None else (asked.net,):
                    row = done.get((size, minutes, count, net)) or measure(size, minutes, count, net)
                    found[size, minutes, count].append(row)
                    print(
                        f"{size:>4} {minutes:>8g} {count:>9,} {net:>8} {row['parameters'] / 1e6:>13.1f} "
                        f"{row['batch']:>6} {row['expected']:>15,} {row['steps']:>6,} {row['images']:>8,} "
                        f"{row['ratio']:>14.2f}",
                        flush=True,
                    )
                    if (size, minutes, count, net) not in done and not asked.quick:
                        KEPT.parent.mkdir(exist_ok=True)
                        with KEPT.open("a") as file:
                            file.write(json.dumps(row) + "\n")
    ratios = [{row["net"]: row["ratio"] for row in rows} for rows in found.values()]
    return 0 if all("auto" not in one or one["auto"] <= 1.1 * min(one.values()) for one in ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
