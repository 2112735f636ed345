"""The training loop, without files or screen: what happens at step n is a function of (config, n) alone.

Noise, levels, dropped labels and data order all come from generators seeded by (seed, step), so nothing but tensors
and counters has to be saved for a resumed run to equal an uninterrupted one, bit for bit, on as many threads. (A
budget in minutes lets the clock decide the learning rate and the end; a budget in images does not.)
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.data import Dataset, around, draw_augmentation, order
from sfumato.data.dataset import DataLost
from sfumato.diffusion import SCHEDULES, LevelLaw, NetDenoiser, Objective, Uncertainty
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.control_branch import freeze_below
from sfumato.nets import MLPConfig
from sfumato.seeds import numpy_generator, seeded, torch_generator
from sfumato.training.conditions import draw_chance, told_of
from sfumato.training.config import TrainingConfig, left_out_by, unlearnt
from sfumato.training.coupling import couple
from sfumato.training.ema import Profile, gamma_of, pack, unpack, update_ema
from sfumato.training.lora import add_adapters, plain_weights, restore_trained, trained_weights
from sfumato.training.optimizers import Muon, make_optimizers
from sfumato.training.precision import compiling
from sfumato.training.processes import ALONE, Processes
from sfumato.training.sharding import gathered, local, part_of, shard, whole
from sfumato.training.slices import Slice, halved

PATIENCE = 10  # non-finite steps in a row before giving up


class Diverged(SfumatoError):
    """The loss was no finite number for PATIENCE steps in a row."""


@dataclass(frozen=True)
class Progress:
    """One training step: its mean loss, and where the run stands. `fraction` of the budget is spent."""

    step: int
    images: int
    seconds: float
    fraction: float
    loss: float
    gradient_norm: float
    learning_rate: float
    skipped: int


class Trainer:
    """Trains `model` on `dataset`. `trainer.steps()` yields a Progress a step until the budget is spent or `stop()`.

    Of several `processes`, each has a trainer of its own with the same arguments, and all take the same steps.
    """

    def __init__(self, model: Model, dataset: Dataset, config: TrainingConfig, processes: Processes = ALONE) -> None:
        self.model = model
        self.dataset = dataset
        self.config = config
        self.processes = processes
        if config.flip and not dataset.is_images:
            raise SfumatoError(f"{dataset.name} are points, which can't be mirrored; leave --flip out.")
        if config.coarse:
            if isinstance(model.config.net, MLPConfig):
                raise SfumatoError(f"{dataset.name} are points, which have no half size; leave coarse at 0.")
            model.config.net.check(*(side // 2 for side in dataset.shape[1:]))
        self.held = left_out_by(config, dataset)
        self._shares = processes.share(config.batch, config.accumulate)
        self.sharded = processes.shards(config.shard)
        if model.config.control_branch is not None:
            if config.lora is not None:
                raise SfumatoError("a branch is trained whole, and nothing else with it; leave --lora out.")
            freeze_below(model.denoiser.net)
        if config.lora is not None:
            add_adapters(model.denoiser.net, config.lora, config.seed)
        # They begin anew, from a model's weights as from random ones: step 1 is taken whole (see ema_decay) and what
        # was before counts nothing. That suits fine-tuning: the old weights answer for other data, and the first steps,
        # still near to them, fade at this training's pace, however short it is.
        self.averages: list[NetDenoiser] = []
        for _ in config.ema_widths:
            self.averages.append(copy.deepcopy(model.denoiser).eval().requires_grad_(False))
            if self.sharded:  # each before the next is made
                shard(self.averages[-1].net, processes)
        self._averaging: nn.Module = model.denoiser
        if self.sharded:
            shard(model.denoiser.net, processes, config.precision)
        else:
            if config.compile:
                model.denoiser.net.compile()  # in place: the names of its weights stay what they are
            self._averaging = processes.averaging(model.denoiser)
        self.device = model.device
        uncertainty = Uncertainty().to(self.device) if config.uncertainty else None
        law = LevelLaw(config.law, SCHEDULES[config.schedule](), config.law_mean, config.law_std, tail=config.law_tail)
        self.objective = Objective(law, config.weight, model.config.data_std, uncertainty)
        self._gammas = [gamma_of(width) for width in config.ema_widths]
        self._weights = list(model.denoiser.parameters())
        self._averages = [list(average.parameters()) for average in self.averages]
        extra = list(uncertainty.named_parameters(prefix="uncertainty")) if uncertainty is not None else []
        self._extra: list[Tensor] = [p for _, p in extra]
        self._names: dict[Tensor, str] = {p: name for name, p in [*model.denoiser.net.named_parameters(), *extra]}
        self.optimizers = make_optimizers(
            config.optimizer,
            model.denoiser.net,
            self._extra,
            config.learning_rate,
            config.weight_decay,
            torch.bfloat16 if config.precision == "bf16" else torch.float32,
        )
        self.step = self.images = self.skipped = 0
        self.seconds = 0.0
        self.reserve = 0.0  # seconds of a budget in minutes that are kept for what follows the last step
        self.notes: list[str] = []  # what is to be said as it begins
        if lost := unlearnt(dataset, self.held):
            self.notes.append(f"nothing is learnt of {', '.join(lost)}: all of it was held out when the run began.")
        self._bad_in_a_row = 0
        self._asked_to_stop = self._stopping = False  # here, and among all processes
        self._losing = False  # whether one of them could not read its rows of the next step

    @property
    def average(self) -> NetDenoiser:
        """The average that draws, of the last of the widths."""
        return self.averages[-1]

    @property
    def helpers(self) -> Processes:
        """Who shares the work with the averages. Sharded, each needs the others at every block: all do the same."""
        return ALONE if self.sharded else self.processes

    @property
    def _nets(self) -> list[nn.Module]:
        """The network that is trained, and its averages."""
        return [denoiser.net for denoiser in (self.model.denoiser, *self.averages)]

    @property
    def profiles(self) -> list[Profile]:
        """Which averages `averages` are."""
        return [Profile(self.step - self.skipped, gamma) for gamma in self._gammas]

    @property
    def fraction(self) -> float:
        """The share of the budget that is spent, in [0, 1]."""
        return self.config.spent(self.images, self.seconds, self.reserve)

    @property
    def coarse(self) -> bool:
        """Whether it trains at half size, for now."""
        return self.fraction < self.config.coarse

    @property
    def learning_rate(self) -> float:
        """Warm-up, constant, linear decay to nothing."""
        return self.config.learning_rate * self.config.rate_share(self.images, self.seconds, self.reserve)

    @property
    def rows(self) -> int:
        """How many images of a batch the network is asked about at once, by this process."""
        first = self._shares[0]
        return int(first.stop - first.start)

    def precise(self) -> torch.autocast:
        """While the block is open, the network computes in the config's precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bf16")

    @property
    def failing(self) -> bool:
        """Whether the last step's loss was no finite number."""
        return self._bad_in_a_row > 0

    @property
    def checkpoint_bytes(self) -> int:
        """About what a checkpoint takes on the disk, before the first step as well."""
        size = len(self._nets) * _bytes(self._nets[0].state_dict().values())
        for one in self.optimizers:
            weights = [weight for group in one.param_groups for weight in group["params"] if weight.requires_grad]
            size += _bytes(weights) * (1 if isinstance(one, Muon) else 2)
        if self.config.lora is not None:
            size += len(self._nets) * _bytes(trained_weights(self._nets[0]).values())
        return size

    @property
    def snapshot_bytes(self) -> int:
        """About what a snapshot of the averages takes on the disk, in float16."""
        return len(self.averages) * _bytes(self._nets[0].state_dict().values()) // 2

    def stop(self) -> None:
        """Ask for an end after the present step; safe to call from a signal handler.

        Of several processes one is enough. They hear of it within the next step, and end together after that.
        """
        self._asked_to_stop = True

    def steps(self) -> Iterator[Progress]:
        """Train until the budget is spent, yielding every step. Time between steps counts towards the minutes."""
        started = time.perf_counter() - self.seconds
        if self.processes.count == 1:
            self._stopping = self._asked_to_stop
        with ThreadPoolExecutor(1, "next-batch") as pool:
            drawn = pool.submit(self._draw, self.step + 1, self.images)
            self._losing = bool(self.processes.sum(torch.tensor(float(bool(_lost(drawn))))) > 0)
            while self.fraction < 1 and not self._stopping:
                if self._losing:  # where one could not read its rows all say so, and none takes the step
                    raise DataLost(next(filter(None, self.processes.gathered(_lost(drawn)))))
                slices, rate = drawn.result(), self.learning_rate
                drawn = pool.submit(self._draw, self.step + 2, self.images + self.config.batch)
                loss, norm = self._step(slices, rate, started, drawn)
                started -= self._closing()
                yield Progress(self.step, self.images, self.seconds, self.fraction, loss, norm, rate, self.skipped)
                if self.processes.count == 1:  # several read the main one's clock, with the next step
                    self.seconds, self._stopping = time.perf_counter() - started, self._asked_to_stop
        self._closing()

    def _closing(self) -> float:
        """With the last step of a budget in minutes, count what is kept of them as spent; returns these seconds."""
        kept = self.reserve if self.fraction >= 1 and self.images < (self.config.images or math.inf) else 0.0
        self.seconds, self.reserve = self.seconds + kept, self.reserve - kept
        return kept

    def _draw(self, step: int, images: int) -> list[Slice]:
        """What this process trains on at `step`, after so many images: a function of (config, step) and its rank."""
        config = self.config
        indices = around(self.held, order(len(self.dataset) - len(self.held), config.seed, images, config.batch))
        hidden, null = None, len(self.model.config.classes)
        if self.dataset.labels is not None and null:
            coins = numpy_generator("label dropout", config.seed, step).random(config.batch)
            hidden = torch.from_numpy(coins < config.condition_dropout)
        noise = torch_generator("noise", config.seed, step)
        level, eps = self.objective.draw((config.batch, *self.dataset.shape), noise)  # of all processes
        said = self._captions(indices, numpy_generator("captions", config.seed, step))
        augmentation = draw_augmentation(config.seed, images, config.batch, config.flip, self.dataset.crop)
        conditions = self.model.config.conditions
        generator = torch_generator("conditions", config.seed, step)
        chance = draw_chance(conditions, config.batch, self.dataset.shape, config.condition_dropout, generator)
        if self.model.config.control_branch is not None:
            chance.hidden[-1] = False  # what the network answers untold is the model below, which isn't trained
        all_rows = self.dataset.batch(indices, augmentation) if config.coupling else None
        if all_rows is not None:
            eps = eps[couple(*all_rows, eps)]
        slices = []
        for rows in self._shares:
            if all_rows is None:
                x0, labels = self.dataset.batch(indices[rows], augmentation.rows(rows))
            else:
                x0, labels = all_rows[0][rows], None if all_rows[1] is None else all_rows[1][rows]
            cond = {} if labels is None or hidden is None else {"label": labels.masked_fill(hidden[rows], null)}
            if said is not None:
                cond["text"] = said[rows]
            cond |= told_of(self.dataset, conditions, x0, indices[rows], chance.rows(rows), augmentation.rows(rows))
            slices.append(Slice(x0, cond, level[rows], eps[rows]))
        return slices

    def _captions(self, indices: NDArray[np.int64], generator: np.random.Generator) -> Tensor | None:
        """The captions of samples as the network reads them, some hidden; of several for one sample, any one."""
        if self.dataset.captions is None or not self.model.reads:
            return None
        hidden, which = generator.random((2, len(indices)))
        texts = []
        for index, choice in zip(indices.tolist(), which.tolist(), strict=True):
            own = self.dataset.captions[index] or ("",)
            texts.append(own[int(choice * len(own))])
        read = self.model.tokens(texts)
        read[torch.from_numpy(hidden < self.config.condition_dropout)] = 0
        return read

    def _step(
        self, slices: list[Slice], rate: float, started: float, drawn: Future[list[Slice]]
    ) -> tuple[float, float]:
        config, processes = self.config, self.processes
        self.step += 1
        for optimizer in self.optimizers:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = rate
        self.model.denoiser.train()
        if self.coarse:
            slices = [halved(part) for part in slices]
        losses = []
        # Every process drops units of its own: with dropout layers, runs differ by the number of processes.
        with seeded("dropout", config.seed, self.step, processes.rank):
            for number, part in enumerate(slices, start=1):
                waits = number < len(slices) and not self.sharded  # whole gradients would have to be kept
                with processes.gathering(self._averaging) if waits else nullcontext():
                    losses.append(self._backward(part))
        for parameter in self._extra:
            if parameter.grad is not None:
                parameter.grad = processes.sum(parameter.grad) / processes.count
        norm = float(whole(torch.nn.utils.clip_grad_norm_(self._weights, config.clip)))
        clock = (time.perf_counter() - started) * processes.count if processes.main else 0.0
        lost = processes.count > 1 and _lost(drawn) != ""  # a lone process sees when it takes them
        told = [float(sum(losses)), clock, float(self._asked_to_stop), float(lost)]
        mean, self.seconds, stops, losing = processes.average(told)  # all that they tell each other in a step
        self._stopping, self._losing = stops > 0, losing > 0
        self.images += config.batch
        if not (math.isfinite(norm) and math.isfinite(mean)):
            self._skip()
            return mean, norm
        self._bad_in_a_row = 0
        for optimizer in self.optimizers:
            optimizer.step()
        for average, profile in zip(self._averages, self.profiles, strict=True):
            update_ema(average, self._weights, int(profile.time), profile.gamma)
        return mean, norm

    def _backward(self, part: Slice) -> Tensor:
        """Add the gradients of the loss of these rows; returns what they add to the mean loss of the batch.

        Both times the number of processes, as they will be divided by it.
        """
        cond = {name: value.to(self.device) for name, value in part.cond.items()}
        x0 = part.x0.to(self.device)
        if self.sharded and x0.ndim == 4:  # elsewhere the weights lie so, and pictures follow them
            x0 = x0.contiguous(memory_format=torch.channels_last)
        with self.processes.together(), compiling():
            with self.precise():
                losses = self.objective.loss(self._averaging, x0, cond, part.level, part.eps)
                share = len(losses) * self.processes.count / self.config.batch
                loss = losses.mean() * share
            loss.backward()
        return loss.detach()

    def _skip(self) -> None:
        """A step whose loss or gradient is not finite changes nothing; too many in a row end the run."""
        self.skipped += 1
        self._bad_in_a_row += 1
        if self._bad_in_a_row >= PATIENCE:
            raise Diverged(
                f"the loss was not a finite number for {PATIENCE} steps in a row, up to step {self.step}; train again "
                f"with a lower learning rate (now {self.config.learning_rate:g})."
            )

    def largest_weight(self) -> float:
        """The largest magnitude among the weights, infinite where one is NaN; of a sharded run, all processes ask."""
        own = [local(weight.detach()) for weight in self._weights]
        found = float(torch.stack([part.abs().max().float() for part in own if part.numel()]).max())
        found = math.inf if math.isnan(found) else found
        return max(self.processes.gathered(found)) if self.sharded else found

    def state(self) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
        """Everything a resumed run needs: tensors by file, and the counters.

        Of a sharded run, all processes call this, and the main one alone gets the tensors.
        """
        optimizer = {
            f"{self._names[weight]}/{key}": torch.as_tensor(value)
            for one in self.optimizers
            for weight, values in one.state.items()
            for key, value in values.items()
        }
        if self.objective.uncertainty is not None:
            optimizer |= {f"uncertainty.{k}": v for k, v in self.objective.uncertainty.state_dict().items()}
        nets = self._nets
        files = {
            "model.safetensors": plain_weights(nets[0]),
            "ema.safetensors": plain_weights(nets[-1]),
            "averages.safetensors": pack([plain_weights(net) for net in nets[1:-1]]),
            "optimizer.safetensors": optimizer,
        }
        if self.config.lora is not None:  # which the sums with what they adapt don't give back
            files["adapters.safetensors"] = pack([trained_weights(net) for net in nets])
        if self.sharded:
            with self.processes.together():
                files = {name: gathered(tensors, self.processes.main) for name, tensors in files.items()}
        counters = {"images": self.images, "seconds": self.seconds, "skipped": self.skipped}
        return files, counters | {"samples": len(self.dataset), "fingerprint": self.config.fingerprint}

    def restore(self, files: dict[str, dict[str, Tensor]], counters: dict[str, Any]) -> None:
        """Take up where `state()` was saved. Without "optimizer.safetensors", the optimisers start anew."""
        if self.config.lora is not None:
            saved = unpack(files["adapters.safetensors"])
        else:
            saved = [
                files["model.safetensors"], *unpack(files["averages.safetensors"]), files["ema.safetensors"]
            ]  # fmt: skip
        if len(saved) != len(self._nets):
            raise SfumatoError(
                f"the checkpoint keeps {len(saved) - 1} averages of the weights and config.json names "
                f"{len(self.averages)} ema_widths; restore the config.json that belongs to the run."
            )
        for net, tensors in zip(self._nets, saved, strict=True):
            if self.config.lora is None:
                own = net.state_dict()
                net.load_state_dict({name: part_of(value, own.get(name)) for name, value in tensors.items()})
            else:
                restore_trained(net, tensors)
        if (optimizer := files.get("optimizer.safetensors")) is not None:
            self._restore_optimizers(optimizer)
        self.step, self.images = counters["step"], counters["images"]
        self.seconds, self.skipped = counters["seconds"], counters["skipped"]

    def _restore_optimizers(self, saved: dict[str, Tensor]) -> None:
        for one in self.optimizers:
            for group in one.param_groups:
                for weight in group["params"]:
                    one.state[weight] = {
                        # Laid out (channels_last) and placed as the weight, which fused optimisers take for granted.
                        key: torch.empty_like(weight).copy_(part_of(value, weight))
                        if value.shape == weight.shape
                        else value.to(weight.device)
                        for name, value in saved.items()
                        for path, _, key in [name.partition("/")]
                        if path == self._names[weight] and key
                    }
        if self.objective.uncertainty is not None:
            own = {n.removeprefix("uncertainty."): v for n, v in saved.items() if "/" not in n}
            self.objective.uncertainty.load_state_dict(own)


def _lost(drawn: Future[list[Slice]]) -> str:
    """Why the rows could not be read; '' where they were."""
    try:
        drawn.result()
    except DataLost as error:
        return str(error)
    return ""


def _bytes(tensors: Iterable[Tensor]) -> int:
    """What tensors take in a file, with their names."""
    return sum(tensor.numel() * tensor.element_size() + 128 for tensor in tensors)
