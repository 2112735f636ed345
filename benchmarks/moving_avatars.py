"""Does an avatar do what the prompt says? A model of moving avatars, held to drawings that it never saw.

    python benchmarks/moving_avatars.py moving-avatars           a quarter of an hour of one thread
    python benchmarks/moving_avatars.py RUN --count 8            in some minutes

Held out of training are combinations of a plant and a background (data/avatars.py). What an avatar does is what the
clip does that comes nearest, of those in which its drawing does anything that it can (evaluation/moving_avatars.py).
What it shows is read of the first frame, in which all stand straight, as benchmarks/avatar_prompts.py reads pictures.
Beside stand the real clips once they have been through the autoencoder.

Prints one table, and writes runs/moving-avatars/: clips.webp, which moves, and clips.png with some of the frames.
Exits with 1 where a figure is missed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from avatar_prompts import as_asked
from sfumato.data import KINDS, picture, save_png
from sfumato.data.avatars import numbered
from sfumato.data.films import film
from sfumato.data.moving_avatars import FRAMES, MovingAvatar, draw_avatar, moving_avatar
from sfumato.evaluation.moving_avatars import read_action
from sfumato.files import replace_file
from sfumato.hub import load

STYLE, SIDE = "sprouts", 128
OUT = Path("runs/moving-avatars")
ASKED = {"action": 0.85, "colours": 0.85, "parts": 0.85}


def shown(clips: Tensor, avatars: list[MovingAvatar]) -> dict[str, float]:
    """The shares of actions, of bodies, of faces, and of the drawings' colours and parts that are those asked for."""
    pixels = ((clips.clamp(-1, 1) + 1) * 127.5).round().byte().numpy()
    read = [read_action(one, clip) for one, clip in zip(avatars, pixels, strict=True)]
    asked = [one.action for one in avatars]
    words = [({*found.split(" and ")}, {*wanted.split(" and ")}) for found, wanted in zip(read, asked, strict=True)]
    faces = {"blinks", "talks"}
    return {
        "action": float(np.mean([found == wanted for found, wanted in zip(read, asked, strict=True)])),
        "body": float(np.mean([found - faces == wanted - faces for found, wanted in words])),
        "face": float(np.mean([found & faces == wanted & faces for found, wanted in words])),
        **as_asked(clips[:, 0], [one.drawing for one in avatars]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="moving-avatars")
    parser.add_argument("--count", type=int, default=40)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = load(args.model)
    assert model.codec is not None
    avatars = [moving_avatar(STYLE, one) for one in numbered(STYLE, args.count, held=True)]
    real = KINDS["clips"].decoded(np.stack([draw_avatar(one, FRAMES, SIDE, SIDE) for one in avatars]))
    back = torch.stack([model.codec.decode(model.codec.encode(clip)) for clip in real])
    drawn = torch.cat([model.sample([seed], prompts=one.captions[0]) for seed, one in enumerate(avatars)])
    OUT.mkdir(parents=True, exist_ok=True)
    save_png(picture(drawn[:8], kind="clips"), OUT / "clips.png", {"model": args.model})
    replace_file(OUT / "clips.webp", film(drawn, ".webp", 8, columns=8))
    table = {"drawn": shown(drawn, avatars), "real": shown(back, avatars)}
    print(f"{model.source}: {model.parameter_count:,} parameters; {len(avatars)} held-out drawings")
    print(f"{'':<10}{'asked':>8}{'drawn':>8}{'real':>8}")
    for name in table["drawn"]:
        least = f"{100 * ASKED[name]:7.0f}%" if name in ASKED else " " * 8
        print(f"{name:<10}{least}" + "".join(f"{100 * row[name]:7.1f}%" for row in table.values()))
    print(f"The clips: {OUT / 'clips.webp'}")
    sys.exit(any(table["drawn"][name] < least for name, least in ASKED.items()))


if __name__ == "__main__":
    main()
