"""Does an avatar show what the prompt says? A model of avatars, held to combinations that it never saw.

    python benchmarks/avatar_prompts.py runs/zoo-avatars         some minutes; --count 32 for fewer prompts

Held out of training are combinations of a plant and a background (data/avatars.py). Of each such avatar's options the
one is read whose rendering is nearest to the picture (evaluation/avatars.py): parts are to be those asked for, colours
to have the name that was asked for. Beside stand the real drawings once they have been through the autoencoder, which
no model in its latents betters.

Prints one table, and writes runs/avatars-benchmark/prompts.html: the prompts beside the nearest training pictures.
Exits with 1 where a figure is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sfumato.data import open_dataset
from sfumato.data.avatars import COLOUR, Avatar, attribution, colour_word, numbered
from sfumato.data.svg import render
from sfumato.evaluation.avatars import read_options
from sfumato.evaluation.features import open_extractor
from sfumato.evaluation.prompts import write_prompts_page
from sfumato.hub import load

STYLE, SIDE = "sprouts", 128
OUT = Path("runs/avatars-benchmark")
ASKED = {"colours": 0.90, "parts": 0.80}


def as_asked(pictures: Tensor, avatars: Sequence[Avatar]) -> dict[str, float]:
    """The shares of colours, by their names, and of parts that the pictures show as they were asked for."""
    found: dict[str, list[bool]] = {"colours": [], "parts": []}
    for picture, one in zip(pictures, avatars, strict=True):
        pixels = ((picture.clamp(-1, 1) + 1) * 127.5).round().byte().numpy()
        for name, read in read_options(STYLE, one, pixels).items():
            if read is None:  # the drawing doesn't show it
                continue
            asked = one.options[name]
            colour = name.endswith(COLOUR)
            found["colours" if colour else "parts"].append(
                colour_word(read) == colour_word(asked) if colour else read == asked
            )
    return {name: float(np.mean(right)) for name, right in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="runs/zoo-avatars")
    parser.add_argument("--count", type=int, default=100)
    args = parser.parse_args()
    model, avatars = load(args.model), list(numbered(STYLE, args.count, held=True))
    assert model.codec is not None
    captions = [one.caption for one in avatars]
    drawn = model.sample(range(len(avatars)), prompts=captions)
    real = torch.from_numpy(np.stack([render(one.svg, SIDE, SIDE) for one in avatars])).float() / 127.5 - 1
    table = {"drawn": as_asked(drawn, avatars), "real": as_asked(model.codec.decode(model.codec.encode(real)), avatars)}
    print(f"{model.source}: {model.parameter_count:,} parameters; {len(avatars)} held-out combinations")
    print(f"{'':<10}{'asked':>8}{'drawn':>8}{'real':>8}")
    for name, least in ASKED.items():
        print(f"{name:<10}{100 * least:7.0f}%" + "".join(f"{100 * row[name]:7.1f}%" for row in table.values()))
    training = open_dataset(f"avatars:{STYLE}:2000", (SIDE, SIDE))  # the first of those that were trained on
    sections = {"Combinations that were never trained on": captions}
    page, extractor = OUT / "prompts.html", open_extractor("pixels", training)
    write_prompts_page(page, model, training, extractor, sections, figures=[], note=attribution(STYLE))
    print(f"The page: {page}")
    sys.exit(any(table["drawn"][name] < least for name, least in ASKED.items()))


if __name__ == "__main__":
    main()
