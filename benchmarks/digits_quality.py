"""The demo's promise, measured: train on the digits for less than a minute, draw 1,000, judge them.

    python benchmarks/digits_quality.py            three seeds, 48 s of training each
    python benchmarks/digits_quality.py --quick    one seed

Prints one table and exits 1 where a seed misses 97% read as asked, or a Fréchet distance of at most 1.5 times the
distance between random halves of the real digits (both in the penultimate features of a classifier of the digits).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch

from sfumato.cli.demo import COUNT, demo_config, demo_sampling
from sfumato.data import open_dataset
from sfumato.evaluation import judge
from sfumato.hub import load
from sfumato.training import model_for, start_run, train

dataset = open_dataset("digits")
labels = [i % 10 for i in range(COUNT)]
ok = True
print("seed   seconds    images  calls  classifier  read as asked  Fréchet ratio")
for seed in range(1 if "--quick" in sys.argv else 3):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "digits"
        trainer = start_run(folder, dataset, demo_config(seed=seed), model_for(dataset, sampling=demo_sampling()))
        for _ in train(folder, trainer):
            pass
        model = load(folder)
    samples = model.sample(range(COUNT), labels, batch=250)
    result = judge(samples, torch.tensor(labels), dataset)
    ok = ok and result.read_as_asked >= 0.97 and result.ratio <= 1.5 and result.classifier_accuracy >= 0.97
    print(
        f"{seed:>4} {trainer.seconds:>9.1f} {trainer.images:>9,} {model.config.sampling.steps:>6} "
        f"{result.classifier_accuracy:>11.1%} {result.read_as_asked:>14.1%} {result.ratio:>14.2f}",
        flush=True,
    )
sys.exit(0 if ok else 1)
