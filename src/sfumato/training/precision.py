"""Which arithmetic to train in: bfloat16 where this machine is truly faster at it, float32 elsewhere."""

from __future__ import annotations

import time
from typing import Literal

import torch
import torch.nn.functional as F

Precision = Literal["bf16", "fp32"]


def pick_device() -> torch.device:
    """The accelerator that torch sees, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def fastest_precision(device: torch.device) -> Precision:
    """Measured on the CPU (a 3×3 convolution, some 50 ms in all): bf16 must win by a fifth. Never float16."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
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
