"""Where training data comes from, and pictures in and out."""

from sfumato.data.dataset import Dataset
from sfumato.data.opening import open_dataset
from sfumato.data.order import Views, around, draw_views, hold_out, order
from sfumato.data.pictures import (
    animation,
    half_blocks,
    picture,
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
    "Dataset", "Views", "animation", "around", "draw_views", "half_blocks", "hold_out", "open_dataset", "order",
    "picture", "png", "read_about", "save_animation", "save_png", "scatter", "table", "tile", "to_uint8",
]  # fmt: skip
