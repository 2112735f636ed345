"""Does the clip show what the prompt says? A model of moving shapes, held to captions whose combinations it never saw.

    python benchmarks/video.py                 an hour of one thread, and half an hour to measure
    python benchmarks/video.py --share 0.3     with so much of the training
    python benchmarks/video.py --quick         in under five minutes
    python benchmarks/video.py --model RUN     measure another model of moving shapes
    python benchmarks/video.py --diffusers 60  train diffusers' UNet3DConditionModel for 60 minutes of one thread's own
                                               time, and print its row (needs what other_trainers.py names)

Trains on `moving-shapes`, generates clips of held-out captions, the first frame by itself (Girdhar et al. 2023, "Emu
Video") and then the clip that goes on from it, frames that lie far apart first (Harvey et al. 2022), and has the
checker read every frame. Beside it stand each frame by itself from the seed of the clip, clips that go on from a real
first frame, and real clips; and clips of 256 frames are held to the range of real ones, moment by moment.
Writes runs/video-SHARE (kept: run again, it goes on or only measures), and there clips and drift.html. Exits with 1
where training took longer or a figure that is asked for is missed; short runs are only asked to keep the first frame.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sfumato import Run
from sfumato.data import KINDS, open_dataset, picture, save_png
from sfumato.data.films import film
from sfumato.data.moving_shapes import FRAMES, MovingScene, draw_clip, moving_scene
from sfumato.diffusion import Condition, Level
from sfumato.evaluation.drift import Curve, drift
from sfumato.evaluation.drift_page import drift_table, out_of_range, write_drift
from sfumato.evaluation.moving_shapes import score_clip
from sfumato.files import replace_file
from sfumato.hub import Keyframes, Model, load
from sfumato.sampling.clips import FRAME_NUMBERS
from sfumato.training import Measured

QUICK = 0.015  # the share of the training that --quick takes
CPU_MINUTES = 60
WHOLE = {"right in all frames": 0.9, "moves as asked": 0.9}  # after all of it
FROM_FRAME = {"moves as asked": 0.85}
OWN, FROM = "a first frame, then the others", "going on from a real first frame"
GUIDANCE, SAMPLER = 2.0, "dpm++2m-sde"  # fresh noise mends what is missing
STEPS, FIRST_STEPS = 30, 100  # of clips, and of a first frame, which they keep
SETTLED = 0.35  # noise per signal, EDM's sigma, below which single frames are a matter of details
LONG, ROLLED = 256, 12  # frames of a roll-out, and how many there are

NET = {"widths": (80, 128), "attention": (0, 1), "patch": 4, "spacetime": (0, 1)}
PARTS = {"apart": 0.1, "given": 0.9, "anchors": 4}
# Where, how many samples, the mean log of noise to signal, and what else: each stage goes on from the one before.
STAGES: tuple[tuple[str, int, float, dict[str, Any]], ...] = (
    ("stills", 110_000, 0.3, {
        "frames": 1, "batch": 96, "learning_rate": 4e-3, "model.parameterization": "x0",
        **{f"model.net.{name}": value for name, value in NET.items()},
    }),
    ("motion", 18_000, 2.5, {"size": 16, "batch": 12, "objective.frame_levels": {**PARTS, "between": 0.0}}),
    ("", 34_000, 1.7, {
        "size": 32, "batch": 8, "objective.frame_levels": {**PARTS, "between": 0.3}, "stills": 0.15,
    }),
)  # fmt: skip


def trained(folder: Path, share: float) -> Model:
    """Single frames first, of which sixteen cost what a clip does: what they show and where is learnt from them. Then
    four frames of clips, far apart and at half their size: what moves, and to which side, is all in these. Then whole
    ones, and the frames between. Details are left to the network of single frames.

    Squares of 4×4 pixels are most of what one token can hold. So the network answers with the picture, which is flat,
    and not with the noise, of which grain was left (Li & He 2025, "Back to basics").
    """
    common = {
        "held_out": 0.0, "evaluated": 0, "compile": False, "threads": 1, "previews": 2, "stills": 0.0,
        "learning_rate": 3e-3, "objective.weight": "edm", "objective.uncertainty": True,
    }  # fmt: skip
    models: list[Model] = []
    for place, samples, mean, settings in STAGES:
        # Flat drawings, in each of sixteen frames: what is where is decided at much noise, and what moves at more.
        noise = {"name": "log-normal", "mean": mean, "std": 1.5, "tail": 0.02}
        images = round(share * samples)
        base = models[-1] if models else None
        models.append(went_on(folder / place, base=base, images=images, noise=noise, **{**common, **settings}))
    return details_by(models[0], models[-1])


def details_by(frames: Model, model: Model) -> Model:
    """The `model` of clips, whose last steps the model of single `frames` takes: what clips left of its drawing is less
    than what it had, and where things are is settled by then (Balaji et al. 2022, "eDiff-I")."""
    at_much_noise = model.denoiser.forward

    def forward(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        alone = x.shape[1] == 1
        if not alone and float(level.ratio.max()) > SETTLED:
            return at_much_noise(x, level, cond)

        def each(value: Tensor) -> Tensor:
            """Of each frame, what is of its clip."""
            return value.repeat_interleave(x.shape[1], 0)

        alpha, sigma = (v.flatten() if v.ndim == 2 else each(v) if v.ndim else v for v in (level.alpha, level.sigma))
        told = {name: each(value) for name, value in (cond or {}).items() if name != FRAME_NUMBERS}
        return frames.denoiser(x.flatten(0, 1), Level(alpha, sigma), told).reshape(x.shape)

    model.denoiser.forward = forward  # type: ignore[method-assign]
    return model


def went_on(folder: Path, **settings: Any) -> Model:
    """The model of the run in `folder`, trained to the end of its budget on one thread."""
    begun = (folder / "config.json").exists()
    run = Run.open(folder) if begun else Run.start(folder, "moving-shapes:200000", **settings)
    if not run.finished:
        if begun:
            run.resume()
        began = time.process_time()
        try:
            for event in run.train():
                if isinstance(event, Measured) and int(event.values["step"] or 0) % 100 == 0:
                    print(event.values, flush=True)
        finally:
            with (folder / "cpu-minutes.txt").open("a") as file:  # a line each time that it was started
                file.write(f"{(time.process_time() - began) / 60:.2f}\n")
    return run.model()


def cpu_minutes(folder: Path) -> float:
    """What the trainings in `folder` took."""
    return sum(float(line) for path in folder.rglob("cpu-minutes.txt") for line in path.read_text().split())


def scores(clips: Tensor, scenes: Sequence[MovingScene]) -> dict[str, float]:
    """The shares of things that are right in all frames and that move as asked, and of frames with anything else."""
    each = [score_clip(clip, one) for clip, one in zip(clips, scenes, strict=True)]
    things, frames = sum(one.things for one in each), sum(one.frames for one in each)
    return {
        "right in all frames": sum(one.right for one in each) / things,
        "moves as asked": sum(one.moved for one in each) / things,
        "strange frames": sum(one.strange for one in each) / frames,
    }


def measure(model: Model, folder: Path, count: int, steps: int, first: int) -> dict[str, dict[str, float]]:
    """The scores of each row, of so many clips in `steps`, and in `first` of a frame that is generated first."""
    scenes = [moving_scene(number, held_out=True) for number in range(count)]
    prompts, seeds = [one.caption for one in scenes], range(count)
    how = {"guidance": GUIDANCE, "sampler": SAMPLER, "steps": steps}
    rows = {"real clips": KINDS["clips"].decoded(np.stack([draw_clip(one) for one in scenes]))}
    alone = model.sample(seeds, prompts=prompts, frames=1, **{**how, "steps": first})

    def going_on(frames: Tensor) -> Tensor:
        clips = [
            model.sample([seed], prompts=text, edit=Keyframes({0: frame}), **how)
            for seed, text, frame in zip(seeds, prompts, frames, strict=True)
        ]
        assert all(torch.equal(clip[0, 0], frame) for clip, frame in zip(clips, frames, strict=True))
        return torch.cat(clips)

    rows[OWN] = going_on(alone[:, 0])
    rows["each frame by itself, one seed"] = alone.expand(-1, FRAMES, -1, -1, -1)
    rows[FROM] = going_on(rows["real clips"][:, 0])
    for name, clips in rows.items():
        place = folder / name.replace(" ", "-").replace(",", "")
        save_png(picture(clips[:8], kind="clips"), place.with_suffix(".png"), {"row": name})
        replace_file(place.with_suffix(".webp"), film(clips[:16], ".webp", 8, columns=8, scale=3))
    return {name: scores(clips, scenes) for name, clips in rows.items()}


def by_diffusers(minutes: float, count: int, steps: int) -> dict[str, float]:
    """The scores of clips of the same captions by diffusers' network, of like size, after so many CPU-minutes."""
    from other_trainers import DiffusersOfClips

    data = open_dataset("moving-shapes:200000")
    assert data.captions is not None
    captions = [data.captions[row][0] for row in range(2000)]
    scenes = [moving_scene(number, held_out=True) for number in range(count)]
    prompts = [one.caption for one in scenes]
    frames, channels, height, width = data.shape
    trainer = DiffusersOfClips((channels, frames, height, width), (32, 48, 64), captions + prompts, steps)
    generator, began, clips = np.random.default_rng(0), time.process_time(), 0
    while (spent := (time.process_time() - began) / 60 / minutes) < 1:
        rows = generator.integers(len(data), size=4)  # more would be few steps
        trainer.learn(data.batch(rows)[0].transpose(1, 2), [data.captions[row][0] for row in rows], spent)
        clips += len(rows)
    print(f"diffusers: {trainer.parameters:,} parameters; {clips:,} clips in {minutes:g} CPU-minutes")
    drawn = torch.cat([trainer.draw(prompts[first : first + 10]) for first in range(0, count, 10)])
    return scores(drawn.transpose(1, 2).clamp(-1, 1), scenes)


def roll_out(model: Model, folder: Path, frames: int, steps: int) -> dict[str, Curve]:
    """Clips of so many frames, window after window, against real ones of as many."""
    scenes = [moving_scene(number, held_out=True) for number in range(5 * ROLLED)]
    real = KINDS["clips"].decoded(np.stack([draw_clip(one, 4 * FRAMES) for one in scenes]))
    prompts = [one.caption for one in scenes[:ROLLED]]
    clips = model.sample(range(ROLLED), prompts=prompts, frames=frames, guidance=GUIDANCE, steps=steps)
    curves = drift(clips, real)
    write_drift(folder, clips, curves, "python benchmarks/video.py")
    return curves


def missed(table: dict[str, dict[str, float]], curves: dict[str, Curve], share: float, minutes: float) -> list[str]:
    """What was asked for and not reached."""
    if share < 1:
        return []
    asked = [(OWN, WHOLE), (FROM, FROM_FRAME)]
    longer = [f"training took {minutes:.0f} CPU-minutes, {CPU_MINUTES} asked"] if minutes > CPU_MINUTES else []
    return (
        longer
        + out_of_range(curves)
        + [
            f"{row}, {name}: asked {least:.0%}, got {table[row][name]:.1%}"
            for row, by in asked
            for name, least in by.items()
            if table[row][name] < least
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the training")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--model", help="train nothing and measure this one: a run, or one that ships")
    parser.add_argument("--diffusers", type=float, metavar="MINUTES", help="only the row of diffusers' network")
    given = parser.parse_args()
    share = QUICK if given.quick else given.share
    torch.set_num_threads(1)
    if given.diffusers is not None:  # whose clips take a minute each
        for name, value in by_diffusers(given.diffusers, 12, 20).items():
            print(f"{name:32}{value:.1%}")
        return
    folder = Path(f"runs/video-{Path(given.model).name if given.model else format(share, 'g')}")
    model = load(given.model) if given.model else trained(folder, share)
    folder.mkdir(parents=True, exist_ok=True)
    minutes = cpu_minutes(folder)
    print(f"{model.parameter_count:,} parameters; {minutes:.1f} CPU-minutes")
    count, steps, first = (8, 10, 20) if given.quick else (100, STEPS, FIRST_STEPS)
    table = measure(model, folder, count, steps, first)
    print(f"{count} captions with combinations never trained on; {steps} steps, guidance {GUIDANCE:g}")
    names = [*next(iter(table.values()))]
    print(f"{'':32}" + "".join(f"{name:>22}" for name in names))
    for row, found in table.items():
        print(f"{row:32}" + "".join(f"{100 * found[name]:21.1f}%" for name in names))
    frames = 2 * FRAMES if given.quick else LONG
    curves = roll_out(model, folder, frames, min(steps, 10))
    print(f"\n{ROLLED} clips of {frames} frames", drift_table(curves), sep="\n")
    if few := missed(table, curves, share, minutes):
        print("\n".join(["", *few]))
        sys.exit(1)


if __name__ == "__main__":
    main()
