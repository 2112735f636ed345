"""Draw clips with captions to try this on: a ball that falls, rises, rolls left or right, as GIFs of a second.

python example.py [FOLDER [HOW MANY]]
"""

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIZE, FINE, FRAMES = 32, 4, 8  # pixels a side, how much finer it is drawn at first, frames of an eighth of a second
COLOURS = {"red": "#d64541", "blue": "#2f6fb0", "green": "#3f9b5b", "yellow": "#f2c230"}
GROUNDS = ("#f7f3ea", "#dfe8ee", "#2d3440")
WAYS = {"falls": (0, 1), "rises": (0, -1), "rolls left": (-1, 0), "rolls right": (1, 0)}


def clip(chance: random.Random) -> tuple[list[Image.Image], str]:
    colour, way = chance.choice(sorted(COLOURS)), chance.choice(sorted(WAYS))
    ground, r = chance.choice(GROUNDS), chance.uniform(0.1, 0.17)
    across, begin, speed = chance.uniform(0.25, 0.75), chance.uniform(0.15, 0.3), chance.uniform(0.06, 0.09)
    frames = []
    for number in range(FRAMES):
        gone = begin + speed * number
        x, y = (0.5 + side * (gone - 0.5) if side else across for side in WAYS[way])
        image = Image.new("RGB", (SIZE * FINE, SIZE * FINE), ground)
        ends = [SIZE * FINE * end for end in (x - r, y - r, x + r, y + r)]
        ImageDraw.Draw(image).ellipse(ends, COLOURS[colour])
        frames.append(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    return frames, f"a {colour} ball {way}"


if __name__ == "__main__":
    folder, count = (sys.argv[1:] + ["clips", "240"][len(sys.argv) - 1 :])[:2]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for number in range(int(count)):
        (first, *others), caption = clip(random.Random(number))
        first.save(Path(folder, f"{number:04}.gif"), save_all=True, append_images=others, duration=125, loop=0)
        Path(folder, f"{number:04}.txt").write_text(caption + "\n", encoding="utf-8")
