"""The training of a diffusion model, without files or screen: one turn of the training loop."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.data import KINDS, Augmentation, Dataset, around, draw_augmentation, order
from sfumato.data.captions import Texts
from sfumato.diffusion import (
    NetDenoiser,
    Objective,
    Uncertainty,
)
from sfumato.errors import SfumatoError
from sfumato.hub import Model, ModelConfig
from sfumato.hub.control_branch import freeze_below, write_control_branch
from sfumato.hub.diffusers.lora import named_adapters
from sfumato.hub.diffusers.lora_files import write_adapters
from sfumato.hub.loading import WEIGHT_FILES
from sfumato.nets.conditions import GUIDANCE
from sfumato.nets.diffusers import DiffusersNet, enable_gradient_checkpointing
from sfumato.nets.protocol import memory_format_of
from sfumato.sampling.clips import FRAME_NUMBERS, Part, parts_of
from sfumato.seeds import derived_seed, numpy_generator, torch_generator
from sfumato.training.conditions import draw_dropout, sample_conditions
from sfumato.training.config import TrainingConfig
from sfumato.training.coupling import couple
from sfumato.training.finetuning import start_path
from sfumato.training.loop import Turn
from sfumato.training.lora import ADAPTER, add_adapters, trained_weights, write_adapter
from sfumato.training.optimizers import make_optimizers
from sfumato.training.processes import ALONE, Processes
from sfumato.training.recipes import check_consistency, check_objective, unseen_levels
from sfumato.training.run_loop import RunLoop, Write, decays_of
from sfumato.training.sharding import shard
from sfumato.training.slices import Slice, half_size, mapped, pinned, rows_of, shared_copy
from sfumato.training.state import Files
from sfumato.training.students import student_objective

BRANCH = "branch"


class Trainer(RunLoop):
    """Trains `model` on `dataset`. `trainer.steps()` yields a Progress a step until the budget is spent or `stop()`.

    Of several `processes`, each has a trainer of its own with the same arguments, and all take the same steps.
    """

    def __init__(
        self,
        model: Model,
        dataset: Dataset,
        config: TrainingConfig,
        processes: Processes = ALONE,
        class_pictures: Dataset | None = None,
    ) -> None:
        self.model = model
        self.class_pictures = class_pictures  # every other row of a batch is one of these, where there are some
        check_training(model.config, dataset, config)
        net, sharded = model.denoiser.net, processes.shards(config.machine.shard)
        copied = copy.deepcopy if sharded else shared_copy
        settings = config.objective
        teacher = None  # as it is before a step is taken
        if settings.taught:
            teacher = copied(model.denoiser).eval().requires_grad_(False)
            if sharded:
                shard(teacher.net, processes)
        if model.config.control_branch is not None:
            freeze_below(net)
        if config.machine.gradient_checkpointing:
            enable_gradient_checkpointing(net)
        if config.lora is not None:
            add_adapters(net, config.lora, config.seed)
        # They begin anew, from a model's weights as from random ones: step 1 is taken whole (see ema_decay) and what
        # was before counts nothing. That suits fine-tuning: the old weights answer for other data, and the first steps,
        # still near to them, fade at this training's pace, however short it is.
        self.averages: list[NetDenoiser] = []
        for _ in decays_of(config):
            self.averages.append(copied(model.denoiser).eval().requires_grad_(False))
            if sharded:  # each before the next is made
                shard(self.averages[-1].net, processes)
        called: nn.Module = model.denoiser
        if sharded:
            shard(net, processes, config.machine.precision)
        else:
            if config.machine.compile:
                net.compile()  # in place: the names of its weights stay what they are
            called = processes.averaging(model.denoiser)
        uncertainty = Uncertainty().to(model.device) if config.objective.uncertainty else None
        self._moving = KINDS[dataset.kind].moving and model.config.net.temporal
        own_levels = settings.frame_levels if self._moving else None
        self.objective = student_objective(model, settings, teacher) or Objective(
            settings.noise, settings.schedule, settings.weight, model.config.data_std, uncertainty, own_levels
        )
        optimizers = make_optimizers(
            config.optimizer.name,
            net,
            [] if uncertainty is None else list(uncertainty.parameters()),
            config.optimizer.learning_rate,
            config.optimizer.weight_decay,
            config.optimizer.betas,
            torch.bfloat16 if config.machine.precision == "bf16" else torch.float32,
        )
        super().__init__(
            net,
            [Turn(tuple(net.parameters()), self._loss, tuple(optimizers), config.optimizer.learning_rate)],
            self._draw,
            [average.net for average in self.averages],
            dataset,
            config,
            model.device,
            processes,
        )
        self.sharded, self.called, self.extra = sharded, called, uncertainty
        self.adapters_alone = model.config.pipeline
        if dataset.labels is not None and model.config.net.ignores_labels:
            self.notes.append("the network takes no argument called `label`, so it doesn't learn the classes apart.")
        if dataset.captions is not None and model.config.net.kind == "own" and model.config.net.text is None:
            self.notes.append("the network takes no argument called `text`, so it learns nothing of the captions.")
        self.notes += unseen_levels(config.objective, model.config.sampling)

    @property
    def average(self) -> NetDenoiser:
        """The average that samples are generated with, the last one."""
        return self.averages[-1]

    @property
    def low_resolution(self) -> bool:
        """Whether it trains at half size, for now."""
        return self.fraction < self.config.data.low_resolution

    def _draw(self, step: int, images: int) -> list[Slice]:
        """What this process trains on at `step`, after so many images: a function of (config, step) and its rank."""
        config, conditions = self.config, self.model.config.conditions
        indices = self._indices(images)
        dropped, null = None, len(self.model.config.classes)
        if self.dataset.labels is not None and null:
            coins = numpy_generator("label dropout", config.seed, step).random(config.batch)
            dropped = torch.from_numpy(coins < config.objective.condition_dropout)
        noise = torch_generator("noise", config.seed, step)
        single = self._single_frames(step)
        part = self._part(step) if single is None else None
        shape = self.dataset.shape
        if single is not None:
            shape = (1, *shape[1:])
        elif part is not None:
            shape = (len(part.numbers), *shape[1:])
        drawn = self.objective.draw((config.batch, *shape), noise)  # of all processes
        if part is not None and part.settled is not None:
            drawn = self.objective.settled(drawn, part.settled, noise)
        tokens = self._captions(indices, numpy_generator("captions", config.seed, step))
        augmentation = draw_augmentation(config.seed, images, config.batch, config.data.flip, self.dataset.crop)
        generator = torch_generator("conditions", config.seed, step)
        dropout = draw_dropout(
            conditions, config.batch, self.dataset.seen.shape, config.objective.condition_dropout, generator
        )
        told = self._drawn_weights(step)
        if self.model.config.control_branch is not None:
            dropout.dropped[:, -1] = False  # what the network answers without it is the model below, which stays
        all_rows = self._rows(indices, augmentation) if config.objective.coupling else None
        if all_rows is not None:
            drawn = self.objective.paired(drawn, lambda eps: couple(*all_rows, eps))
        slices = []
        for rows in self._shares:
            seen = rows_of(augmentation, rows)
            x0, labels = self._rows(indices[rows], seen) if all_rows is None else rows_of(all_rows, rows)
            if single is not None:
                x0 = x0[torch.arange(len(x0)), single[rows]][:, None]
            cond = {}
            if part is not None:
                x0 = x0[:, part.numbers]
                cond[FRAME_NUMBERS] = torch.tensor(part.numbers).expand(len(x0), -1)
            if labels is not None and dropped is not None:
                cond["label"] = labels.masked_fill(dropped[rows], null)
            if tokens is not None:
                cond["text"] = tokens[rows]
            cond |= sample_conditions(self.dataset, conditions, x0, indices[rows], rows_of(dropout, rows), seen)
            if told is not None:
                cond[GUIDANCE] = told[rows]
            weight = None
            if self.class_pictures is not None:
                counts = np.where(indices[rows] < len(self.dataset), 1.0, config.objective.prior_weight)
                weight = torch.from_numpy(counts).float()
            slices.append(Slice(x0, cond, rows_of(drawn, rows), weight))
        return [pinned(part) for part in slices] if self.device.type == "cuda" else slices

    def _drawn_weights(self, step: int) -> Tensor | None:
        """The weight of guidance that each of the batch is told, NaN where it isn't; None where none is ever told."""
        objective = self.config.objective
        if not isinstance(objective.guidance, tuple):
            return None
        low, high = objective.guidance
        coins, shares = numpy_generator("guidance", self.config.seed, step).random((2, self.config.batch))
        untold = coins < objective.condition_dropout
        return torch.from_numpy(np.where(untold, np.nan, low + (high - low) * shares).astype(np.float32))

    def _indices(self, images: int) -> NDArray[np.int64]:
        """The samples of the batch that begins after so many images; class pictures are counted on behind all others,
        and are every other row."""
        batch, seed, count = self.config.batch, self.config.seed, len(self.dataset) - len(self.held)
        if self.class_pictures is None:
            return around(self.held, order(count, seed, images, batch))
        number, indices = len(self.class_pictures), np.empty(batch, np.int64)
        indices[::2] = around(self.held, order(count, seed, images // 2, batch // 2))
        indices[1::2] = len(self.dataset) + order(number, derived_seed("class pictures", seed), images // 2, batch // 2)
        return indices

    def _rows(self, indices: NDArray[np.int64], augmentation: Augmentation) -> tuple[Tensor, Tensor | None]:
        """The samples at `indices`, and their labels."""
        if self.class_pictures is None:
            return self.dataset.batch(indices, augmentation)
        x0, own = torch.empty(len(indices), *self.dataset.shape), indices < len(self.dataset)
        for data, which, first in ((self.dataset, own, 0), (self.class_pictures, ~own, len(self.dataset))):
            shown = mapped(augmentation, partial(_chosen, which=which))
            x0[torch.from_numpy(which)] = data.batch(indices[which] - first, shown)[0]
        return x0, None

    def _single_frames(self, step: int) -> Tensor | None:
        """The frame `(batch,)` of each clip that is trained on alone at this step; None where clips are whole."""
        if not self._moving:
            return None
        generator = numpy_generator("single frames", self.config.seed, step)
        if generator.random() >= self.config.data.stills:
            return None
        return torch.from_numpy(generator.integers(0, self.dataset.shape[0], self.config.batch))

    def _part(self, step: int) -> Part | None:
        """The frames of each clip that are trained on at this step; None where all are."""
        settings, frames = self.config.objective.frame_levels, self.dataset.shape[0]
        if not settings.anchors:
            return None
        first, *between = parts_of(frames, frames, settings.anchors)
        generator = numpy_generator("parts of clips", self.config.seed, step)
        if generator.random() >= settings.between:
            return first
        return between[generator.integers(len(between))]

    def _captions(self, indices: NDArray[np.int64], generator: np.random.Generator) -> Tensor | None:
        """The captions of samples as the network reads them, some dropped; of several for one sample, any one."""
        if self.dataset.captions is None or not self.model.text_conditional:
            return None
        coins, which = generator.random((2, len(indices)))
        texts = []
        for index, choice in zip(indices.tolist(), which.tolist(), strict=True):
            own = self._texts(index) or ("",)
            texts.append(own[int(choice * len(own))])
        dropped = coins < self.config.objective.condition_dropout
        if self.model.config.pipeline:  # to which an empty prompt is one like any other
            return self.model.tokens(["" if gone else text for gone, text in zip(dropped, texts, strict=True)])
        read = self.model.tokens(texts)
        read[torch.from_numpy(dropped)] = 0
        return read

    def _texts(self, index: int) -> Texts:
        """The captions of the sample at `index`."""
        data, place = self.dataset, index
        if self.class_pictures is not None and index >= len(self.dataset):
            data, place = self.class_pictures, index - len(self.dataset)
        return () if data.captions is None else data.captions[place]

    def _loss(self, part: Slice, fraction: float) -> Tensor:
        """What these rows add to the mean loss of the batch, times the number of processes, which divide it again."""
        if fraction < self.config.data.low_resolution:
            part = half_size(part, self.objective)
        cond = {name: value.to(self.device, non_blocking=True) for name, value in part.cond.items()}
        x0 = part.x0.to(self.device, non_blocking=True)
        if self.sharded:  # elsewhere the weights lie so, and samples follow them
            x0 = x0.contiguous(memory_format=memory_format_of(self.net)) if x0.ndim == 4 else x0
        with self.precise():
            losses = self.objective.loss(self.called, x0, cond, part.drawn, fraction)
            losses = losses if part.weight is None else losses * part.weight.to(losses)
            return losses.mean() * (len(losses) * self.processes.count / self.config.batch)

    def beside(self, folder: Path, files: Files) -> Iterator[Write]:
        """The adapters, or the control branch, of a run that trains nothing else."""
        if self.adapters_alone:
            layers = named_adapters(trained_weights(self.average.net))
            base = "" if self.config.origin is None else self.config.origin.path
            of = cast(DiffusersNet, self.average.net).config
            yield f"{ADAPTER}/", partial(write_adapters, folder / ADAPTER, layers, of, base)
        elif self.config.lora is not None:
            base = start_path(folder).as_posix()
            yield f"{ADAPTER}/", partial(write_adapter, folder / ADAPTER, self.average.net, base)
        if (control := self.model.config.control_branch) is not None:
            below = "" if self.config.origin is None else self.config.origin.path
            weights = files[WEIGHT_FILES["ema"]]
            yield f"{BRANCH}/", partial(write_control_branch, folder / BRANCH, weights, control, below)


def _chosen(rows: Any, which: NDArray[np.bool_]) -> Any:
    return rows[which]


def check_training(model: ModelConfig, dataset: Dataset, config: TrainingConfig) -> None:
    """Raises SfumatoError where the `config` asks of model or data what they can't do."""
    kind = KINDS[dataset.kind]
    if config.data.flip and (kind.moving or (not kind.augmented and dataset.mirrored is None)):
        raise SfumatoError(f"{dataset.name} are {dataset.kind}, which can't be mirrored; leave `flip` out.")
    if config.data.low_resolution:
        if model.codec is not None:
            raise SfumatoError("latents have no half size that a codec knows; leave low_resolution at 0.")
        if not kind.spatial:
            raise SfumatoError(
                f"{dataset.name} are {dataset.kind}, which have no half size; leave low_resolution at 0."
            )
        model.net.check(*(side // 2 for side in dataset.shape[-2:]))
    if config.objective.coupling and kind.moving:
        raise SfumatoError(f"{dataset.name} are clips, which aren't coupled to noise; leave `coupling` out.")
    if anchors := config.objective.frame_levels.anchors:
        why = None
        if not kind.moving or not model.net.temporal:
            why = "its network takes no clips of which frames are left out"
        elif anchors >= dataset.shape[0]:
            why = f"clips have {dataset.shape[0]} frames, none of which would be left out"
        elif config.objective.student:
            why = "a student learns whole clips"
        if why is not None:
            raise SfumatoError(f"frame_levels.anchors is {anchors}, and {why}; leave it at 0.")
    check_objective(config, model)
    check_consistency(config, model)
    if model.control_branch is not None and config.lora is not None:
        raise SfumatoError("a control branch is trained whole, and nothing else with it; leave `lora` out.")
