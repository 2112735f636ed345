"""What this machine trains fastest with, found out once before a run: the device, the arithmetic, compilation."""

from __future__ import annotations

import os
import shutil
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F

from sfumato.errors import SfumatoError

Precision = Literal["bf16", "fp32"]
"""What a training computes in."""


def pick_device() -> torch.device:
    """The accelerator that torch sees, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def fastest_precision(device: torch.device) -> Precision:
    """Measured on the CPU (a 3×3 convolution, some 50 ms in all): bf16 must win by a fifth. Never float16."""
    if device.type == "cuda":
        # Of GPUs before Ampere, torch says that they know bf16, which it computes for them in fp32.
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type != "cpu":
        return "fp32"

    def seconds(dtype: torch.dtype) -> float:
        x = torch.ones(64, 64, 16, 16, dtype=dtype).to(memory_format=torch.channels_last)
        weight = torch.ones(64, 64, 3, 3, dtype=dtype).to(memory_format=torch.channels_last)
        times = []
        for _ in range(5):
            start = time.perf_counter()
            F.conv2d(x, weight, padding=1)
            times.append(time.perf_counter() - start)
        return min(times)

    with torch.no_grad():
        return "bf16" if seconds(torch.bfloat16) * 1.2 < seconds(torch.float32) else "fp32"


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """While the block is open, networks compute in this precision."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


# Measured for the small UNet at 32×32 on two cores: 83 s to compile, and steps then take 0.4 times as long (bf16). The
# break-even lies at 83 / (1 − 0.4) s of uncompiled training; below twice that there is little to be had.
WORTH_COMPILING = 280.0  # seconds of training


def gains_by_compiling(device: str, precision: Precision) -> bool:
    """Whether compiled steps are faster here at all. On a CPU in fp32, measured on a Zen 3: no.

    Compiling took 100 to 220 s, and steps then as long as before (73 images/s either way for a small UNet on patches,
    41 and 39 for another). What it saved in bf16 are passes over the pictures between convolutions.
    """
    return device != "cpu" or precision == "bf16"


def can_compile(device: torch.device) -> bool:
    """Whether torch.compile finds what it needs here: a C++ compiler and Python's headers, on a GPU Triton."""
    if device.type == "cuda":
        return find_spec("triton") is not None  # which comes with PyTorch, except on Windows
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    return device.type == "cpu" and shutil.which(os.environ.get("CXX", "g++")) is not None and headers.exists()


@contextmanager
def compiling(interrupted: Callable[[], None]) -> Iterator[None]:
    """Around what the network is compiled by; raises SfumatoError where that fails.

    A terminal's Ctrl-C ends the compiler too: `interrupted` is asked first, and raises where that was it.
    """
    try:
        yield
    except torch._dynamo.exc.TorchDynamoException as error:
        interrupted()
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SfumatoError(f"the network could not be compiled ({reason}); turn `compile` off.") from error
