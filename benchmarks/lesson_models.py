"""Train the small models of the lessons and record them: src/sfumato/lesson/recorded/{vae,pixels}.

python benchmarks/lesson_models.py [vae] [pixels]        about two minutes on one core
"""

from __future__ import annotations

import sys

import torch

from sfumato.baselines.any_order import to_levels, train_any_order
from sfumato.baselines.plane_vae import train_plane_vae
from sfumato.data import open_dataset
from sfumato.lesson.small_models import BETAS, PIXELS_FILE, TRAINED, save_weights, vae_file


def main(*which: str) -> None:
    pictures, _ = open_dataset("digits").batch(torch.arange(TRAINED))
    if "vae" in which:
        for beta in BETAS:
            save_weights(vae_file(beta), train_plane_vae(pictures.flatten(1), float(beta)))
    if "pixels" in which:
        save_weights(PIXELS_FILE, train_any_order(to_levels(pictures)))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ("vae", "pixels")))
