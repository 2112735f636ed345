"""Where training data comes from, and pictures in and out."""

from sfumato.data import datasets
from sfumato.data.dataset import Dataset
from sfumato.data.kinds import KINDS, picture
from sfumato.data.opening import open_dataset
from sfumato.data.order import Augmentation, around, draw_augmentation, hold_out, order
from sfumato.data.pictures import (
    animation,
    half_blocks,
    png,
    read_about,
    save_animation,
    save_png,
    scatter,
    table,
    tile,
    to_uint8,
)

__all__ = [
    "KINDS", "Augmentation", "Dataset", "animation", "around", "datasets", "draw_augmentation", "half_blocks",
    "hold_out", "open_dataset", "order", "picture", "png", "read_about", "save_animation", "save_png", "scatter",
    "table", "tile", "to_uint8",
]  # fmt: skip
