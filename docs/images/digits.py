"""The README's picture, from a run of the demo: `python docs/images/digits.py runs/digits`."""

import sys
from pathlib import Path

import torch
from PIL import Image

from sfumato.cli.generating import frame_of
from sfumato.data import tile
from sfumato.hub import load

run = Path(sys.argv[1])
steps = list(load(run).stream(range(10), range(10)))
shown = [frame_of(steps[index]) for index in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10)]
way = tile(torch.stack(shown, dim=1).flatten(0, 1), columns=10, scale=6)
drawn = Image.open(run / "samples.png").convert("RGB")
both = Image.new("RGB", (drawn.width + way.width + 28, drawn.height), "white")
both.paste(drawn, (0, 0))
both.paste(way, (drawn.width + 28, 0))
both.save(Path(__file__).with_suffix(".png"), optimize=True)
