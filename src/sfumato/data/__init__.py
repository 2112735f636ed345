"""Where training data comes from, and pictures in and out."""

from sfumato.data.dataset import Dataset, around, hold_out, mirrored, open_dataset, order
from sfumato.data.pictures import (
    half_blocks,
    picture,
    read_about,
    save_animation,
    save_png,
    scatter,
    table,
    tile,
    to_uint8,
)

__all__ = [
    "Dataset", "around", "half_blocks", "hold_out", "mirrored", "open_dataset", "order", "picture", "read_about",
    "save_animation", "save_png", "scatter", "table", "tile", "to_uint8",
]  # fmt: skip
