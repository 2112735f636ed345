"""What the lesson's service computes: pictures from a reader's own model, and a training that can be watched."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sfumato.data import open_dataset, picture
from sfumato.data.pictures import to_uint8
from sfumato.diffusion import SCHEDULES, NetDenoiser
from sfumato.hub import Model, load, new_model
from sfumato.hub.config import read_config
from sfumato.hub.resolving import check_finite, resolve
from sfumato.hub.zoo import ZOO
from sfumato.lesson.messages import SampleRequest
from sfumato.sampling import SAMPLERS
from sfumato.sampling import resolve as resolve_sampler
from sfumato.seeds import torch_generator
from sfumato.training import Progress, Trainer, TrainingConfig, fastest_precision, pick_device

SETTINGS = ("sampler", "steps", "guidance")  # that a page may say
SEEDS = range(16)
TIMES = (0.2, 0.5, 0.8)  # of the cosine schedule: little, middling and much noise
SHARES = (0.0, 0.01, 0.02, 0.04, 0.06, 0.09, 0.13, 0.18, 0.24, 0.31, 0.38, 0.46, 0.54, 0.63, 0.72, 0.81, 0.9, 1.0)


def open_model(run: Path) -> Model:
    """The model in `run`, on the fastest device; raises SfumatoError where there is none."""
    return load(run, device=pick_device())


def about(model: Model, name: str) -> dict[str, Any]:
    """What a page has to know of the model to ask it for pictures."""
    settings = model.config.sampling
    return {
        "name": name,
        "shape": model.config.seen[1],
        "parameters": model.parameter_count,
        "classes": model.config.classes,
        "device": model.device.type,
        "sampler": resolve_sampler(settings.sampler)[0],
        "steps": settings.steps,
        "guidance": settings.guidance,
        "samplers": {name: {"needs": row.needs, "use": row.use} for name, row in SAMPLERS.items()},
    }


def generate(model: Model, asked: SampleRequest, given_up: Callable[[], bool]) -> bytes | None:
    """The pictures as one PNG; None where whoever asked gives up before the end. Raises SfumatoError for nonsense."""
    settings = {name: value for name in SETTINGS if (value := getattr(asked, name)) is not None}
    request = model.request(asked.seeds, asked.labels, **settings)
    parts, resolved = [], resolve(request, model)
    for _, steps in resolved.batches():
        for step in steps:
            if given_up():
                return None
            x = step.x
        parts.append(resolved.seen(x).cpu())
    samples = torch.cat(parts)
    check_finite(samples)
    data = io.BytesIO()
    picture(samples, asked.labels).save(data, "PNG")
    return data.getvalue()


@dataclass(frozen=True)
class Moment:
    """Where a training stands: its mean loss since the last moment, its error at TIMES, samples of the same seeds."""

    images: int
    seconds: float
    loss: float | None
    errors: list[float]
    samples: list[int]


def digits_training(minutes: float) -> Iterator[Progress | Moment]:
    """Train the network of the chapters on the digits from the start, on this machine, with no files written."""
    dataset = open_dataset("digits")
    device = pick_device()
    config = TrainingConfig(
        "digits",
        minutes=minutes,
        batch=64,
        optimizer="adamw",
        learning_rate=2e-3,
        precision=fastest_precision(device),
    )
    model = new_model(read_config(ZOO / "digits" / "config.json"), config.seed)
    model.denoiser.to(device)
    trainer = Trainer(model, dataset, config)
    generated = Model(model.config, trainer.average)
    labels = [seed % len(dataset.classes) for seed in SEEDS]
    x0, of = dataset.batch(torch.arange(0, len(dataset), len(dataset) // 200))
    assert of is not None
    losses: list[float] = []

    def moment() -> Moment:
        loss = sum(losses) / len(losses) if losses else None
        losses.clear()
        errors = noise_errors(trainer.average, x0.to(device), of.to(device))
        samples = to_uint8(generated.sample(SEEDS, labels)).ravel().tolist()
        return Moment(trainer.images, trainer.seconds, loss, errors, samples)

    yield moment()
    shown = 1
    for progress in trainer.steps():
        losses.append(progress.loss)
        yield progress
        if progress.fraction >= SHARES[shown]:
            while shown < len(SHARES) - 1 and progress.fraction >= SHARES[shown]:
                shown += 1
            yield moment()


@torch.no_grad()
def noise_errors(denoiser: NetDenoiser, x0: Tensor, labels: Tensor) -> list[float]:
    """The mean squared error of the predicted noise at TIMES, for noise that is always the same."""
    eps = torch.randn(x0.shape, generator=torch_generator("lesson errors")).to(x0.device)
    errors = []
    for t in TIMES:
        level = SCHEDULES["cosine"]()(t)
        x = float(level.alpha) * x0 + float(level.sigma) * eps
        guess = denoiser(x, level, {"label": labels})
        errors.append(float(((guess - x0) * float(level.alpha / level.sigma)).square().mean()))
    return errors
