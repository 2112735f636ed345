"""A run folder: training with checkpoints, previews and metrics, and resuming it.

runs/<name>/config.json             the model and the training, all that is needed to build both again
runs/<name>/tokenizer.json          how a text-conditional model reads prompts
runs/<name>/metrics.jsonl           one line every ten steps, or ten seconds where those take longer
runs/<name>/held_out.jsonl          how the averaged weights do on samples that are not trained on
runs/<name>/previews/step-*.png     the same seeds generated as training goes on
runs/<name>/checkpoints/            see sfumato.hub.checkpoints
runs/<name>/averages/               see sfumato.training.averages
runs/<name>/branch/                 the control branch of a run that trains nothing else, see sfumato.hub.control_branch
runs/<name>/adapter/                the adapters of a run that trains nothing else, see sfumato.training.lora
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from sfumato.data import KINDS, Dataset
from sfumato.data.captions import Texts
from sfumato.data.dataset import DataLost
from sfumato.data.features import caption_features
from sfumato.data.opening import is_own, path_of
from sfumato.data.tokens import learn_tokenizer, open_tokenizer
from sfumato.errors import SfumatoError
from sfumato.files import append, replace_file, run_lock
from sfumato.hub import Model, ModelConfig, new_model
from sfumato.hub.checkpoints import saved_in
from sfumato.hub.codec import Codec, save_codec
from sfumato.hub.config import config_json, read_config
from sfumato.hub.prompts import TOKENIZER, frozen_encoder
from sfumato.readable import duration
from sfumato.strict import parse
from sfumato.training.autoencoding import AutoencoderTrainer
from sfumato.training.averages import snapshots_of
from sfumato.training.config import TrainingConfig, changed
from sfumato.training.divergence import LossWatch
from sfumato.training.finetuning import Origin, write_start
from sfumato.training.held_out import (
    FILE,
    Evaluation,
    Verdict,
    evaluate,
    judge_run,
    read_evaluations,
    write_evaluation,
)
from sfumato.training.looks import Looks, look_images
from sfumato.training.loop import Diverged, Progress
from sfumato.training.precision import pick_device
from sfumato.training.previews import NotFinite, Preview, make_preview
from sfumato.training.processes import ALONE, Processes
from sfumato.training.reconstructions import draw_reconstructions, evaluate_reconstructions, reconstruction_images
from sfumato.training.resources import using_threads
from sfumato.training.run_loop import RunLoop
from sfumato.training.saving import FIRST_SAVE, Noted, Saved, Saver, check_room
from sfumato.training.settings import grouped
from sfumato.training.state import snapshot_bytes
from sfumato.training.trainer import Trainer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

METRICS, METRICS_STEPS, METRICS_SECONDS = "metrics.jsonl", 10, 10.0


@dataclass(frozen=True)
class Measured:
    """A line of metrics.jsonl: means over the steps since the last line; None where there was no finite value."""

    values: dict[str, float | int | None]


@dataclass(frozen=True)
class Judged:
    """The averaged weights at `evaluation.step` were measured on held-out samples."""

    evaluation: Evaluation
    verdict: Verdict


Event = Progress | Measured | Preview | Judged | Saved | Noted
"""What a training yields: a step, a line of metrics, a preview, a verdict, a checkpoint, a note."""


def start_run(
    folder: Path,
    dataset: Dataset,
    config: TrainingConfig,
    model: ModelConfig | Model,
    device: torch.device | None = None,
    processes: Processes = ALONE,
    spent: float = 0.0,
    codec: Codec | None = None,
    class_pictures: Dataset | None = None,
) -> Trainer:
    """A trainer for a new run; writes its config.json. Raises SfumatoError where `folder` already holds a run.

    `spent` are seconds of the budget that are gone already, as by planning the run (see plan_run); half of its minutes
    are left for training, however long that took.
    The samples may be latents of `codec`, which the run then holds too.
    A `model` with weights, such as `model_from` makes, is what the run starts from; it stays as it is.
    Of several `processes`, each calls this, here and in `resume_run` and `train`; the main one alone writes. Raises
    SfumatoError where `config` speaks of other data than `dataset`. Of a pipeline of diffusers, adapters are trained,
    perhaps beside `class_pictures` (see pipelines.py).
    """
    check_data(dataset, config, codec)
    config = changed(config, fingerprint=dataset.fingerprint())
    start, tokenizer, base = None, None, None
    if isinstance(model, Model):
        config = changed(config, origin=Origin(model.source, model.weights_hash))
        if model.config.pipeline:
            base, model = model, model.config
        else:
            start, tokenizer, model = model.denoiser.net.state_dict(), model.tokenizer, model.config
    elif config.lora is not None:
        raise SfumatoError("adapters are trained beside the weights of a model, and none is given as `base`.")
    text = model.net.text
    if start is None and base is None and text is not None and dataset.captions is None:
        raise SfumatoError(f"{dataset.name} has no captions and the network is to read prompts; add captions.")
    if tokenizer is None and text is not None and not text.frozen and dataset.captions is not None:
        content = learn_tokenizer(dataset.captions).to_str() if processes.main else ""
        tokenizer = open_tokenizer(processes.same(content), TOKENIZER)
    trainer = new_trainer(dataset, config, model, device, processes, start, tokenizer, base, class_pictures)
    trainer.model.codec = codec
    trainer.notes += [] if dataset.captions is None else trainer.model.cut(dataset.captions)
    trainer.seconds = spent if config.minutes is None else min(spent, 30 * config.minutes)
    check_room(folder, trainer, 0 if start is None else snapshot_bytes(trainer))
    if processes.main:
        check_free(folder)
        if start is not None:
            write_start(folder, start)
        if tokenizer is not None:
            replace_file(folder / TOKENIZER, tokenizer.to_str().encode())
        if codec is not None and base is None:
            model = replace(model, codec=save_codec(folder, codec))  # whole, where the model's own adds to another
        replace_file(folder / "config.json", config_json(model=model, training=config))
    return trainer


def check_free(folder: Path, processes: Processes = ALONE) -> None:
    """Raises SfumatoError where `folder` already holds a run, or what is left of one."""
    if processes.same((folder / "config.json").exists()):
        raise SfumatoError(f"{folder} already holds a run; `resume` that, or give another `folder`.")
    if processes.same(bool(saved_in(folder / "checkpoints"))):  # which a new run would delete as it saves its own
        raise SfumatoError(
            f"{folder} holds checkpoints of a run whose config.json is missing; restore that, or give another `folder`."
        )


def check_unspent(folder: Path, trainer: RunLoop) -> None:
    """Raises SfumatoError where the run in `folder` has nothing left of its budget."""
    if trainer.fraction >= 1:
        raise SfumatoError(
            f"{folder} has spent its budget ({trainer.images:,} images, {duration(trainer.seconds)}); give a longer "
            "one in `minutes` or `images`."
        )


def check_data(dataset: Dataset, config: TrainingConfig, codec: Codec | None = None) -> None:
    """A config that says what the data aren't would have the run go on with others."""
    size = dataset.shape[-2:] if codec is None else codec.config.picture[1:]
    columns = (*config.data.columns.numbers, *config.data.columns.vectors, *config.data.columns.images)
    for what, said, own in (
        ("data", _place(config.data.source), _place(dataset.name)),
        ("size", config.data.size if KINDS[dataset.kind].spatial else None, size),
        ("frames", config.data.frames, dataset.shape[0] if KINDS[dataset.kind].moving else None),
        ("crop", config.data.crop, dataset.seen.crop),
        ("columns", columns or None, tuple(name for name in columns if name in {*dataset.values, *dataset.images})),
    ):
        if said is not None and said != own:
            raise SfumatoError(
                f"the config's {what} ({said}) is not that of the data set {dataset.name} ({own}); give the config "
                "that the data were opened by."
            )


def _place(spec: str) -> str:
    """A data set's name however its path is written."""
    return Path(spec.removeprefix("hf:").partition(":")[0] if spec.startswith("hf:") else spec).as_posix()


def training_config(folder: Path) -> TrainingConfig:
    """The training section of the run in `folder`."""
    config: TrainingConfig = read_config(folder / "config.json", TrainingConfig, "training", grouped)
    if config.data.place or is_own(config.data.source) or path_of(config.data.source).exists():
        return config
    # A run of before knows its data by a path from the folder where it began, which most likely holds it.
    for beside in folder.resolve().parents:
        if (beside / config.data.source).exists():
            return changed(config, place=str(beside / config.data.source))
    return config


def new_trainer(
    dataset: Dataset,
    config: TrainingConfig,
    model: ModelConfig,
    device: torch.device | None,
    processes: Processes,
    start: Mapping[str, Tensor] | None = None,
    tokenizer: Tokenizer | None = None,
    base: Model | None = None,
    class_pictures: Dataset | None = None,
) -> Trainer:
    if len(dataset) != (count := processes.same(len(dataset))):
        raise SfumatoError(
            f"the main process finds {count} samples in {dataset.name} and process {processes.rank} finds "
            f"{len(dataset)}; give all machines the same data."
        )
    device = device or processes.device or pick_device()
    if base is None:
        fresh = new_model(model, config.seed)
        fresh.tokenizer, fresh.encoder = tokenizer, frozen_encoder(model)
    else:
        fresh = base
        fresh.config = model
    if fresh.encoder is not None:
        fresh.encoder.device = device
        if dataset.captions is not None:
            with processes.first():
                features = caption_features(read_captions(dataset, model, class_pictures), fresh.encoder)
            if features is not None:
                fresh.encoder.known = features.get
    if start is not None:
        fresh.denoiser.net.load_state_dict(start)
    if not processes.shards(config.machine.shard):  # whole, they may not fit there
        fresh.denoiser.to(device)
    return Trainer(fresh, dataset, config, processes, class_pictures)


def read_captions(dataset: Dataset, model: ModelConfig, class_pictures: Dataset | None = None) -> Sequence[Texts]:
    """All that a frozen encoder reads of a run's pictures; to a pipeline an empty prompt is one like any other."""
    more = () if class_pictures is None else class_pictures.captions or ()
    return [*(dataset.captions or ()), *more, ("",)] if model.pipeline else dataset.captions or ()


def train(folder: Path, trainer: RunLoop) -> Iterator[Event]:
    """Train to the end of the budget (or `trainer.stop()`), writing to `folder` as it goes, and save at the end.

    A lone process saves too where whoever asks for events leaves off, as by `break`.

    Raises SfumatoError where another process trains in `folder`.
    """
    with run_lock(folder) if trainer.processes.main else nullcontext(), using_threads(trainer.config.machine.threads):
        yield from _train(folder, trainer)


def _train(folder: Path, trainer: RunLoop) -> Iterator[Event]:
    config, saver = trainer.config, Saver(folder, trainer)
    check_room(folder, trainer)
    yield from map(Noted, trainer.notes)
    yield from saver.crowded()
    watched = LossWatch(_losses(folder / METRICS), config, isinstance(trainer, AutoencoderTrainer))
    recent: list[Progress] = []
    every = 60 * config.keeping.save_minutes
    save_at = trainer.seconds + (every if trainer.step else min(every, FIRST_SAVE))
    saved_step, told_at = -1, trainer.seconds
    looks = Looks(trainer, _look_at(trainer).images)
    snapshots = math.floor(trainer.fraction * snapshots_of(config))
    progress: Progress | None = None
    lost: DataLost | None = None
    try:
        for progress in trainer.steps():
            recent.append(progress)
            late = progress.seconds - told_at >= METRICS_SECONDS
            if progress.step % METRICS_STEPS == 0 or late or progress.fraction >= 1:
                yield from _measured(saver, watched, recent)
                recent, told_at = [], progress.seconds
            yield progress
            if looks.due():
                yield from _look(saver, looks)
            if math.floor(progress.fraction * snapshots_of(config)) > snapshots:
                snapshots = math.floor(progress.fraction * snapshots_of(config))
                yield from saver.snapshot()
            if progress.seconds > save_at:
                save_at = progress.seconds + every
                with looks.saving():
                    for event in saver.checkpoint(last=False):
                        saved_step = event.step if isinstance(event, Saved) else saved_step
                        yield event
    except GeneratorExit:  # whoever watched has seen enough: what was trained is kept
        if trainer.processes.count == 1 and not trainer.failing and trainer.step != saved_step:
            for _ in saver.checkpoint(last=True):
                pass
        raise
    except DataLost as error:  # in between two steps: those that were taken are kept
        lost = error
    except Diverged as error:
        raise Diverged(f"{error} {saver.what_is_left()}" if trainer.processes.main else str(error)) from error
    if progress is not None and progress.fraction < 1 <= trainer.fraction:  # the minutes ended in between two steps
        recent.append(replace(progress, seconds=trainer.seconds, fraction=trainer.fraction))
    if recent:
        yield from _measured(saver, watched, recent)
    if trainer.step != saved_step:
        yield from saver.checkpoint(last=True)
    if lost is not None:
        raise lost
    if trainer.fraction >= 1:  # someone who asked to stop is not kept waiting for pictures
        yield from _look(saver, looks)
    if looks.left_out:
        yield Noted(
            f"{looks.left_out} of {looks.most} previews were left out: they took longer than the budget allows."
        )
    yield from map(Noted, watched.ending(trainer.largest_weight()))


def _look(saver: Saver, looks: Looks) -> Iterator[Preview | Judged | Noted]:
    with looks.timed():
        if saver.trainer.config.keeping.previews and not saver.trainer.asked():
            yield from _previewed(saver)
        if not saver.trainer.asked():
            yield from _judged(saver)


def _measured(saver: Saver, watched: LossWatch, recent: list[Progress]) -> Iterator[Measured | Noted]:
    measured = Measured(_summary(recent))
    if saver.trainer.processes.main:
        line = json.dumps(measured.values) + "\n"
        yield from saver.optional(METRICS, lambda: append(saver.folder / METRICS, line))
    yield measured
    for words in watched.look(recent):
        yield from saver.note("loss", words)


def _previewed(saver: Saver) -> Iterator[Preview | Noted]:
    generated: list[Preview] = []
    try:
        yield from saver.optional("previews/", lambda: generated.append(_look_at(saver.trainer).preview(saver.folder)))
    except NotFinite as error:
        yield from saver.note("preview", str(error))
    yield from generated


class _Look(NamedTuple):
    """A look at what is trained: so many `images` asked about, its preview in the run's folder, its held-out error."""

    images: int
    preview: Callable[[Path], Preview]
    evaluation: Callable[[], Evaluation | None]


def _look_at(trainer: RunLoop) -> _Look:
    if isinstance(trainer, AutoencoderTrainer):
        return _Look(
            reconstruction_images(trainer),
            partial(draw_reconstructions, trainer=trainer),
            partial(evaluate_reconstructions, trainer),
        )
    assert isinstance(trainer, Trainer)
    images = look_images(trainer.config, trainer.model.config, len(trainer.held))
    return _Look(images, partial(make_preview, trainer=trainer), partial(evaluate, trainer))


def _summary(recent: list[Progress]) -> dict[str, float | int | None]:
    newest, first = recent[-1], recent[0]
    losses = [p.loss for p in recent if math.isfinite(p.loss)]
    norms = [p.gradient_norm for p in recent if math.isfinite(p.gradient_norm)]
    return {
        "step": newest.step,
        "images": newest.images,
        "seconds": round(newest.seconds, 3),
        "loss": sum(losses) / len(losses) if losses else None,
        "gradient_norm": sum(norms) / len(norms) if norms else None,
        "learning_rate": newest.learning_rate,
        "images_per_second": round((newest.images - first.images) / (newest.seconds - first.seconds), 1)
        if newest.seconds > first.seconds
        else None,
        "skipped": newest.skipped,
    }


def _judged(saver: Saver) -> Iterator[Judged | Noted]:
    evaluation = _look_at(saver.trainer).evaluation()
    if evaluation is None or not saver.trainer.processes.main:
        return
    before = read_evaluations(saver.folder)
    yield from saver.optional(FILE, lambda: write_evaluation(saver.folder, evaluation))
    yield Judged(evaluation, judge_run([*before, evaluation]))


def _losses(path: Path) -> list[float]:
    """The losses that metrics.jsonl holds; damaged lines are passed over."""
    found = []
    with suppress(OSError):
        for line in path.read_bytes().splitlines():
            with suppress(ValueError, KeyError, TypeError):
                found.append(float(parse(line)["loss"]))
    return found
