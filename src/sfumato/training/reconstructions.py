"""Looks at an autoencoder while it trains: what it makes of pictures that it never saw, and how far off that is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.data import around, picture, save_png
from sfumato.training.autoencoding import AutoencoderTrainer
from sfumato.training.held_out import Evaluation
from sfumato.training.previews import FORWARD, NotFinite, Preview

SHOWN, ROWS = 8, 3  # pictures of a preview, and what of each is shown
MOST = 64  # pictures that are looked at together
RANGE = 2.0  # from black to white


def reconstruction_images(trainer: AutoencoderTrainer) -> int:
    """How many images the network is asked about for a look."""
    return SHOWN * bool(trainer.config.keeping.previews) + 2 * min(trainer.config.keeping.evaluated, len(trainer.held))


def draw_reconstructions(folder: Path, trainer: AutoencoderTrainer) -> Preview:
    """Write the preview of this step: pictures, what the averaged weights make of them, and three times the difference.

    A row each. Raises NotFinite where a value is no finite number.
    """
    held, rest = len(trainer.held), len(trainer.dataset) - len(trainer.held)
    shown = SHOWN // 4 if trainer.codec.net.temporal else SHOWN  # clips have a row of frames each
    some = trainer.held if held >= shown else around(trainer.held, np.arange(min(rest, shown)))
    x, _ = trainer.dataset.batch(some[np.linspace(0, len(some) - 1, min(shown, len(some))).astype(np.int64)])
    y = reconstructed(trainer, x)
    if not bool(y.isfinite().all()):
        raise NotFinite(f"at step {trainer.step:,} what is reconstructed is not finite; try a lower learning rate.")
    samples = torch.cat([x, y, 3 * (y - x)])
    path = folder / "previews" / f"step-{trainer.step:08d}.png"
    if trainer.processes.main:
        rows = "pictures, reconstructions, 3 × the difference"
        about = {"autoencoder": folder.as_posix(), "step": str(trainer.step), "rows": rows}
        save_png(picture(samples, columns=len(x)), path, about)
    return Preview(trainer.step, samples, path)


def evaluate_reconstructions(trainer: AutoencoderTrainer) -> Evaluation | None:
    """The mean squared error of held-out pictures and of as many trained ones, at the level 0; None where none are."""
    held = trainer.held
    number = min(trainer.config.keeping.evaluated, len(held))
    if not number:
        return None
    trained = around(held, np.linspace(0, len(trainer.dataset) - len(held) - 1, number).astype(np.int64))
    unseen = held[np.linspace(0, len(held) - 1, number).astype(np.int64)]
    errors, spread = zip(*(_errors(trainer, rows) for rows in (unseen, trained)), strict=True)
    data, least = trainer.config.data.fingerprint, len(trainer.dataset) - len(held)
    return Evaluation(trainer.step, trainer.images, (0.0,), (errors[0],), (errors[1],), (spread[0],), data, least)


def psnr(error: float) -> float:
    """The peak signal-to-noise ratio of pictures in [−1, 1] in dB, by their mean squared `error`."""
    return 10 * math.log10(RANGE**2 / max(error, 1e-12))


def psnr_of(evaluation: Evaluation) -> float:
    """That of held-out pictures, the mean over them."""
    return float(np.mean([psnr(error) for error in evaluation.held_out[0]]))


def reconstructed(trainer: AutoencoderTrainer, x: Tensor) -> Tensor:
    """What the averaged autoencoder makes of pictures, on the CPU."""
    with trainer.heeding(), torch.no_grad(), trainer.precise():
        parts = x.split(min(MOST, FORWARD * trainer.rows))
        return torch.cat([trainer.average(some.to(trainer.device)).float().cpu() for some in parts])


def _errors(trainer: AutoencoderTrainer, rows: NDArray[np.int64]) -> tuple[tuple[float, ...], float]:
    """The mean squared error of each picture, rounded, and the variance of all."""
    x, _ = trainer.dataset.batch(rows)
    errors = (reconstructed(trainer, x).clamp(-1, 1) - x).square().flatten(1).mean(1)
    return tuple(float(f"{error:.5g}") for error in errors.tolist()), float(x.var())
