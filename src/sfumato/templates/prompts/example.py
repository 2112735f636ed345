"""Draw pictures with captions to try this on: one to three circles, squares or stars in a colour on another.

python example.py [FOLDER [HOW MANY]]
"""

import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIZE, FINE = 32, 8  # pixels a side, and how much finer it is drawn at first
COLOURS = {"red": "#d64541", "blue": "#2f6fb0", "green": "#3f9b5b", "yellow": "#f2c230", "white": "#f7f3ea"}
COUNTS = {1: "a", 2: "two", 3: "three"}
LEFT_OUT = ("green", "star")


def shape(draw: ImageDraw.ImageDraw, kind: str, x: float, y: float, r: float, colour: str) -> None:
    if kind == "circle":
        draw.ellipse((x - r, y - r, x + r, y + r), colour)
    elif kind == "square":
        draw.rectangle((x - 0.85 * r, y - 0.85 * r, x + 0.85 * r, y + 0.85 * r), colour)
    else:
        around = [(0.45 if i % 2 else 1.15, math.pi * (i / 5 - 0.5)) for i in range(10)]
        draw.polygon([(x + r * far * math.cos(angle), y + r * far * math.sin(angle)) for far, angle in around], colour)


def picture(chance: random.Random) -> tuple[Image.Image, str]:
    while True:
        kind, number = chance.choice(("circle", "square", "star")), chance.choice((1, 2, 3))
        colour, ground = chance.sample(sorted(COLOURS), 2)
        if (colour, kind) != LEFT_OUT:
            break
    side = SIZE * FINE
    image = Image.new("RGB", (side, side), COLOURS[ground])
    r = side * chance.uniform(0.12, 0.15 if number > 1 else 0.3)
    for place in range(number):
        x = side * ((place + 1) / (number + 1) + chance.uniform(-0.03, 0.03))
        shape(ImageDraw.Draw(image), kind, x, side * chance.uniform(0.35, 0.65), r, COLOURS[colour])
    words = f"{COUNTS[number]} {colour} {kind}{'s' * (number > 1)} on {ground}"
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS), words


if __name__ == "__main__":
    folder, count = (sys.argv[1:] + ["captioned", "960"][len(sys.argv) - 1 :])[:2]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for number in range(int(count)):
        image, caption = picture(random.Random(number))
        image.save(Path(folder, f"{number:04}.png"))
        Path(folder, f"{number:04}.txt").write_text(caption + "\n", encoding="utf-8")
