"""Train the models that ship with the package, and record how they learn for the lesson.

    python benchmarks/zoo.py digits        about 5 minutes on two cores
    python benchmarks/zoo.py points        about a minute and a half
    python benchmarks/zoo.py emoji         an hour and three quarters; stopped, it goes on where it was saved
    python benchmarks/zoo.py avatars       two hours on one thread; stopped, it goes on where it was saved
    python benchmarks/zoo.py moving-avatars  an hour and a half of one core; stopped, it goes on
    python benchmarks/zoo.py rivals        half an hour on one thread
    python benchmarks/zoo.py students      of digits, emoji and avatars, in two calls: half an hour of a core; stopped,
                                           it goes on; `students emoji` for one of them
    python benchmarks/zoo.py tuned         half an hour on one thread; `tuned emoji 6` for one model and step count
    python benchmarks/zoo.py drawings      what the lesson noises: src/sfumato/lesson/recorded/{emoji,avatars}.png

Writes src/sfumato/zoo/<name>/ (weights, config). Of the digits also src/sfumato/lesson/recorded/<name>.{json,png}: the
same forty seeds drawn by the averaged weights as training goes on, and how wrong the predicted noise is at each level,
on pictures that were trained on and on pictures that never were. Prints the figures for the card. The rivals are the
GAN, the VAE and the diffusion model of their size that the lesson shows, in src/sfumato/lesson/recorded/rivals, with
what `sfumato claims digits` measures, of fewer pictures and trainings.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import sfumato
from sfumato import AutoencoderRun, Run, distill
from sfumato.baselines import save_baseline
from sfumato.cli.demo import COUNT, demo_config, demo_sampling
from sfumato.data import Dataset, open_dataset, tile
from sfumato.data.avatars import avatar
from sfumato.data.svg import render
from sfumato.diffusion import Level, NoiseDistribution
from sfumato.diffusion.schedules import Cosine
from sfumato.distilling import Method
from sfumato.evaluation import judge
from sfumato.evaluation.claims import measure_claims
from sfumato.evaluation.claims_page import finding_facts
from sfumato.evaluation.features import open_extractor
from sfumato.evaluation.laboratory import WHOLE, Laboratory
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.measure import open_reference
from sfumato.evaluation.sliced import sliced_wasserstein
from sfumato.evaluation.tuning import STEPS, tuning
from sfumato.files import replace_file
from sfumato.hub import Model, SamplingConfig, load
from sfumato.hub.tuned import write_tuned
from sfumato.hub.zoo import ZOO, load_zoo, save_zoo
from sfumato.lesson.computed import PICTURES
from sfumato.nets import MLPConfig, UNetConfig
from sfumato.training import (
    Measured,
    Progress,
    TrainingConfig,
    fastest_precision,
    model_for,
    pick_device,
    resume_run,
    start_run,
    train,
)
from sfumato.training.averages import write_average
from sfumato.training.networks import text_config

IMAGES = 256_000
NOISE = NoiseDistribution("log-normal", -1.2, 1.2, tail=0.02)
MOMENTS = (0, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, IMAGES)  # images seen
SEEDS, LABELS = list(range(40)), [i % 10 for i in range(40)]
DIGITS_STUDENT: tuple[tuple[Method, int, int], ...] = (("walks", 28_000, 128), ("drifting", 20_160, 320))
# data, images and the steps of its teacher's walks of each
STUDENTS_OF_WALKS = {"emoji": ("emoji", 6_000, 4), "avatars": ("avatars:sprouts", 6_000, 4)}
PLANE_POINTS, FRESH, PLANE_SEEN = 100_000, 16_000, 2_500_000
EMOJI_MINUTES, EMOJI_SAMPLING = 105, SamplingConfig(guidance=2.0)
AVATARS, AUTOENCODER_MINUTES, AVATARS_MINUTES = "avatars:sprouts", 20, 100
MOVING_AVATARS, MOVES_MINUTES, LOOKING_BACK = "moving-avatars:sprouts:1000", 76, 1500  # minutes, clips
UNSEEN_AVATARS = tuple(1_000_000 + one for one in (3, 5, 7, 8, 10, 23))
RECORDED = Path(sfumato.__file__).parent / "lesson" / "recorded"


def noise_error(model: Model, x0: torch.Tensor, labels: torch.Tensor, levels: Level) -> list[float]:
    """Mean squared error of the predicted noise at each of `levels`: 1 for a network that knows nothing."""
    eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(1))
    errors = []
    with torch.no_grad():
        for level in (levels[i] for i in range(len(levels))):
            x = float(level.alpha) * x0 + float(level.sigma) * eps
            guess = model.denoiser(x, level, {"label": labels})
            errors.append(float(((guess - x0) * float(level.alpha / level.sigma)).square().mean()))
    return errors


def seen_digits(everything: Dataset) -> Dataset:
    """What the digits' models are trained on: the last tenth, of the last writers, they never saw."""
    assert everything.labels is not None
    part = len(everything) * 9 // 10
    return Dataset("digits", everything.samples[:part], everything.labels[:part], everything.classes)


def train_digits(name: str = "digits") -> None:
    everything = open_dataset(name)
    seen = seen_digits(everything)
    part = len(seen)
    config = replace(
        demo_config(), minutes=None, images=IMAGES, held_out=0.0, optimizer="adamw", learning_rate=2e-3, noise=NOISE
    )
    times = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    levels = Cosine()(times)
    held_x, held_labels = everything.batch(torch.arange(part, len(everything)))
    seen_x, seen_labels = everything.batch(torch.arange(0, len(everything) - part))
    assert held_labels is not None and seen_labels is not None
    moments, pictures = [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name
        model_config = model_for(seen, sampling=demo_sampling())
        assert isinstance(model_config.net, UNetConfig)
        attending = replace(model_config.net, attention=(1,))  # at 4×4: for the lesson to show
        trainer = start_run(folder, seen, config, replace(model_config, net=attending))
        losses: list[float] = []

        def record() -> None:
            model = Model(trainer.model.config, trainer.average)
            pictures.append(model.sample(SEEDS, LABELS, batch=40))
            moments.append({
                "images": trainer.images,
                "seconds": round(trainer.seconds, 1),
                "loss": round(sum(losses) / len(losses), 4) if losses else None,
                "seen": [round(e, 5) for e in noise_error(model, seen_x, seen_labels, levels)],
                "held_out": [round(e, 5) for e in noise_error(model, held_x, held_labels, levels)],
            })  # fmt: skip
            losses.clear()
            print(moments[-1]["images"], moments[-1]["loss"], flush=True)

        record()
        for event in train(folder, trainer):
            if isinstance(event, Progress):
                losses.append(event.loss)
                if len(moments) < len(MOMENTS) and event.images >= MOMENTS[len(moments)]:
                    record()
        save_zoo(name, Model(trainer.model.config, trainer.average))
    model = load_zoo(name)
    labels = [i % 10 for i in range(COUNT)]
    result = judge(model.sample(range(COUNT), labels, batch=250), torch.tensor(labels), everything)
    scores = {"read_as_asked": round(result.read_as_asked, 4), "frechet_ratio": round(result.ratio, 3)}
    told = {
        "seeds": SEEDS,
        "labels": LABELS,
        "times": [round(float(t), 3) for t in times],
        "schedule": "cosine",
        "calls": model.config.sampling.steps,
        "parameters": model.parameter_count,
        "scores": scores,
        "moments": moments,
    }
    replace_file(RECORDED / f"{name}.json", (json.dumps(told) + "\n").encode())
    sheet = tile(torch.cat(pictures), columns=len(SEEDS), scale=1, gap=0)
    sheet.convert("L").save(RECORDED / f"{name}.png", optimize=True)
    print(f"{model.parameter_count:,} parameters, {trainer.seconds:.0f} s, {scores}")


def train_points(name: str = "points") -> None:
    """Every set in the plane, by name: `sfumato sample points --class moons`."""
    everything = open_dataset(f"points:plane:{PLANE_POINTS + FRESH}")
    assert everything.labels is not None
    samples, labels = everything.samples[:PLANE_POINTS], everything.labels[:PLANE_POINTS]
    seen = Dataset(f"points:plane:{PLANE_POINTS}", samples, labels, everything.classes)
    config = TrainingConfig(seen.name, images=PLANE_SEEN, batch=1024, noise=NOISE)
    net = MLPConfig(2, len(seen.classes), width=48)
    with tempfile.TemporaryDirectory() as place:
        trainer = start_run(Path(place) / name, seen, config, replace(model_for(seen), net=net))
        for event in train(Path(place) / name, trainer):
            if isinstance(event, Measured) and int(event.values["step"] or 0) % 1000 == 0:
                print(event.values, flush=True)
        save_zoo(name, Model(trainer.model.config, trainer.average))
    model = load_zoo(name)
    fresh, own = torch.from_numpy(everything.samples[PLANE_POINTS:]), everything.labels[PLANE_POINTS:]
    print(f"{'':<14}{'off':>8}{'of real':>9}{'precision':>11}{'recall':>8}")
    for label, words in enumerate(seen.classes):
        one, other = fresh[own == label][:2000].chunk(2)
        drawn = model.sample(range(len(one)), [label] * len(one), batch=1000)
        found = precision_recall_density_coverage(drawn, one, repeats=0)
        off, usual = (sliced_wasserstein(x, one, repeats=0).value for x in (drawn, other))
        inside, reached = (100 * found[share].value for share in ("precision", "recall"))
        print(f"{words:<14}{off:8.3f}{usual:9.3f}{inside:10.1f}%{reached:7.1f}%")
    print(f"{model.parameter_count:,} parameters, {trainer.seconds:.0f} s")


def train_emoji() -> None:
    """The run is kept in runs/zoo-emoji; `python benchmarks/emoji_prompts.py` measures what comes out."""
    data, folder = open_dataset("emoji"), Path("runs/zoo-emoji")
    text = text_config(data)
    assert text is not None
    net = UNetConfig(
        3, widths=(48, 112, 160), attention=(1, 2), text=replace(text, width=96), positional_encoding=True, patch=2
    )
    config = TrainingConfig(
        data.name,
        minutes=EMOJI_MINUTES,
        precision=fastest_precision(pick_device()),
        batch=64,
        learning_rate=4e-3,
        low_resolution=0.35,  # what a caption means is learnt at 16×16 too, three times as fast
        # flat drawings: what is where is decided at more noise than in photographs
        noise=NoiseDistribution("log-normal", 0.3, 1.5, tail=0.02),
    )
    if (folder / "config.json").exists():
        trainer, _ = resume_run(folder, data, config)
    else:
        trainer = start_run(folder, data, config, replace(model_for(data, sampling=EMOJI_SAMPLING), net=net))
    for event in train(folder, trainer):
        if isinstance(event, Measured) and int(event.values["step"] or 0) % 100 == 0:
            print(event.values, flush=True)
    save_zoo("emoji", load(folder))
    print(
        f"{trainer.model.parameter_count:,} parameters, {trainer.images:,} images in {trainer.seconds / 60:.0f} minutes"
    )


def train_avatars() -> None:
    """Both runs are kept in runs/zoo-avatars; `python benchmarks/avatar_prompts.py` measures what comes out."""
    folder, threads = Path("runs/zoo-avatars"), torch.get_num_threads()
    eyes, common = folder / "autoencoder", {"size": 128, "held_out": 0.02, "compile": False, "threads": threads}
    if (eyes / "config.json").exists():
        autoencoder = AutoencoderRun.open(eyes)
    else:  # flat drawings are sharp without a critic
        autoencoder = AutoencoderRun.start(
            eyes, AVATARS, "tiny", minutes=AUTOENCODER_MINUTES, adversarial=0.0, **common
        )
    if not autoencoder.finished:
        progress(autoencoder)
    if (folder / "config.json").exists():
        run = Run.open(folder)
        run.resume(minutes=AVATARS_MINUTES)
    else:  # what is where is decided at more noise than in photographs, and the autoencoder takes care of the rest
        run = Run.start(
            folder, AVATARS, net="tiny", autoencoder=eyes, minutes=AVATARS_MINUTES, batch=64, learning_rate=4e-3,
            noise={"name": "log-normal", "mean": 0.4, "std": 1.4, "tail": 0.02}, **common,
            **{"model.net.widths": (64, 128, 192), "model.net.attention": (1, 2), "model.sampling.guidance": 2.0},
        )  # fmt: skip
    progress(run)
    model = run.model()
    save_zoo("avatars", model)
    print(f"{model.parameter_count:,} parameters, {autoencoder.psnr():.1f} dB")


def train_moving_avatars() -> None:
    """The drawings that ship learn to move, in their latents: what is new are the layers that look along the frames,
    and those by which their decoder looks back.

    The runs are kept in runs/zoo-moving-avatars and runs/zoo-moving-decoder; `python benchmarks/moving_avatars.py`
    and `python benchmarks/flicker.py` measure what comes out.
    """
    run = begun(
        Path("runs/zoo-moving-avatars"), MOVING_AVATARS, MOVES_MINUTES, base="avatars", frames=16, stills=0.0,
        batch=4, learning_rate=2e-3, noise={"name": "log-normal", "mean": 0.6, "std": 1.5, "tail": 0.02},
        held_out=0.0, evaluated=0, compile=False, threads=1,
        **{"objective.frame_levels.apart": 0.3, "objective.frame_levels.given": 0.3},
    )  # fmt: skip
    progress(run, 10)
    model, eyes = run.model(), Path("runs/zoo-moving-decoder")
    if (eyes / "config.json").exists():
        decoder = AutoencoderRun.open(eyes)
    else:
        decoder = AutoencoderRun.start(
            eyes, MOVING_AVATARS, base="avatars", frames=16, images=LOOKING_BACK, batch=1, perceptual=0.0,
            held_out=0.0, compile=False, threads=1,
        )  # fmt: skip
    if not decoder.finished:
        progress(decoder)
    model.codec = decoder.codec()
    save_zoo("moving-avatars", model, base="avatars")
    print(f"{model.parameter_count:,} parameters")


def begun(folder: Path, data: str, minutes: float, **settings: Any) -> Run:
    """The run in `folder`, which goes on to so many `minutes` where it has begun."""
    if not (folder / "config.json").exists():
        return Run.start(folder, data, minutes=minutes, **settings)
    run = Run.open(folder)
    run.resume(minutes=minutes)
    return run


def progress(run: Run | AutoencoderRun, each: int = 100) -> None:
    for event in run.train():
        if isinstance(event, Measured) and int(event.values["step"] or 0) % each == 0:
            print(event.values, flush=True)


def train_rivals() -> None:
    dataset, effort = open_dataset("digits"), replace(WHOLE, compared=500, trainings=3)
    record_rivals(Laboratory(load_zoo("digits"), open_reference(dataset, open_extractor("auto", dataset)), effort))


def record_rivals(lab: Laboratory) -> None:
    """Measure the claims, and keep for the lesson what was found and a model of each kind that was trained for them."""
    found = []
    for finding in measure_claims(lab):
        if not isinstance(finding, str):
            found.append(finding_facts(finding))
            print(finding.name, finding.verdict, f"{finding.seconds:.0f} s", flush=True)
            for check in finding.checks:
                print("   ", check.verdict, check.quantity, check.found, check.least, check.most, flush=True)
    place = RECORDED / "rivals"
    first = {kind: trained[0] for kind, trained in lab.rivals.items()}
    for kind, rival in first.items():
        if isinstance(rival.model, Model):
            save_zoo(kind, rival.model, place)
        else:
            save_baseline(place / kind, rival.model.bfloat16())
    told = {
        "seconds": lab.effort.long,
        "threads": torch.get_num_threads(),
        "parameters": {kind: rival.parameters for kind, rival in first.items()},
        "images": {kind: rival.images for kind, rival in first.items()},
        "quick": False,
        "claims": found,
    }
    replace_file(place / "claims.json", (json.dumps(told, ensure_ascii=False) + "\n").encode())


def train_students(*names: str) -> None:
    """The runs are kept in runs/zoo-<name>-student; `few_steps.py --alone emoji emoji-student` measures one."""
    for name in names or ("digits", *STUDENTS_OF_WALKS):
        if name == "digits":
            train_digits_student()
        else:
            train_student_of_walks(name)


def train_student_of_walks(name: str) -> None:
    """From the ends of its teacher's walks, which ships as what it differs by from its teacher."""
    folder, (data, images, walked) = Path(f"runs/zoo-{name}-student"), STUDENTS_OF_WALKS[name]
    if (folder / "config.json").exists():
        run = Run.open(folder)
        run.resume(images=images)
    else:
        run = distill(
            name, folder, steps=2, method="walks", data=data, images=images, batch=40, walked=walked,
            held_out=0.0, precision="fp32", compile=False, threads=1,
        )  # fmt: skip
    progress(run, 20)
    save_zoo(f"{name}-student", run.model(), base=name, bits=4)


def train_digits_student() -> None:
    """By walks, which lose variety, then drifting on, which finds it again; half-way between the two it is nearest."""
    folder, seen = Path("runs/zoo-digits-student"), seen_digits(open_dataset("digits"))
    base: str | Path = "digits"
    for method, images, batch in DIGITS_STUDENT:
        if not (folder / "config.json").exists():
            run = distill(
                base, folder, steps=2, data=seen, method=method, images=images, batch=batch,
                held_out=0.0, precision="fp32", compile=False, threads=1,
            )  # fmt: skip
            progress(run, 20)
        else:
            run = Run.open(folder)
            if not run.finished:
                run.resume(seen)
                progress(run, 20)
        base, folder = folder, folder.with_name(f"{folder.name}-drifted")
    between, _ = write_average(run.folder, run.config, run.config.optimizer.ema_widths[-1], start=0.5)
    save_zoo("digits-student", load(between), base="digits")


def tune_zoo(*words: str) -> None:
    """The walks of few steps of the models that ship: src/sfumato/zoo/<name>/tuned.json."""
    names = [word for word in words if not word.isdigit()] or ["digits", "emoji"]
    steps = [int(word) for word in words if word.isdigit()] or STEPS
    for name in names:
        for found in tuning(name, steps):
            before, on_levels, learnt = found.errors
            print(
                name, found.plain.steps, found.tuned.sampler, f"{before:.4f} {on_levels:.4f} {learnt:.4f}", flush=True
            )
            if found.better:
                write_tuned(ZOO / name, [found.tuned])


def record_drawings() -> None:
    """The emoji are by OpenMoji (openmoji.org), CC BY-SA 4.0, the avatars by DiceBear (dicebear.com), CC0 1.0."""
    data = open_dataset("emoji:all")
    assert data.captions is not None
    first = {names[0]: row for row, names in reversed(list(enumerate(data.captions)))}
    pictures = [data.samples[first[name]].transpose(1, 2, 0) for name in PICTURES]
    Image.fromarray(np.concatenate(pictures, axis=1)).save(RECORDED / "emoji.png", optimize=True)
    drawn = [render(avatar("sprouts", seed).svg, 128, 128).transpose(1, 2, 0) for seed in UNSEEN_AVATARS]
    Image.fromarray(np.concatenate(drawn, axis=1)).save(RECORDED / "avatars.png", optimize=True)


TRAINED = {
    "digits": train_digits, "points": train_points, "emoji": train_emoji, "avatars": train_avatars,
    "moving-avatars": train_moving_avatars, "students": train_students,
    "rivals": train_rivals, "drawings": record_drawings, "tuned": tune_zoo,
}  # fmt: skip

if __name__ == "__main__":
    TRAINED[sys.argv[1] if len(sys.argv) > 1 else "digits"](*sys.argv[2:])
