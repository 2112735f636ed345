"""Draw pictures to try this on: houses, trees and boats, a folder a class.

python example.py [FOLDER [HOW MANY OF EACH]]
"""

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIZE, FINE = 128, 4  # pixels a side, and how much finer it is drawn at first
SKIES = ("#bcd9ee", "#f6d5b3", "#d9cfe8", "#cfe5d6")
COLOURS = ("#c0392b", "#d68910", "#2e86c1", "#7d3c98", "#17806d")


def house(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: str) -> None:
    draw.rectangle((x - size, y - size, x + size, y), "#f3ead8")
    draw.polygon([(x - 1.2 * size, y - size), (x, y - 1.9 * size), (x + 1.2 * size, y - size)], colour)
    draw.rectangle((x - 0.2 * size, y - 0.6 * size, x + 0.2 * size, y), "#5d4037")


def tree(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: str) -> None:
    draw.rectangle((x - 0.15 * size, y - size, x + 0.15 * size, y), "#6d4c33")
    draw.ellipse((x - 0.8 * size, y - 2.2 * size, x + 0.8 * size, y - 0.6 * size), colour)


def boat(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: str) -> None:
    top, narrow = y - 0.5 * size, 0.6 * size
    draw.polygon([(x - size, top), (x + size, top), (x + narrow, y), (x - narrow, y)], "#5d4037")
    draw.rectangle((x - 0.08 * size, y - 2.1 * size, x, top), "#5d4037")
    draw.polygon([(x, y - 2 * size), (x, top - 0.1 * size), (x + 0.9 * size, top - 0.1 * size)], colour)


def picture(chance: random.Random, kind: str) -> Image.Image:
    side = SIZE * FINE
    image = Image.new("RGB", (side, side), chance.choice(SKIES))
    draw = ImageDraw.Draw(image)
    ground = side * chance.uniform(0.7, 0.85)
    draw.rectangle((0, ground, side, side), "#3d7ea6" if kind == "boat" else "#7fa650")
    greens = ("#2e7d32", "#558b2f", "#9e9d24", "#c0792b")
    size, colour = side * chance.uniform(0.16, 0.27), chance.choice(greens if kind == "tree" else COLOURS)
    x, y = side * chance.uniform(0.35, 0.65), ground + size * chance.uniform(0.05, 0.25)
    {"house": house, "tree": tree, "boat": boat}[kind](draw, x, y, size, colour)
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    folder, count = (sys.argv[1:] + ["pictures", "120"][len(sys.argv) - 1 :])[:2]
    for kind in ("house", "tree", "boat"):
        place = Path(folder) / kind
        place.mkdir(parents=True, exist_ok=True)
        for number in range(int(count)):
            picture(random.Random(f"{kind} {number}"), kind).save(place / f"{number:03}.png")
