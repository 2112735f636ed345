"""Does a long clip stay what it was? Each of its frames against those of real clips, along the roll-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation.clips import small_frames
from sfumato.seeds import torch_generator

SETS, INSIDE = 400, 0.99  # of real frames, as many as there are clips, and the share of them that the range holds
FEWEST = 12  # clips and real ones


@dataclass(frozen=True)
class Curve:
    """One quantity along a roll-out: `values` `(frames,)`, and the range from `low` to `high` of real clips."""

    values: Tensor
    low: float
    high: float

    def inside(self, frames: Sequence[int]) -> list[bool]:
        """Whether frames, counted from 1, are in the range."""
        return [self.low <= float(self.values[frame - 1]) <= self.high for frame in frames]


def drift(samples: Tensor, real: Tensor) -> dict[str, Curve]:
    """Clips `(count, frames, channels, height, width)` in [−1, 1] against real ones, of any length, frame by frame.

    Of the frames at one moment of all clips together: the mean of each channel ("red", "green", "blue", or "grey"), how
    far their mean picture is from the real one ("picture": root mean square of pixels at 8×8), and how much they
    differ from each other ("variety": their mean standard deviation), which falls where all become alike. The range is
    what as many random real frames have, each of another clip, in INSIDE of SETS of them. Raises SfumatoError for fewer
    than FEWEST clips, or of other channels.
    """
    if min(len(samples), len(real)) < FEWEST:
        raise SfumatoError(f"drift is seen in {FEWEST} clips or more, and {min(len(samples), len(real))} were given.")
    if samples.shape[2] != real.shape[2]:
        raise SfumatoError(f"the clips have {samples.shape[2]} channels and the real ones {real.shape[2]}.")
    generator = torch_generator("sets of real frames")
    middle = small_frames(real.flatten(0, 1)).mean(0)
    rows = torch.stack([torch.randperm(len(real), generator=generator) for _ in range(SETS)])[:, : len(samples)]
    moments = torch.randint(real.shape[1], rows.shape, generator=generator)
    usual = [_quantities(real[row, moment], middle) for row, moment in zip(rows, moments, strict=True)]
    found = [_quantities(frame, middle) for frame in samples.unbind(1)]
    tail = (1 - INSIDE) / 2
    curves = {}
    for name in found[0]:
        low, high = torch.tensor([one[name] for one in usual]).quantile(torch.tensor([tail, 1 - tail])).tolist()
        low = 0.0 if name == "picture" else low  # nearer than real ones are is no fault
        curves[name] = Curve(torch.tensor([one[name] for one in found]), low, high)
    return curves


def _quantities(frames: Tensor, middle: Tensor) -> dict[str, float]:
    """What `drift` says of frames `(count, channels, height, width)`."""
    small = small_frames(frames)
    names = ("red", "green", "blue") if frames.shape[1] == 3 else tuple(f"channel {i}" for i in range(frames.shape[1]))
    names = ("grey",) if frames.shape[1] == 1 else names
    colours = frames.mean((0, 2, 3)).tolist()
    away = float((small.mean(0) - middle).square().mean().sqrt())
    return {**dict(zip(names, colours, strict=True)), "picture": away, "variety": float(small.std(0).mean())}
