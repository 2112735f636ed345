"""What the lesson on autoregressive models shows: its network, digits that it was not trained on, and how it does."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sfumato.baselines.any_order import LEVELS, draw_pixels, pixel_bits, to_levels
from sfumato.data import open_dataset
from sfumato.evaluation import frechet_distance
from sfumato.lesson.small_models import PIXELS, PIXELS_FILE, TRAINED, pixel_net
from sfumato.seeds import torch_generator

TOGETHER = (1, 4, 16, 64)
ORDERS, DRAWN = 8, 1000


@cache
def shades() -> Tensor:
    """All digits in LEVELS shades, `(1797, 64)`."""
    return to_levels(open_dataset("digits").batch(torch.arange(1797))[0])


def orders() -> list[list[int]]:
    generator = torch_generator("lesson orders")
    return [torch.randperm(PIXELS, generator=generator).tolist() for _ in range(ORDERS)]


def bits_of_held_out(order: list[int]) -> float:
    """The mean bits of a digit that was not trained on, coded in this order."""
    return float(pixel_bits(pixel_net(), shades()[TRAINED:], order).sum(1).mean())


def alone() -> float:
    """What they cost where each pixel is coded by how often it has each shade, as if the others were not there."""
    counts = torch.stack([(shades()[:TRAINED] == level).sum(0) for level in range(LEVELS)]) + 1.0
    return float(-(counts / counts.sum(0)).log2().gather(0, shades()[TRAINED:]).sum(1).mean())


def frechet_of(together: int) -> float:
    """The Fréchet distance, by pixels, of drawn digits from those that were trained on: so many pixels a call."""
    uniform = torch.rand(DRAWN, PIXELS, generator=torch_generator("lesson pixels"))
    each = DRAWN // ORDERS
    drawn = [
        draw_pixels(pixel_net(), part, order, together)
        for part, order in zip(uniform.split(each), orders(), strict=True)
    ]
    samples, real = (x.double() / (LEVELS - 1) * 2 - 1 for x in (torch.cat(drawn), shades()[:TRAINED]))
    return frechet_distance(samples, real)


def pixels(folder: Path) -> None:
    """`network.bin`, weights in half precision; `digits.bin`, a byte a pixel; `about.json`."""
    folder.mkdir(parents=True)
    shutil.copyfile(PIXELS_FILE, folder / "network.bin")
    samples = open_dataset("digits").samples[TRAINED:]
    (folder / "digits.bin").write_bytes(np.ascontiguousarray(samples).tobytes())
    about = {
        "plain": 2 * PIXELS,
        "alone": round(alone(), 2),
        "held_out": round(bits_of_held_out(list(range(PIXELS))), 2),
        "orders": round(sum(bits_of_held_out(order) for order in orders()) / ORDERS, 2),
        "frechet": {str(together): round(frechet_of(together), 3) for together in TOGETHER},
    }
    (folder / "about.json").write_text(json.dumps(about, separators=(",", ":")) + "\n", encoding="utf-8")
