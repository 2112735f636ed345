"""One seed per image: each image's noise comes from a generator of its own, whoever shares its batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sfumato.seeds import Purpose, torch_generator


class ImageNoise:
    """Standard normal noise, `noise() → (len(seeds), *shape)`; row i depends on `seeds[i]` and the call count alone.

    Drawn on the CPU in float32 and then moved, so that every device starts from the same picture. Of one seed, another
    `purpose`, or other `numbers`, is other noise. Raises SfumatoError for what is no seed (see sfumato.seeds).
    """

    def __init__(
        self,
        seeds: Sequence[int],
        shape: Sequence[int],
        device: torch.device | str = "cpu",
        purpose: Purpose = "image",
        numbers: Sequence[int] = (),
    ) -> None:
        self.shape = tuple(shape)
        self.device = device
        self._generators = [torch_generator(purpose, seed, *numbers) for seed in seeds]

    def __call__(self) -> Tensor:
        pinned = torch.device(self.device).type == "cuda"
        noise = torch.empty(len(self._generators), *self.shape, pin_memory=pinned)
        for row, generator in zip(noise, self._generators, strict=True):
            row.normal_(generator=generator)
        return noise.to(self.device, non_blocking=True)
