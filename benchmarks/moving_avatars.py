"""Does an avatar do what the prompt says? A model of moving avatars, held to drawings that it never saw.

    python benchmarks/moving_avatars.py moving-avatars           half an hour of one thread
    python benchmarks/moving_avatars.py RUN --count 8            in some minutes
    python benchmarks/moving_avatars.py RUN --long               clips of 256 frames alone, in twenty minutes

Held out of training are combinations of a plant and a background (data/avatars.py). What an avatar does is what the
clip does that comes nearest, of those in which its drawing does anything that it can (evaluation/moving_avatars.py).
What it shows is read of the first frame, as benchmarks/avatar_prompts.py reads pictures. Beside stand clips that go on
from a first frame that is given, those whose frames are each drawn by itself from the seed of the clip, and the real
clips once they have been through the autoencoder. Long clips are held to the range of real ones, moment by moment.

Prints one table, and writes runs/moving-avatars/: drawn.webp, which moves, and drawn.png with its frames; or the curves
of the long clips, drift.html. Exits with 1 where a figure is missed.
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
from sfumato.evaluation.drift import Curve, drift
from sfumato.evaluation.drift_page import drift_table, out_of_range, write_drift
from sfumato.evaluation.moving_avatars import read_action
from sfumato.files import replace_file
from sfumato.hub import Keyframes, Model, load

STYLE, SIDE = "sprouts", 128
OUT = Path("runs/moving-avatars")
ASKED = {"action": 0.85, "colours": 0.85, "parts": 0.85}
LONG, ROLLED, STEPS = 256, 12, 10  # frames of a long clip, how many there are, and in how many steps they are drawn


def shown(clips: Tensor, avatars: list[MovingAvatar]) -> dict[str, float]:
    """The shares of actions, and of the drawings' colours and parts, that are those asked for."""
    pixels = ((clips.clamp(-1, 1) + 1) * 127.5).round().byte().numpy()
    read = [read_action(one, clip) for one, clip in zip(avatars, pixels, strict=True)]
    return {
        "action": float(np.mean([found == one.action for found, one in zip(read, avatars, strict=True)])),
        **as_asked(clips[:, 0], [one.drawing for one in avatars]),
    }


def real_clips(avatars: list[MovingAvatar], frames: int = FRAMES) -> Tensor:
    return KINDS["clips"].decoded(np.stack([draw_avatar(one, frames, SIDE, SIDE) for one in avatars]))


def rolled_out(model: Model, frames: int) -> dict[str, Curve]:
    """Long clips, beside real ones, frame by frame."""
    avatars = [moving_avatar(STYLE, one) for one in numbered(STYLE, 5 * ROLLED, held=True)]
    prompts = [one.captions[0] for one in avatars[:ROLLED]]
    clips = torch.cat([
        model.sample([seed], prompts=text, frames=frames, steps=STEPS) for seed, text in enumerate(prompts)
    ])  # fmt: skip
    curves = drift(clips, real_clips(avatars, 4 * FRAMES))
    write_drift(OUT, clips, curves, f"python benchmarks/moving_avatars.py --long {frames}")
    return curves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="moving-avatars")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--long", nargs="?", type=int, const=LONG, metavar="FRAMES", help=f"[default: {LONG}]")
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = load(args.model)
    assert model.codec is not None
    OUT.mkdir(parents=True, exist_ok=True)
    if args.long:
        curves = rolled_out(model, args.long)
        print(f"{ROLLED} clips of {args.long} frames", drift_table(curves), *(left := out_of_range(curves)), sep="\n")
        sys.exit(bool(left))
    avatars = [moving_avatar(STYLE, one) for one in numbered(STYLE, args.count, held=True)]
    real = real_clips(avatars)
    prompts = [one.captions[0] for one in avatars]
    rows = {"drawn": torch.cat([model.sample([seed], prompts=text) for seed, text in enumerate(prompts)])}
    rows["going on"] = torch.cat([
        model.sample([seed], prompts=text, edit=Keyframes({0: clip[0]}))
        for seed, (text, clip) in enumerate(zip(prompts, real, strict=True))
    ])  # fmt: skip
    assert torch.equal(rows["going on"][:, 0], real[:, 0])
    rows["by itself"] = model.sample(range(len(prompts)), prompts=prompts, frames=1).expand(-1, FRAMES, -1, -1, -1)
    rows["real"] = torch.stack([model.codec.decode(model.codec.encode(clip)) for clip in real])
    for name in ("drawn", "going on"):
        place = OUT / name.replace(" ", "-")
        save_png(picture(rows[name][:8], kind="clips"), place.with_suffix(".png"), {"model": args.model})
        replace_file(place.with_suffix(".webp"), film(rows[name], ".webp", 8, columns=8))
    table = {name: shown(clips, avatars) for name, clips in rows.items()}
    print(f"{model.source}: {model.parameter_count:,} parameters; {len(avatars)} held-out drawings")
    print(f"{'':<10}{'asked':>8}" + "".join(f"{name:>11}" for name in rows))
    for name in table["drawn"]:
        least = f"{100 * ASKED[name]:7.0f}%" if name in ASKED else " " * 8
        print(f"{name:<10}{least}" + "".join(f"{100 * row[name]:10.1f}%" for row in table.values()))
    print(f"The clips: {OUT / 'drawn.webp'}")
    sys.exit(any(table["drawn"][name] < least for name, least in ASKED.items()))


if __name__ == "__main__":
    main()
