"""Running averages of the weights, which generate better pictures than the weights themselves, and any width of them.

An average of `width` (sigma_rel) weighs the weights at time τ of a training of length t by a power function
`p(τ) = (γ + 1)·τ^γ / t^(γ+1)`, whose standard deviation is `width·t` (Karras et al. 2024, section 3.1). Two widths are
kept while training; from a few snapshots of them any other can be had afterwards (section 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.errors import SfumatoError

Decay = Callable[[int], float]  # the share that an average keeps of itself at a step ≥ 1
RAMP_UP = 0.05
WIDEST = 12**-0.5  # γ = 0, all of the training weighed alike


def gamma_of(width: float) -> float:
    """The exponent γ ≥ 0 of an average of relative `width`, in (0, 0.288]; raises SfumatoError outside.

    The positive root of `(γ + 2)²·(γ + 3)·width² = γ + 1` (Karras et al. 2024, eq. 126 and algorithm 2).
    """
    if not 0 < width <= WIDEST:
        raise SfumatoError(f"the width of an average lies above 0 and up to 0.288, got {width:g}; 0.1 is usual.")
    inverse = width**-2
    roots = np.roots([1, 7, 16 - inverse, 12 - inverse])
    return max(0.0, float(roots.real[np.abs(roots.imag) < 1e-6].max()))


def width_of(gamma: float) -> float:
    """The relative width of the average with exponent γ: `√(γ+1) / ((γ+2)·√(γ+3))` (Karras et al. 2024, eq. 126)."""
    return float((gamma + 1) ** 0.5 / ((gamma + 2) * (gamma + 3) ** 0.5))


def ema_decay(step: int, gamma: float) -> float:
    """The decay of a power-function average at `step` ≥ 1: `(1 − 1/step)^(gamma + 1)` (Karras et al. 2024, eq. 127).

    It warms up by construction: the first step is taken whole, and the window grows with training, to about
    `1 / (gamma + 2)` of its length.
    """
    return float((1 - 1 / step) ** (gamma + 1))


def constant_decay(step: int, decay: float) -> float:
    """That of an exponential average, which begins with less: `min(decay, (1 + step) / (10 + step))`.

    So it is no average of the first weights alone while it is young (TensorFlow's `ExponentialMovingAverage`).
    """
    return min(decay, (1 + step) / (10 + step))


def half_life_decay(step: int, batch: int, images: float) -> float:
    """That of an exponential average that forgets half in so many `images`, seen in batches: `0.5^(batch / images)`.

    While the training is young, half is forgotten in a twentieth of what it has seen (Karras et al. 2022, appendix
    F.2).
    """
    half = min(images, RAMP_UP * (step - 1) * batch)
    return float(0.5 ** (batch / half)) if half else 0.0


def update_ema(average: Sequence[Tensor], weights: Sequence[Tensor], decay: float) -> None:
    """Move `average` towards `weights`, in place: it keeps the share `decay` of itself."""
    with torch.no_grad():
        torch._foreach_lerp_(list(average), list(weights), 1 - decay)


@dataclass(frozen=True)
class Profile:
    """Which average a set of tensors is: after how many updates (`time`), of which exponent."""

    time: float
    gamma: float


def inner(one: Profile, other: Profile) -> float:
    """`∫ p_one(τ)·p_other(τ) dτ` in closed form (Karras et al. 2024, eq. 150)."""
    both = one.gamma + other.gamma + 1
    early, late = (one, other) if one.time <= other.time else (other, one)
    # early^(γa+γb+1) / (early^(γa+1)·late^(γb+1)), arranged so that long trainings don't overflow
    ratio: float = (early.time / late.time) ** late.gamma / late.time
    return (one.gamma + 1) * (other.gamma + 1) / both * ratio


def coefficients(stored: Sequence[Profile], wanted: Profile) -> tuple[NDArray[np.float64], float]:
    """What each stored average counts in the one that is wanted, and the error of their profile: `‖Σ c·p − p‖ / ‖p‖`.

    Least squares between the profiles (Karras et al. 2024, algorithm 3), but with coefficients that sum to 1, so that
    a weight that stood still comes out as it was. Averages of a time after the wanted one's hold weights that it must
    not, and are left out. Raises SfumatoError where none is left.
    """
    usable = [i for i, profile in enumerate(stored) if profile.time <= wanted.time]
    if not usable:
        raise SfumatoError("no average was stored so early; train longer, or ask for a later time.")
    if wanted in stored:
        return np.eye(len(stored))[stored.index(wanted)], 0.0
    # In units of each profile's norm, or the Gram matrix would be as badly scaled as their times differ.
    norms = np.array([inner(stored[i], stored[i]) ** 0.5 for i in usable])
    gram = np.array([[inner(stored[i], stored[j]) for j in usable] for i in usable]) / np.outer(norms, norms)
    length = inner(wanted, wanted) ** 0.5
    towards = np.array([inner(stored[i], wanted) for i in usable]) / norms / length
    ones = length / norms  # a profile's coefficient for each unit of the scaled solution
    system = np.block([[gram, ones[:, None]], [ones[None], np.zeros((1, 1))]])  # Lagrange's, for the sum
    solved = np.linalg.lstsq(system, np.append(towards, 1.0), rcond=1e-13)[0][:-1]
    error = max(0.0, float(1 - 2 * solved @ towards + solved @ gram @ solved)) ** 0.5
    found = np.zeros(len(stored))
    found[usable] = solved * ones
    return found, error


def reconstruct(
    stored: Sequence[tuple[Profile, Mapping[str, Tensor]]], wanted: Profile
) -> tuple[dict[str, Tensor], float]:
    """The average `wanted`, in float32, put together from those that are stored, and the relative error of its profile.

    Tensors that are no floating-point numbers are taken from the newest.
    """
    shares, error = coefficients([profile for profile, _ in stored], wanted)
    newest = max(stored, key=lambda pair: pair[0].time)[1]
    result = {}
    for name, like in newest.items():
        if not like.is_floating_point():
            result[name] = like
            continue
        total = torch.zeros(like.shape, dtype=torch.float64)
        for share, (_, tensors) in zip(shares, stored, strict=True):
            if share:
                total.add_(tensors[name].double(), alpha=float(share))
        result[name] = total.float()
    return result, error


def pack(averages: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Several averages as the tensors of one file: `0/name`, `1/name`, ..."""
    return {f"{i}/{name}": value for i, tensors in enumerate(averages) for name, value in tensors.items()}


def unpack(tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """The averages that `pack` put together."""
    found: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split("/", 1)
        found.setdefault(int(number), {})[name] = value
    return [found[number] for number in sorted(found)]
