"""Training steps a second: ours against two others at about equal parameters, 32×32×3, batch 64, in one run.

    python benchmarks/throughput.py            small UNet, 8.5 M parameters; about five minutes, compilation included

A step is all that a trainer does: data, noise, forward, backward, clipping, optimiser, averages. Each library has its
own defaults (the others train in fp32, with Adam and AdamW), ours what `sfumato train` chooses for a long run, with
AdamW as theirs, by which it is judged, and with Muon, which learns more from each image. They take turns, so that
what else the machine does falls on all; given are medians, and the range of the rounds. The share is of the rate at
which this machine convolves 256 channels in bf16, counting three times the operations of a forward pass.

Prints one table and exits 1 below 3 times denoising-diffusion-pytorch, 2.5 times diffusers, or a share of 45%.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from other_trainers import DenoisingDiffusionPytorch, Diffusers
from sfumato.data import Dataset
from sfumato.hub import new_model
from sfumato.training import Progress, Trainer, TrainingConfig, fastest_precision, model_for, pick_device
from sfumato.training.machine import convolution_rate
from sfumato.training.optimizers import OptimizerName
from sfumato.training.precision import can_compile

BATCH, ROUNDS = 64, 7
SHAPE = (3, 32, 32)


def main() -> None:
    device = pick_device()
    pixels = np.random.default_rng(0).integers(0, 256, (1024, *SHAPE), dtype=np.uint8)
    dataset = Dataset("noise", pixels)
    first = new_model(model_for(dataset, "small"))
    with FlopCounterMode(display=False) as counted:
        first.denoiser.net(torch.zeros(1, *SHAPE), torch.zeros(1))
    operations = 3 * counted.get_total_flops() / 1e9  # GFLOP an image
    compiled = can_compile(device)
    precision = fastest_precision(device)

    def ours(optimizer: OptimizerName) -> Iterator[Progress]:
        config = TrainingConfig(
            "noise", images=10**9, batch=BATCH, optimizer=optimizer, precision=precision, compile=compiled, previews=0
        )
        return Trainer(new_model(first.config), dataset, config).steps()

    with_adamw, with_muon = ours("adamw"), ours("muon")
    ddpm, recipe = DenoisingDiffusionPytorch(SHAPE, (1, 2, 4, 8)), Diffusers(SHAPE, (64, 96, 176))
    batches = (dataset.batch(np.arange(at, at + BATCH) % len(pixels))[0] for at in itertools.count(0, BATCH))
    rows: dict[str, tuple[float, Callable[[], object]]] = {
        "sfumato, with AdamW": (first.parameter_count, lambda: next(with_adamw)),
        "sfumato, with Muon": (first.parameter_count, lambda: next(with_muon)),
        "denoising-diffusion-pytorch": (ddpm.parameters, lambda: ddpm.step(next(batches))),
        "diffusers": (recipe.parameters, lambda: recipe.step(next(batches))),
    }
    started = time.perf_counter()
    next(with_adamw)
    compiling = time.perf_counter() - started
    rates: dict[str, list[float]] = {name: [] for name in rows}
    peaks = []
    for round_ in range(ROUNDS + 1):
        peaks.append(convolution_rate(torch.bfloat16, device))
        for name, (_, step) in rows.items():
            started = time.perf_counter()
            step()
            step()
            if round_:  # the first warms up
                rates[name].append(2 * BATCH / (time.perf_counter() - started))
    peak = statistics.median(peaks)
    median = {name: statistics.median(found) for name, found in rates.items()}
    fastest = median["sfumato, with AdamW"]
    share = operations * fastest / peak
    how = f"compiled in {compiling:.0f} s" if compiled else "uncompiled"
    print(f"bf16 convolution {peak:.0f} GFLOP/s; {precision}, {how}")
    print("trainer                        M parameters   images/s           range   AdamW of ours is faster by")
    for name, (parameters, _) in rows.items():
        spread = f"{min(rates[name]):.0f}–{max(rates[name]):.0f}"
        print(
            f"{name:<30} {parameters / 1e6:>12.2f} {median[name]:>10.1f} {spread:>15} {fastest / median[name]:>28.2f}"
        )
    print(f"share of the convolution rate: {share:.0%}")
    ddpm_slower, diffusers_slower = (fastest / median[name] for name in list(rows)[2:])
    sys.exit(0 if ddpm_slower >= 3 and diffusers_slower >= 2.5 and share >= 0.45 else 1)


if __name__ == "__main__":
    main()
