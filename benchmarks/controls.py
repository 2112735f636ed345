"""Does a branch draw along the lines that it is shown? One that sees edges, trained beside the emoji model that ships.

    python benchmarks/controls.py           trains for 35 minutes of one core first, unless runs/emoji-edges is there
    python benchmarks/controls.py RUN       measures that run

The edges are those of the 93 drawings that neither the model nor its branch ever saw (data/emoji.py), and the same
mirrored: the model knows other colours of most of these drawings, but none of them the other way round. Given are the
mean correlation of what is drawn with them, edge by edge, and the share that shows the skin tone or colour
of the prompt. Beside stand the model without its branch, from the same seeds, the branch at half its strength and
without a prompt, and the real drawings as they are and one pixel off.

Prints one table, draws runs/emoji-benchmark/edges.png, and exits with 1 where pictures follow mirrored edges less than
real drawings follow their own that lie one pixel off.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emoji_prompts import OUT, coloured_right, first_names, moved
from sfumato.data import open_dataset, save_png, table, tile
from sfumato.data.controls import edges
from sfumato.evaluation.emoji import regions
from sfumato.hub import load

RUN = Path("runs/emoji-edges")
TRAIN = "train emoji:training --from emoji --control edges --minutes 35 --name emoji-edges"
SHOWN = 8


def agreement(pictures: Tensor, lines: Tensor) -> float:
    """The mean correlation of the pictures' edges with `lines`."""
    each = torch.stack([edges(pictures).flatten(1), lines.flatten(1)])
    each = each - each.mean(2, keepdim=True)
    return float((each[0] * each[1]).sum(1).div(each.norm(dim=2).prod(0)).mean())


def main() -> None:
    run = Path(sys.argv[1]) if sys.argv[1:] else RUN
    if not sys.argv[1:] and not run.exists():
        subprocess.run([sys.executable, "-m", "sfumato", *TRAIN.split()], check=True)
    model, training, held = load(run), open_dataset("emoji:training"), open_dataset("emoji:held-out")
    captions, real, known = first_names(held), held.batch(np.arange(len(held)))[0], regions(training)
    sides = {"as they are": real, "mirrored": real.flip(-1)}
    lines = {side: edges(pictures) for side, pictures in sides.items()}

    def drawn(prompts: list[str], side: str, strength: float) -> Tensor:
        told = {"edges": lines[side], "strength": strength}
        return model.sample(range(len(held)), prompts=prompts, conditions=told, batch=100)

    alone = drawn(captions, "mirrored", 0.0)
    print(f"{model.source}: {len(held)} drawings held out\n")
    print(f"{'edges':<13}{'drawn by':<30}{'follows them':>14}{'tone or colour as asked':>26}")
    follow = {}
    for side, original in sides.items():
        rows = {
            "the model alone": alone,
            "the branch at half strength": drawn(captions, side, 0.5),
            "the branch": drawn(captions, side, 1.0),
            "the branch without a prompt": drawn([""] * len(held), side, 1.0),
            "real drawings, a pixel off": moved(original),
            "real drawings": original,
        }
        for name, pictures in rows.items():
            follow[side, name] = agreement(pictures, lines[side])
            upright = pictures.flip(-1) if side == "mirrored" and pictures is not alone else pictures
            coloured = coloured_right(upright, captions, known)
            print(f"{side:<13}{name:<30}{follow[side, name]:>14.3f}{100 * coloured:>25.1f}%")
    sheet = {
        "prompt alone": alone,
        "edges, mirrored": lines["mirrored"].expand_as(real),
        "prompt and edges": rows["the branch"],
        "edges alone": rows["the branch without a prompt"],
    }
    some = np.linspace(0, len(held) - 1, SHOWN).astype(int)
    cells = [[(tile(pictures[[row]], scale=3), "") for row in some] for pictures in sheet.values()]
    about = {"model": model.source, "captions": "; ".join(captions[row] for row in some)}
    sheet_image = table(cells, list(sheet), [""] * SHOWN)
    save_png(sheet_image.crop((0, 30, *sheet_image.size)), OUT / "edges.png", about)  # no headings
    print(f"\nThe sheet: {OUT / 'edges.png'}")
    sys.exit(follow["mirrored", "the branch"] < follow["as they are", "real drawings, a pixel off"])


if __name__ == "__main__":
    main()
