"""Training steps a second: ours against two others at about equal parameters, 32×32×3, batch 64, in one run.

    python benchmarks/throughput.py            small UNet, 8.5 M parameters; about five minutes, compilation included

A step is all that a trainer does: data, noise, forward, backward, clipping, optimiser, averages. Each library has its
own defaults (the others train in fp32), ours what `sfumato train` chooses for a long run. The three take turns, so that
what else the machine does falls on all; given are medians, and the range of the rounds. The share is of the rate at
which this machine convolves 256 channels in bf16, counting three times the operations of a forward pass.

Prints one table and exits 1 below 3 times denoising-diffusion-pytorch, 2.5 times diffusers, or a share of 45%.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from other_trainers import DenoisingDiffusionPytorch, Diffusers
from sfumato.data import Dataset
from sfumato.hub import new_model
from sfumato.training import Trainer, TrainingConfig, fastest_precision, model_for, pick_device
from sfumato.training.precision import can_compile

BATCH, ROUNDS = 64, 7
SHAPE = (3, 32, 32)


def convolution_rate() -> float:
    """GFLOP/s of a 3×3 convolution of 256 channels at 16×16 in bf16, the best of twenty."""
    x = torch.ones(BATCH, 256, 16, 16, dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    weight = torch.ones(256, 256, 3, 3, dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    best = float("inf")
    with torch.no_grad():
        for _ in range(20):
            started = time.perf_counter()
            F.conv2d(x, weight, padding=1)
            best = min(best, time.perf_counter() - started)
    return 2 * 9 * 256 * 256 * 16 * 16 * BATCH / best / 1e9


def main() -> None:
    device = pick_device()
    pixels = np.random.default_rng(0).integers(0, 256, (1024, *SHAPE), dtype=np.uint8)
    dataset = Dataset("noise", pixels)
    model = new_model(model_for(dataset, "small"))
    with FlopCounterMode(display=False) as counted:
        model.denoiser.net(torch.zeros(1, *SHAPE), torch.zeros(1))
    operations = 3 * counted.get_total_flops() / 1e9  # GFLOP an image
    compiled = can_compile(device)
    config = TrainingConfig(
        "noise", images=10**9, batch=BATCH, precision=fastest_precision(device), compile=compiled, previews=0
    )
    steps = Trainer(model, dataset, config).steps()
    ddpm, recipe = DenoisingDiffusionPytorch(SHAPE, (1, 2, 4, 8)), Diffusers(SHAPE, (64, 96, 176))
    batches = (dataset.batch(np.arange(at, at + BATCH) % len(pixels))[0] for at in itertools.count(0, BATCH))
    rows: dict[str, tuple[float, Callable[[], object]]] = {
        "sfumato": (model.parameters, lambda: next(steps)),
        "denoising-diffusion-pytorch": (ddpm.parameters, lambda: ddpm.step(next(batches))),
        "diffusers": (recipe.parameters, lambda: recipe.step(next(batches))),
    }
    started = time.perf_counter()
    next(steps)
    first = time.perf_counter() - started
    rates: dict[str, list[float]] = {name: [] for name in rows}
    peaks = []
    for round_ in range(ROUNDS + 1):
        peaks.append(convolution_rate())
        for name, (_, step) in rows.items():
            started = time.perf_counter()
            step()
            step()
            if round_:  # the first warms up
                rates[name].append(2 * BATCH / (time.perf_counter() - started))
    peak = statistics.median(peaks)
    ours = statistics.median(rates["sfumato"])
    share = operations * ours / peak
    print(
        f"bf16 convolution {peak:.0f} GFLOP/s; {config.precision}, {f'compiled in {first:.0f} s' if compiled else 'uncompiled'}"
    )
    print("trainer                        M parameters   images/s           range   ours is faster by")
    for name, (parameters, _) in rows.items():
        median, spread = statistics.median(rates[name]), f"{min(rates[name]):.0f}–{max(rates[name]):.0f}"
        print(f"{name:<30} {parameters / 1e6:>12.2f} {median:>10.1f} {spread:>15} {ours / median:>19.2f}")
    print(f"share of the convolution rate: {share:.0%}")
    faster = [ours / statistics.median(rates[name]) for name in list(rows)[1:]]
    sys.exit(0 if faster[0] >= 3 and faster[1] >= 2.5 and share >= 0.45 else 1)


if __name__ == "__main__":
    main()
