"""The 1,797 handwritten digits, scanned at 8×8, that come inside scikit-learn (Alpaydin & Kaynak 1998)."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sfumato.data.dataset import Dataset
from sfumato.errors import SfumatoError


def open_digits(size: tuple[int, int] | None = None) -> Dataset:
    """The digits, `(1797, 1, 8, 8)`, classes "0" to "9"; another `size` (height, width) is interpolated from 8×8.

    Raises SfumatoError where scikit-learn isn't installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise SfumatoError("the digits come inside scikit-learn: pip install 'sfumato[demo]'.") from error
    scans = load_digits()
    images = np.rint(scans.images * (255 / 16)).astype(np.uint8)  # 17 shades of grey, 0 to 16
    if size is not None and size != (8, 8):
        height, width = size
        images = np.stack(
            [np.asarray(Image.fromarray(i).resize((width, height), Image.Resampling.BICUBIC)) for i in images]
        )
    return Dataset("digits", images[:, None], scans.target.astype(np.int64), tuple("0123456789"))
