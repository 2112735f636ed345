"""What this machine has, what it reaches in training, and what to change about it."""

from __future__ import annotations

import math
import os
import platform
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import psutil
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from sfumato.data import Dataset
from sfumato.data.cache import cache_folder
from sfumato.files import free_disk
from sfumato.hub import new_model
from sfumato.seeds import numpy_generator
from sfumato.training.config import TrainingConfig
from sfumato.training.networks import model_for
from sfumato.training.precision import Precision, can_compile, fastest_precision, pick_device
from sfumato.training.rates import measure_rate
from sfumato.training.resources import busy_cores, free_memory, usable_cores

GIB = 2**30
# The networks and the pictures that trials train, in batches of so many: on a GPU what may keep it busy, which was not
# measured on one.
PROBES = {"nano": (1, 8, 8), "small": (3, 32, 32)}
GPU_PROBES = {"small": (3, 32, 32), "medium": (3, 64, 64)}
BATCH, GPU_BATCH = 64, 256
GPU_CALLS = 50  # between two looks at the clock, for which a GPU is waited for


@dataclass(frozen=True)
class Trial:
    """What a few real training steps reached: images/s, GFLOP/s, and its share of the convolution rate.

    `memory` is the most that they had of a GPU's, in bytes; 0 elsewhere.
    """

    net: str
    shape: tuple[int, ...]
    images_per_second: float
    gflops: float
    share: float
    memory: int = 0


@dataclass(frozen=True)
class Machine:
    """Facts that decide how fast training is. Rates are in GFLOP/s, memory and disk in bytes."""

    versions: dict[str, str]
    device: str
    accelerator_unseen: bool
    processors: int
    cores: float
    threads: int
    threads_set_by: str
    busy_cores: float
    memory_free: int
    memory_total: int
    runs_disk_free: int
    cache_disk_free: int
    fp32_rate: float
    bf16_rate: float
    precision: Precision
    can_compile: bool
    trials: tuple[Trial, ...]
    extras_missing: dict[str, str]


def measure_machine(runs: Path) -> Iterator[str | Machine]:
    """Look and measure, some ten seconds on two cores: yields what is being measured, and the Machine at the end.

    `runs` is where runs will be kept.
    """
    device = pick_device()
    yield "what else is running"
    busy = busy_cores(0.5)
    yield "convolutions"
    rates = {dtype: convolution_rate(dtype, device) for dtype in (torch.float32, torch.bfloat16)}
    precision = fastest_precision(device)
    peak = rates[torch.bfloat16 if precision == "bf16" else torch.float32]
    trials = []
    for net, shape in (GPU_PROBES if device.type == "cuda" else PROBES).items():
        yield f"training steps of the {net} network at {shape[1]}×{shape[2]} pixels"
        trials.append(try_training(net, shape, precision, device, peak))
    yield Machine(
        versions={name: metadata.version(name) for name in ("sfumato", "torch")}
        | {"python": platform.python_version()},
        device=torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        accelerator_unseen=device.type == "cpu"
        and torch.version.cuda is None
        and shutil.which("nvidia-smi") is not None,
        processors=psutil.cpu_count() or 1,
        cores=usable_cores(),
        threads=torch.get_num_threads(),
        threads_set_by=next((name for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ), ""),
        busy_cores=round(busy, 1),
        memory_free=torch.cuda.mem_get_info()[0] if device.type == "cuda" else free_memory(),
        memory_total=torch.cuda.mem_get_info()[1] if device.type == "cuda" else psutil.virtual_memory().total,
        runs_disk_free=free_disk(runs),
        cache_disk_free=free_disk(cache_folder()),
        fp32_rate=round(rates[torch.float32], 1),
        bf16_rate=round(rates[torch.bfloat16], 1),
        precision=precision,
        can_compile=can_compile(device),
        trials=tuple(trials),
        extras_missing=missing_extras(),
    )


def convolution_rate(dtype: torch.dtype, device: torch.device, repeats: int = 8) -> float:
    """GFLOP/s of a 3×3 convolution of 256 channels for pictures of 16×16, the best of `repeats`."""
    channels, side = 256, 16
    batch, calls = (GPU_BATCH, GPU_CALLS) if device.type == "cuda" else (BATCH, 1)
    x = torch.ones(batch, channels, side, side, dtype=dtype, device=device).to(memory_format=torch.channels_last)
    weight = torch.ones(channels, channels, 3, 3, dtype=dtype, device=device).to(memory_format=torch.channels_last)
    best = math.inf
    with torch.no_grad():
        for _ in range(repeats):
            started = time.perf_counter()
            for _ in range(calls):
                F.conv2d(x, weight, padding=1)
            if device.type != "cpu":
                torch.accelerator.synchronize()
            best = min(best, (time.perf_counter() - started) / calls)
    return 2 * 9 * channels**2 * side**2 * batch / best / 1e9


def try_training(net: str, shape: tuple[int, ...], precision: Precision, device: torch.device, peak: float) -> Trial:
    """What steps on noise take, uncompiled, as a plan measures it (see rates.py)."""
    batch = GPU_BATCH if device.type == "cuda" else BATCH
    pixels = numpy_generator("pixels to time").integers(0, 256, (256, *shape), dtype=np.uint8)
    dataset = Dataset("noise", pixels)
    settings = model_for(dataset, net)
    model = new_model(settings)
    with FlopCounterMode(display=False) as counted:
        model.denoiser.net(torch.zeros(1, *shape), torch.zeros(1))
    operations = 3 * counted.get_total_flops() / 1e9  # forward, and twice as much backward
    config = TrainingConfig("noise", images=10**9, batch=batch, precision=precision)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    rate = batch / measure_rate(settings, dataset, config, device).seconds(batch)
    memory = torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
    return Trial(net, shape, round(rate, 1), round(operations * rate, 1), round(operations * rate / peak, 3), memory)


def missing_extras() -> dict[str, str]:
    """The extras of this package of which something isn't installed: name → the first library that is missing."""
    missing: dict[str, str] = {}
    for line in metadata.requires("sfumato") or []:
        found = re.match(r"([\w.-]+)[^;]*;.*extra == ['\"]([\w-]+)['\"]", line)
        if found is None or found[2] in missing or found[2] == "test" or found[1] == "sfumato":
            continue
        try:
            metadata.version(found[1])
        except metadata.PackageNotFoundError:
            missing[found[2]] = found[1]
    return missing


def _crowded(machine: Machine) -> bool:
    """Whether other programs leave less than seven tenths of the cores idle that training would use."""
    return machine.device == "cpu" and machine.processors - machine.busy_cores < 0.7 * machine.cores


def _is_gpu(machine: Machine) -> bool:
    return machine.device not in ("cpu", "mps")


# What to change: whether it applies → what to say.
ADVICE: list[tuple[Callable[[Machine], bool], Callable[[Machine], str]]] = [
    (
        lambda m: m.accelerator_unseen,
        lambda m: "There is an NVIDIA GPU, but this PyTorch was built for the CPU; install one built for CUDA.",
    ),
    (
        _crowded,
        lambda m: (
            f"Other programs keep {m.busy_cores:.1f} of {m.processors} cores busy; training waits for its slowest "
            "thread and can become many times slower. Stop them; train takes one thread where that is faster."
        ),
    ),
    (
        lambda m: m.device == "cpu" and m.threads < math.floor(m.cores) and not _crowded(m),
        lambda m: (
            f"PyTorch uses {m.threads} of {m.cores:g} cores"
            + (f", as {m.threads_set_by} says; unset it." if m.threads_set_by else "; set OMP_NUM_THREADS.")
        ),
    ),
    (
        lambda m: m.device == "cpu" and m.threads > math.ceil(m.cores),
        lambda m: (
            f"PyTorch starts {m.threads} threads, but only {m.cores:g} cores are usable; "
            f"set OMP_NUM_THREADS={max(1, math.floor(m.cores))}."
        ),
    ),
    (
        lambda m: not m.can_compile and m.device == "cpu" and m.precision == "bf16",
        lambda m: (
            "Long runs could be compiled and be about twice as fast, but PyTorch finds no C++ compiler or no Python "
            "headers; on Debian: apt install g++ python3-dev."
        ),
    ),
    (
        lambda m: m.precision == "fp32" and _is_gpu(m),
        lambda m: "This GPU computes bfloat16 no faster than float32, so training uses float32 and takes more memory.",
    ),
    (
        lambda m: _is_gpu(m) and not m.can_compile,
        lambda m: "PyTorch finds no Triton, so networks can't be compiled; install a PyTorch that comes with it.",
    ),
    (
        lambda m: _is_gpu(m) and m.memory_free < m.memory_total / 2,
        lambda m: f"Others keep {(m.memory_total - m.memory_free) / GIB:.0f} GiB of the GPU's memory; stop them.",
    ),
    (
        lambda m: m.memory_free < 2 * GIB,
        lambda m: f"Only {m.memory_free / GIB:.1f} GiB of memory is free; use a smaller `batch`, or `accumulate`.",
    ),
    (
        lambda m: m.runs_disk_free < GIB,
        lambda m: f"The disk for runs has {m.runs_disk_free / GIB:.1f} GiB left; free some, or keep runs elsewhere.",
    ),
    (
        lambda m: m.cache_disk_free < GIB,
        lambda m: (
            f"The disk for decoded pictures has {m.cache_disk_free / GIB:.1f} GiB left; "
            "free some, or set SFUMATO_CACHE to another."
        ),
    ),
    (
        lambda m: m.device == "cpu" and m.precision == "fp32",
        lambda m: "This CPU is no faster in bfloat16, so training uses float32; small networks suit it best.",
    ),
]


def advice(machine: Machine) -> list[str]:
    """What to change on this machine, in sentences; empty if nothing."""
    return [say(machine) for applies, say in ADVICE if applies(machine)]
