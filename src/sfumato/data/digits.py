"""The 1,797 handwritten digits, scanned at 8×8, that scikit-learn carries too (Alpaydin & Kaynak 1998, CC BY 4.0).

Optical Recognition of Handwritten Digits, UCI Machine Learning Repository. They lie beside this file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from sfumato.data.dataset import Dataset

SCANS = Path(__file__).with_suffix(".npz")  # 17 shades of grey, 0 to 16, and which digit each is


def open_digits(size: tuple[int, int] | None = None) -> Dataset:
    """The digits, `(1797, 1, 8, 8)`, classes "0" to "9"; another `size` (height, width) is interpolated from 8×8."""
    with np.load(SCANS, allow_pickle=False) as stored:
        scans, labels = stored["scans"], stored["labels"]
    images = np.rint(scans * (255 / 16)).astype(np.uint8)
    if size is not None and size != (8, 8):
        height, width = size
        images = np.stack(
            [np.asarray(Image.fromarray(i).resize((width, height), Image.Resampling.BICUBIC)) for i in images]
        )
    return Dataset("digits", images[:, None], labels.astype(np.int64), tuple("0123456789"))
