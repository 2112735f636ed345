"""The page of a roll-out: the clips, and whether they drift."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from markupsafe import Markup
from torch import Tensor

from sfumato.data import picture, save_png
from sfumato.data.clips import FPS
from sfumato.data.films import film
from sfumato.evaluation.charts import range_chart
from sfumato.evaluation.drift import INSIDE, Curve
from sfumato.evaluation.report import embed, render
from sfumato.files import replace_file

LOOKED_AT = (16, 64, 256)  # frames, besides the last one
SHEET = (6, 12)  # clips, and frames of each
MEANINGS = {
    "picture": "How far the mean picture is from the real one: the root mean square of pixels at 8×8.",
    "variety": "How much the clips differ from each other: the mean standard deviation of these pixels.",
}


def looked_at(frames: int) -> tuple[int, ...]:
    """The frames that a table says of a roll-out of so many, counted from 1."""
    return (*(one for one in LOOKED_AT if one < frames), frames)


def drift_table(curves: Mapping[str, Curve]) -> str:
    """What `drift` says, as lines of text: a quantity each, at the frames that are looked at, and its range."""
    at = looked_at(len(next(iter(curves.values())).values))
    lines = [f"{'':<10}" + "".join(f"{f'frame {frame}':>12}" for frame in at) + "   real clips"]
    for name, curve in curves.items():
        found = "".join(f"{float(curve.values[frame - 1]):12.3f}" for frame in at)
        lines.append(f"{name:<10}{found}   {curve.low:.3f} to {curve.high:.3f}")
    return "\n".join(lines)


def out_of_range(curves: Mapping[str, Curve]) -> list[str]:
    """What is beyond real clips at the frames that are looked at, in words."""
    return [
        f"{name} at frame {frame}: asked {curve.low:.3f} to {curve.high:.3f}, got {float(curve.values[frame - 1]):.3f}"
        for name, curve in curves.items()
        for frame in looked_at(len(curve.values))
        if not curve.inside([frame])[0]
    ]


def write_drift(folder: Path, samples: Tensor, curves: Mapping[str, Curve], command: str) -> list[Path]:
    """Write drift.html, drift.webp and drift.png into `folder`, of clips and what `drift` says of them."""
    count, frames = samples.shape[:2]
    spread = torch.linspace(0, frames - 1, min(frames, SHEET[1])).long()
    replace_file(folder / "drift.webp", film(samples[:12], ".webp", FPS, columns=6, scale=2))
    save_png(picture(samples[: SHEET[0], spread], kind="clips"), folder / "drift.png", {"frames": str(frames)})
    at = looked_at(frames)
    page = {
        "title": f"Clips of {frames} frames",
        "subtitle": f"{count} clips, generated window after window, against real ones.",
        "film": embed(folder / "drift.webp"),
        "sheet": embed(folder / "drift.png"),
        "share": f"{INSIDE:.0%}",
        "curves": [
            (name, MEANINGS.get(name, "The mean of the channel, from −1 to 1."), Markup(_chart(name, curve)))
            for name, curve in curves.items()
        ],
        "names": [*curves],
        "rows": [
            (frame, [(f"{float(one.values[frame - 1]):.3f}", one.inside([frame])[0]) for one in curves.values()])
            for frame in at
        ],
        "command": command,
    }
    replace_file(folder / "drift.html", render("drift.html.j2", page))
    return [folder / name for name in ("drift.html", "drift.webp", "drift.png")]


def _chart(name: str, curve: Curve) -> str:
    return range_chart(curve.values.tolist(), (curve.low, curve.high), "frame", name)
