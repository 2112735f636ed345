"""What the two baselines have in common: pictures from one call of a network, and training in turns."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from sfumato.arguments import as_seeds, listed, whole
from sfumato.errors import SfumatoError
from sfumato.sampling import ImageNoise
from sfumato.training.loop import Turn

Kind = Literal["gan", "vae"]
"""The name of a baseline."""


@dataclass(frozen=True)
class BaselineConfig:
    """All that is needed to build a baseline again.

    `shape` (channels, height, width) of a picture; `classes` their names, by number; `width` in channels of the
    coarsest stage, from which all widths follow; `latent` dimensions of the noise that becomes a picture.
    """

    kind: Kind
    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    width: int = 64
    latent: int = 32


class Rows(NamedTuple):
    """A batch: pictures `x`, their classes, and a generator of what is random in the losses."""

    x: Tensor
    label: Tensor | None
    generator: torch.Generator


Loss = Callable[[Rows, float], Tensor]  # the mean over the rows


class Baseline(nn.Module, ABC):
    """A network that generates a picture in one call. `baseline.sample(range(16), [3] * 16)`: sixteen threes."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def generate(self, z: Tensor, label: Tensor | None) -> Tensor:
        """Standard normal `z` `(batch, latent)` and classes `(batch,)` → pictures `(batch, *shape)`."""

    @abstractmethod
    def turns(self, weight_decay: float) -> tuple[Turn, ...]:
        """What a training step does, in this order, with fresh optimisers."""

    @property
    def size(self) -> int:
        """How many parameters are trained: of both networks."""
        return sum(p.numel() for p in self.parameters())

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def stream(self, seeds: Sequence[int], labels: Sequence[int] | None = None, batch: int = 64) -> Iterator[Tensor]:
        """Generate `batch` pictures at a time; image i depends on `seeds[i]` and `labels[i]` alone.

        Without `labels`, a seed also chooses a class, all alike. Raises SfumatoError for another number of labels than
        seeds, and for labels that are no classes.
        """
        classes, seeds, batch = len(self.config.classes), as_seeds(seeds), whole("batch", batch, 1)
        if labels is not None and not classes:
            raise SfumatoError(f"this {self.config.kind} has no classes; leave the labels out.")
        if labels is not None:
            where = f"the classes of this {self.config.kind} are 0 to {classes - 1}, and a label"
            labels = [whole(where, one, 0, classes - 1) for one in listed("labels", labels, "[0]")]
            if len(labels) != len(seeds):
                raise SfumatoError(f"{len(seeds)} seeds need as many labels, got {len(labels)}.")
        self.eval()
        for first in range(0, len(seeds), batch):
            some = slice(first, first + batch)
            noise = ImageNoise(seeds[some], (self.config.latent + 1,))()
            z, spare = noise[:, :-1].to(self.device), noise[:, -1]
            label = None
            if classes:
                share = (1 + torch.erf(spare / math.sqrt(2))) / 2  # uniform in [0, 1], and independent of z
                own = (share * classes).long().clamp(max=classes - 1) if labels is None else torch.tensor(labels[some])
                label = own.to(self.device)
            with torch.no_grad():
                yield self.generate(z, label).float().cpu()

    def sample(self, seeds: Sequence[int], labels: Sequence[int] | None = None, batch: int = 64) -> Tensor:
        """Generate `(len(seeds), *shape)` on the CPU, in about [−1, 1]; as `stream`."""
        return torch.cat(list(self.stream(seeds, labels, batch)))
