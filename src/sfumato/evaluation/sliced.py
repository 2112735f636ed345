"""The sliced Wasserstein distance: sets compared along lines, where transport is sorting."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.evaluation.intervals import Estimate, check_features, estimate, subsampling_error
from sfumato.seeds import torch_generator


def sliced_wasserstein(a: Tensor, b: Tensor, lines: int = 256, repeats: int = 50, seed: int = 0) -> Estimate:
    """The root of the mean squared 2-Wasserstein distance along random lines (Bonneel et al. 2015, definition 4).

    `a` and `b` are features `(count, dimension)`, and the value is in their units. Above 0 by chance for equal
    distributions, more so in small sets: compare equal counts. The lines are a function of (dimension, lines, seed).
    Raises SfumatoError for features that don't fit together.
    """
    a, b = check_features(a, b)
    generator = torch_generator("lines", seed)
    directions = torch.randn(a.shape[1], lines, generator=generator, dtype=torch.float64)
    directions /= directions.norm(dim=0)
    along_a, along_b = a @ directions, b @ directions
    error = subsampling_error(_along_lines, along_a, along_b, repeats, seed) if repeats else torch.zeros(())
    return estimate(float(_along_lines(along_a, along_b)), float(error))


def _along_lines(a: Tensor, b: Tensor) -> Tensor:
    a, b = a.sort(0).values, b.sort(0).values
    if len(a) != len(b):  # each as a staircase of quantiles, on the steps of both
        steps = [torch.arange(1, len(x) + 1, dtype=torch.float64) / len(x) for x in (a, b)]
        ends = torch.cat(steps).sort().values
        widths = torch.diff(ends, prepend=torch.zeros(1, dtype=torch.float64))
        middles = ends - widths / 2
        a, b = (x[torch.searchsorted(s, middles).clamp(max=len(x) - 1)] for x, s in ((a, steps[0]), (b, steps[1])))
        return ((a - b).square() * widths[:, None]).sum(0).mean().sqrt()
    return (a - b).square().mean().sqrt()
