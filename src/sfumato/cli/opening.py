"""Opening a model to sample with it, and data with a progress bar."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from rich.markup import escape

from sfumato.cli.display import console, note
from sfumato.data import Dataset
from sfumato.data.features import caption_features
from sfumato.hub import Model, ModelConfig, load
from sfumato.hub.prompts import frozen_encoder
from sfumato.training import ALONE, Processes, pick_device
from sfumato.training.resources import fit_threads, settle_threads

PIXELS = 4 * 32 * 32  # of the pictures that threads are chosen by


def open_model(run: str | Path, weights: str = "ema") -> Model:
    """The model that `run` names, on the fastest device, with as many threads as it generates fastest with now.

    `weights` are "ema" or "raw"; raises SfumatoError where there is no such model.
    """
    model = load(run, weights, pick_device())  # type: ignore[arg-type]
    fit_threads()
    if model.device.type == "cpu":
        count = max(1, PIXELS // math.prod(model.config.shape[1:]))
        settle_threads(lambda: model.sample(range(count), batch=count, sampler="ddim", steps=1))
    return model


def open_and_tell(data: str, open_it: Callable[..., Dataset], processes: Processes = ALONE) -> Dataset:
    """Have `open_it(progress=…)` open the data, with a bar over the files; report what was converted or left out."""
    from rich.progress import Progress as Bar

    with processes.first(), Bar(console=console, transient=True) as bar:
        task = bar.add_task(f"reading {escape(data)}", total=None, visible=data.startswith("hf:"))

        def read(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        dataset = open_it(progress=read)
    for text in dataset.notes:
        note(text)
    return dataset


def read_captions(dataset: Dataset, model: ModelConfig, processes: Processes) -> None:
    """Have a frozen encoder read the captions, with a progress bar; they are kept for the run to find."""
    from rich.progress import Progress as Bar

    encoder = frozen_encoder(model)
    if encoder is None or dataset.captions is None:
        return
    encoder.device = processes.device or pick_device()
    with processes.first(), Bar(console=console, transient=True) as bar:
        task = bar.add_task(f"captions through {escape(encoder.name)}", total=None)
        caption_features(dataset.captions, encoder, progress=lambda n, of: bar.update(task, completed=n, total=of))
