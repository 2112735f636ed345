"""Going on with a run where it was saved, or from its weights alone where the rest is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.files import replace_file, run_lock
from sfumato.hub import Model, ModelConfig
from sfumato.hub.checkpoints import Checkpoint, newest_checkpoint, open_checkpoint, put_back, saved_in, trouble
from sfumato.hub.codec import model_codec
from sfumato.hub.config import config_json, read_model
from sfumato.hub.loading import base_pipeline
from sfumato.hub.prompts import read_tokenizer
from sfumato.strict import parse
from sfumato.training.averages import cut_averages
from sfumato.training.config import TrainingConfig, changed
from sfumato.training.ema import pack
from sfumato.training.finetuning import read_start
from sfumato.training.held_out import FILE
from sfumato.training.pipelines import adapted_model
from sfumato.training.processes import ALONE, Processes
from sfumato.training.run import new_trainer, training_config
from sfumato.training.run_loop import RunLoop
from sfumato.training.state import ADAPTERS, AVERAGES, EMA, FILES, RAW, Files
from sfumato.training.trainer import Trainer


class StateLost(SfumatoError):
    """No checkpoint holds all that a run goes on with; from the weights of `step` alone it may, where there are such.

    Nothing was deleted.
    """

    def __init__(self, message: str, step: int | None) -> None:
        super().__init__(message)
        self.step = step


def resume_run(
    folder: Path,
    dataset: Dataset,
    config: TrainingConfig,
    device: torch.device | None = None,
    processes: Processes = ALONE,
    weights_only: bool = False,
    net: nn.Module | None = None,
    base: Model | None = None,
    class_pictures: Dataset | None = None,
) -> tuple[Trainer, list[Path]]:
    """A trainer at the newest intact checkpoint of the run in `folder`, and the damaged ones that were passed over.

    `config` is the run's own (`training_config(folder)`), its budget perhaps extended. A run that was stopped before
    its first checkpoint starts again from step 0. The run may have been of any number of processes. With
    `weights_only`, it goes on from the newest intact weights, whatever became of the optimiser's state, which starts
    anew. A network of your own is given as `net`, and `base` is the pipeline whose adapters are trained. Raises
    StateLost where there are checkpoints and none is intact.
    """
    model = read_model(folder, net)
    dataset = suited(dataset, model, folder)
    before, config = config.data.fingerprint, changed(config, fingerprint=dataset.fingerprint())
    names = FILES if config.lora is None or model.pipeline else (*FILES, ADAPTERS)
    checkpoint, files, damaged = saved_state(folder, names, config, weights_only)
    if model.pipeline and base is None:
        base = adapted_model(base_pipeline(folder))
    if checkpoint is not None and (low := config.data.low_resolution):
        then = training_config(folder).budget
        if then != config.budget and then.spent(checkpoint.state["images"], checkpoint.state["seconds"]) >= low:
            config = changed(
                config, low_resolution=0.0
            )  # that phase is over, and a longer budget doesn't bring it back
    # What is trained beside it, or by what it answers, is needed whatever was saved since.
    needed = config.lora is not None or config.objective.taught
    begins = config.origin is not None and base is None and (checkpoint is None or needed)
    tokenizer, start = read_tokenizer(model, folder), read_start(folder) if begins else None
    trainer = new_trainer(dataset, config, model, device, processes, start, tokenizer, base, class_pictures)
    trainer.model.codec = model_codec(folder, model, trainer.device) if base is None else base.codec
    if checkpoint is not None:
        trainer.restore(files, checkpoint.state)
        trainer.notes += other_data(dataset, before, config.data.fingerprint, checkpoint.state.get("samples"))
    if weights_only:
        trainer.notes.append("it goes on from the weights alone: what the optimiser had gathered begins anew.")
    go_back(folder, trainer, model=model, training=config)
    return trainer, damaged


def go_back(folder: Path, trainer: RunLoop, **sections: Any) -> None:
    """Let the files of the run say no more than where `trainer` goes on, and its config these `sections`."""
    processes = trainer.processes
    if trainer.step != (step := processes.same(trainer.step)):
        raise SfumatoError(
            f"the main process goes on from step {step} of {folder} and process {processes.rank} from step "
            f"{trainer.step}; keep runs in a folder that all machines share."
        )
    if processes.main and trainer.fraction < 1:  # else nothing is trained, and the run stays as it is
        with run_lock(folder):
            replace_file(folder / "config.json", config_json(**sections))
            for name in ("metrics.jsonl", FILE):
                _cut_lines(folder / name, trainer.step)
            cut_averages(folder, trainer.step)


def saved_state(
    folder: Path, names: tuple[str, ...], config: TrainingConfig, weights_only: bool
) -> tuple[Checkpoint | None, Files, list[Path]]:
    """The checkpoint to go on from, what of it is taken, and those that were passed over."""
    place = folder / "checkpoints"
    put_back(place)
    checkpoint, damaged = newest_checkpoint(place, names)
    if checkpoint is not None and not weights_only:
        return checkpoint, {name: checkpoint.read(name) for name in names}, damaged
    if checkpoint is None and not damaged:
        if weights_only:
            raise SfumatoError(f"{folder} holds no checkpoint, so there are no weights to go on from.")
        return None, {}, []
    passed: list[Path] = []
    for path in reversed(saved_in(place)):
        found = open_checkpoint(path)
        files = {} if found is None else _weights(found, config)
        if found is not None and files:
            if weights_only:
                return found, files, passed
            raise StateLost(
                f"{_lost(damaged, names)}; nothing was deleted, and the weights of step {found.state['step']:,} "
                "are intact: `weights_only` goes on from those.",
                found.state["step"],
            )
        passed.append(path)
    raise StateLost(
        f"{_lost(damaged, names)}; nothing was deleted, but no weights are intact either: restore a checkpoint, or "
        "train anew under another name.",
        None,
    )


def _weights(checkpoint: Checkpoint, config: TrainingConfig) -> Files:
    """What can be had of the weights in `checkpoint`, as `Trainer.restore` takes them; none where all are damaged.

    Of the trained weights and their averages, one stands for the other where that is lost.
    """
    if config.lora is not None and ADAPTERS in checkpoint.state["files"]:  # sums with what they adapt don't give them
        return {ADAPTERS: checkpoint.read(ADAPTERS)} if checkpoint.intact(ADAPTERS) else {}
    found = {name: checkpoint.read(name) for name in (RAW, EMA, AVERAGES) if checkpoint.intact(name)}
    raw, ema = found.get(RAW, found.get(EMA)), found.get(EMA, found.get(RAW))
    if raw is None or ema is None:
        return {}
    others = found.get(AVERAGES) or pack([ema] * (config.optimizer.averages - 1))
    return {RAW: raw, EMA: ema, AVERAGES: others}


def suited(dataset: Dataset, model: ModelConfig, run: Path) -> Dataset:
    """`dataset` with its classes in the order in which `run` learnt them: versions have sorted them differently.

    Raises SfumatoError that says how it is of another kind than what `run` was trained on.
    """
    if sorted(dataset.classes) == sorted(model.classes):
        dataset = dataset.in_class_order(model.classes)
    if not model.suits(dataset.shape, dataset.classes):
        raise SfumatoError(
            f"{dataset.name} is not what {run} was trained on: {_differs(dataset, model)}; restore the data, or say "
            "where they are now."
        )
    return dataset


def _differs(dataset: Dataset, model: ModelConfig) -> str:
    if dataset.shape not in (model.shape, model.seen[1]):
        now, before = (" × ".join(map(str, shape)) for shape in (dataset.shape, model.seen[1]))
        return f"its samples are {now}, and were {before}"
    new = [name for name in dataset.classes if name not in model.classes]
    gone = [name for name in model.classes if name not in dataset.classes]
    parts = [f"{word} {_shortened(names)}" for word, names in (("new are", new), ("gone are", gone)) if names]
    return f"its classes are others ({' and '.join(parts)})"


def _shortened(names: Sequence[str], most: int = 5) -> str:
    """Some of many names, in words."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def other_data(dataset: Dataset, before: str, now: str, samples: int | None) -> list[str]:
    """What to say where the data aren't those of before, which a run of an earlier version didn't write down."""
    if samples not in (None, len(dataset)):
        change = f"there were {samples:,} samples so far and there are {len(dataset):,} now: they come in another order"
        return [f"{change}, and others are held out."]
    if before not in ("", now):
        return [
            f"{dataset.name} holds other samples, classes or captions than so far, as many: sha256 {now[:12]}, which "
            f"was {before[:12]}; losses from here on are not compared with those before."
        ]
    return []


def _lost(damaged: list[Path], names: tuple[str, ...]) -> str:
    """What the newest of some damaged checkpoints lacks, in words."""
    newest = open_checkpoint(damaged[0])
    lacking = ["state.json"] if newest is None else [name for name in names if not newest.intact(name)]
    words = ", ".join(f"{name} is {trouble(damaged[0] / name)}" for name in lacking)
    others = f", nor is any of the {len(damaged) - 1} before it" if len(damaged) > 1 else ""
    return f"{damaged[0]} is not complete ({words}){others}"


def extend(
    config: TrainingConfig,
    images: int | None,
    minutes: float | None,
    accumulate: int | None = None,
    shard: bool | None = None,
) -> TrainingConfig:
    """`config` with another budget, with batches in more or fewer slices, sharded or not, where they are given."""
    if accumulate is not None:
        config = changed(config, accumulate=accumulate)
    if shard is not None:
        config = changed(config, shard=shard, compile=config.machine.compile and not shard)
    if images is None and minutes is None:
        return config
    return changed(config, images=images, minutes=minutes)


def _cut_lines(path: Path, step: int) -> None:
    """Drop the lines of steps that were not saved: they will be taken again."""
    if path.exists():
        lines = path.read_bytes().splitlines(keepends=True)
        replace_file(path, b"".join(line for line in lines if line.endswith(b"\n") and _step_of(line) <= step))


def _step_of(line: bytes) -> float:
    try:
        return int(parse(line)["step"])
    except (ValueError, KeyError, TypeError):  # the machine lost its power as the line was written
        return math.inf
