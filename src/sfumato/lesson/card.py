"""The picture that a link to the lesson is shown with: points that turn from noise into a knot, from left to right."""

from __future__ import annotations

import math

import torch
from PIL import Image
from torch import Tensor

from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES
from sfumato.sampling import ImageNoise

WIDTH, HEIGHT = 1200, 630
TIMES = (1.0, 0.28, 0.0)
SCALE = 76.0  # pixels a unit
TILT = 1.1  # radians, by which the knot leans towards whoever looks
PAPER, INKS = (248, 245, 239), ((0, 98, 155), (184, 78, 0), (162, 63, 119))
POINTS = 30_000


def card() -> Image.Image:
    """Three clouds side by side, at TIMES of the cosine schedule; a point's colour is its place along the knot."""
    knot = open_dataset("points:torus-knot").samples
    x0 = torch.as_tensor(knot)[torch.arange(POINTS) % len(knot)].double()
    eps = ImageNoise([0], x0.shape)()[0].double()
    along = (torch.atan2(x0[:, 1], x0[:, 0]).abs() / torch.pi)[:, None]
    blue, orange, pink = (torch.tensor(ink, dtype=torch.float64) for ink in INKS)
    colour = torch.where(along < 0.5, blue.lerp(orange, 2 * along), orange.lerp(pink, 2 * along - 1))
    sheet = torch.tensor(PAPER, dtype=torch.float64).repeat(HEIGHT, WIDTH, 1)
    for place, t in enumerate(TIMES):
        level = SCHEDULES["cosine"]()(t)
        x = level.alpha * x0 + level.sigma * eps
        centre = WIDTH * (place + 0.5) / len(TIMES)
        for right, down in ((0, 0), (0, 1), (1, 0), (1, 1)):  # a dot is two pixels wide
            _draw(sheet, x, colour, centre + right, HEIGHT / 2 + down)
    return Image.fromarray(sheet.round().to(torch.uint8).numpy()).quantize(64)


def _draw(sheet: Tensor, x: Tensor, colour: Tensor, centre: float, middle: float) -> None:
    """The points of a cloud as dots that let three quarters of what is beneath them through."""
    up = x[:, 1] * math.cos(TILT) - x[:, 2] * math.sin(TILT)
    column, row = (centre + SCALE * x[:, 0]).round().long(), (middle - SCALE * up).round().long()
    within = (column >= 0) & (column < WIDTH) & (row >= 0) & (row < HEIGHT)
    places = (row * WIDTH + column)[within]
    dots = torch.zeros(HEIGHT * WIDTH, dtype=torch.float64).index_add_(0, places, torch.ones(len(places)).double())
    inks = torch.zeros(HEIGHT * WIDTH, 3, dtype=torch.float64).index_add_(0, places, colour[within])
    shows = (1 - 0.75**dots).reshape(HEIGHT, WIDTH, 1)
    mean = (inks / dots.clamp(min=1)[:, None]).reshape(HEIGHT, WIDTH, 3)
    sheet.mul_(1 - shows).add_(shows * mean)
