"""What the lesson on autoencoders shows: one for each β, digits that none was trained on, and how each does on them."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import torch

from sfumato.baselines.vae import divergence
from sfumato.data import open_dataset
from sfumato.lesson.small_models import BETAS, TRAINED, plane_vae, vae_file

REACH = 3.0  # of the plane that is shown, from its middle


def held_out_scores(beta: str) -> dict[str, float]:
    """Of digits that were not trained on: the error of the round trip, the bits of a code, and those off the sheet.

    The error is a root mean square over the pixels, as a share of the way from black to white.
    """
    dataset = open_dataset("digits")
    x, net = dataset.batch(torch.arange(TRAINED, len(dataset)))[0].flatten(1), plane_vae(beta)
    mean, log_variance = net.encode(x)
    error = (net.decoder(mean) - x).square().mean().sqrt() / 2
    return {
        "error": round(float(error), 4),
        "bits": round(float(divergence(mean, log_variance).mean()) / math.log(2), 2),
        "outside": round(float((mean.abs() > REACH).any(1).float().mean()), 4),
    }


def vae(folder: Path) -> None:
    """`<β>.bin`, weights in half precision; `digits.bin`, a byte a pixel; `about.json`."""
    folder.mkdir(parents=True)
    dataset = open_dataset("digits")
    assert dataset.labels is not None
    (folder / "digits.bin").write_bytes(np.ascontiguousarray(dataset.samples[TRAINED:]).tobytes())
    for beta in BETAS:
        shutil.copyfile(vae_file(beta), folder / f"{beta}.bin")
    about = {
        "labels": "".join(str(int(label)) for label in dataset.labels[TRAINED:]),
        "scores": {beta: held_out_scores(beta) for beta in BETAS},
    }
    (folder / "about.json").write_text(json.dumps(about, separators=(",", ":")) + "\n", encoding="utf-8")
