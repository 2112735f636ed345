"""What a run is to be on this machine: its network, batch, precision and looks, by what steps were measured to take."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch

from sfumato.data import KINDS, Dataset
from sfumato.errors import SfumatoError
from sfumato.hub import ModelConfig
from sfumato.nets import ConditionConfig, unet_config
from sfumato.training.budget import needed
from sfumato.training.config import TrainingConfig, changed, left_out_by, value_of
from sfumato.training.looks import SHARE, look_seconds
from sfumato.training.networks import largest_net, model_for
from sfumato.training.precision import WORTH_COMPILING, can_compile, fastest_precision, gains_by_compiling, pick_device
from sfumato.training.processes import ALONE, Processes
from sfumato.training.rates import Rate, measure_rate
from sfumato.training.recipes import with_settings
from sfumato.training.resources import free_memory

STANDARD = TrainingConfig("", images=1)
OPEN = (  # what a plan chooses
    "batch", "accumulate", "precision", "compile", "held_out", "previews", "preview_calls", "evaluated", "threads",
    "low_resolution",
)  # fmt: skip
HELD_OUT = 0.05  # share of the samples
# The images that each network has to see before its samples are better than those of the one above it, which sees more
# of them in the same time (benchmarks/network_choice.py).
ENOUGH = {"nano": 0, "tiny": 150_000, "small": 150_000, "medium": 600_000}
# Or it sees so many times as many as the one above it. From so many pixels a side that may be: a larger network is
# wider in its coarse stages, and most of the work is in the fine ones.
NEARLY, ALIKE = 0.6, 64
# Few samples are known by heart once they were seen so many times, by a larger network sooner: nano's held-out loss of
# 100 digits is lowest after 60 times, a third higher after 240.
FEW, OFTEN = 1000, 100
PROBING = 0.05  # of the minutes, after which no larger network is measured
SMALLEST = 8  # images in a batch
DEARER = 1.4
STEPS = 1000  # that a budget in minutes is to hold, if need be with smaller batches
COMPILING, SPEED_UP = 90.0, 2.0  # seconds, and how much faster steps are then at least
HALF_SIZE = 3.0  # times as fast are steps at half the height and width, where starting operations isn't all they take
# Of pictures that large, and of a budget that doesn't hold the images they take, this share is trained at half size:
# 64×64 pixels for two minutes, Fréchet ratios of 15 and 17 instead of 20 (benchmarks/network_choice.py).
LARGE, HALVED = 64, 0.5
MEMORY = 0.7  # of what is free, that training may take
BASE = 2**28  # bytes that PyTorch takes besides
# Fewer and smaller looks, for short budgets: previews, calls of each, samples of each kind that are evaluated.
LOOKS = ((12, 20, 64), (8, 10, 64), (6, 10, 32), (4, 10, 16), (2, 5, 8), (1, 5, 8), (1, 5, 0), (0, 5, 0))


@dataclass(frozen=True)
class Plan:
    """A run as this machine can do it: what start_run takes, and what to expect.

    `rate` was measured for the network of `model`, in `seconds`, which count among those of the budget, and `steps`
    are about as many as that holds. Nothing is measured for points.
    """

    config: TrainingConfig
    model: ModelConfig
    rate: Rate | None
    seconds: float
    steps: int

    @property
    def images(self) -> int:
        """About how many images are seen, the same ones again and again included."""
        return self.steps * self.config.batch

    @property
    def enough(self) -> bool:
        """Whether that is enough for pictures of this size to show what was learnt."""
        return not KINDS[self.model.kind].spatial or self.images >= needed(max(self.model.shape[-2:]))

    @property
    def enough_at(self) -> int | None:
        """The longer side, halved as often as it takes, at which the same time would be enough; None from 8 pixels."""
        side, images = max(self.model.shape[-2:]), self.images
        while images < needed(side):
            side, images = side // 2, 4 * images
        return side if side > 8 else None


def plan_run(
    dataset: Dataset,
    config: TrainingConfig,
    net: str = "auto",
    *,
    fixed: Collection[str] = (),
    largest_batch: int | None = None,
    model: ModelConfig | None = None,
    settings: Mapping[str, Any] | None = None,
    text_encoder: str | None = None,
    conditions: Sequence[ConditionConfig] = (),
    processes: Processes = ALONE,
) -> Plan:
    """What `config` leaves open, chosen for `dataset` by what a few steps were measured to take.

    Open are a `net` of "auto" and these fields of the config where they have their default and aren't named in `fixed`:
    batch (up to `largest_batch`), accumulate, precision, compile, held_out, previews, preview_calls, evaluated, threads
    and low_resolution. For a budget in images the network and the batch go by the size of the pictures alone. A `model`
    that is given stays; `settings` are those of the model that are to be so (see with_settings), the other arguments
    those of model_for. Raises SfumatoError where memory doesn't hold a step of one image.
    """
    started = time.perf_counter()
    device = processes.device or pick_device()
    open_ones = {name for name in OPEN if name not in fixed and value_of(config, name) == value_of(STANDARD, name)}
    if "precision" in open_ones:
        config = changed(config, precision=fastest_precision(device))
    if "held_out" in open_ones:
        config = changed(config, held_out=HELD_OUT)
    if "batch" in open_ones:
        config = changed(config, batch=max(processes.count, largest_batch or default_batch(dataset)))
    names, built = [net], model
    if model is None:
        if net == "auto" and KINDS[dataset.kind].spatial and config.minutes is not None:
            names = [*ENOUGH][: [*ENOUGH].index(largest_net(dataset.shape)) + 1]
        model = model_for(dataset, names[0], text_encoder=text_encoder, conditions=conditions)
    model = with_settings(model, settings or {})
    plan = _fit(dataset, config, model, open_ones, processes, device)
    for name in names[1:]:
        if len(dataset) < FEW and plan.images > OFTEN * len(dataset):
            break
        fewer = plan.images < ENOUGH[name]  # and a larger one would see fewer yet
        late = time.perf_counter() - started > PROBING * 60 * (config.minutes or math.inf)
        if fewer and (late or max(dataset.shape[-2:]) < ALIKE):
            break
        larger = _fit(
            dataset, config, with_settings(_resized(model, name), settings or {}), open_ones, processes, device
        )
        seen = larger.images >= min(ENOUGH[name], NEARLY * plan.images)
        if not seen or larger.config.machine.accumulate > plan.config.machine.accumulate:
            break
        plan = larger
    if "low_resolution" in open_ones and built is None and plan.rate is not None and _gains_by_half_size(plan):
        halved = changed(plan.config, low_resolution=HALVED)
        if "compile" in open_ones and halved.machine.compile:  # which is done once more for the other size
            halved = changed(halved, compile=worth_compiling(halved, plan.rate, device.type, processes.count))
        plan = replace(plan, config=halved, steps=expected_steps(halved, plan.rate, processes.count))
    return processes.same(replace(plan, seconds=time.perf_counter() - started))


def plan_more(
    dataset: Dataset, config: TrainingConfig, model: ModelConfig, processes: Processes = ALONE
) -> TrainingConfig:
    """The `config` of a run that is taken up again, with threads and previews for what is left of its minutes.

    With a budget in images it is to end with the same bits, and nothing is changed.
    """
    if config.minutes is None or not KINDS[dataset.kind].spatial:
        return config
    device = processes.device or pick_device()
    whole = changed(config, threads=0, previews=STANDARD.keeping.previews, preview_calls=STANDARD.keeping.preview_calls)
    rate = measure_rate(model, dataset, whole, device)
    fitted = fit_looks(whole, model, len(left_out_by(config, dataset)), rate.image)
    threads = rate.threads if device.type == "cpu" and rate.threads != torch.get_num_threads() else 0
    # As many samples as before: evaluations are compared with each other.
    return processes.same(changed(fitted, threads=threads, evaluated=config.keeping.evaluated))


def _fit(
    dataset: Dataset,
    config: TrainingConfig,
    model: ModelConfig,
    open_ones: set[str],
    processes: Processes,
    device: torch.device,
) -> Plan:
    """The plan for one network."""
    if not KINDS[dataset.kind].spatial:  # points take no time to speak of, and there is one network for them
        return Plan(config, model, None, 0.0, 0)
    rate = measure_rate(model, dataset, config, device)
    if device.type == "cpu" and "threads" in open_ones and rate.threads != torch.get_num_threads():
        config = changed(config, threads=rate.threads)
    if "batch" in open_ones and config.minutes is not None:
        config = changed(config, batch=fit_batch(config, rate, processes.count))
    if "accumulate" in open_ones:
        config = changed(config, accumulate=fit_memory(config, model, rate, free_bytes(device), processes.count))
    if "compile" in open_ones and can_compile(device):
        config = changed(config, compile=worth_compiling(config, rate, device.type, processes.count))
    if config.minutes is not None and not open_ones.isdisjoint(("previews", "preview_calls", "evaluated")):
        held = len(left_out_by(config, dataset))
        config = fit_looks(config, model, held, rate.image / (SPEED_UP if config.machine.compile else 1))
    return Plan(config, model, rate, 0.0, expected_steps(config, rate, processes.count))


def _gains_by_half_size(plan: Plan) -> bool:
    """Whether a first phase at half size leads further: of large pictures, in minutes that are too few for them."""
    side = min(plan.model.shape[-2:])
    if plan.config.minutes is None or plan.model.kind != "pictures" or side < LARGE or plan.enough:
        return False
    with suppress(SfumatoError):  # which a network raises that can't be halved so often
        plan.model.net.check(*(length // 2 for length in plan.model.shape[-2:]))
        return True
    return False


def _resized(model: ModelConfig, size: str) -> ModelConfig:
    net = unet_config(size, model.shape, len(model.classes), model.net.text, model.conditions)
    return replace(model, net=net)


def default_batch(dataset: Dataset) -> int:
    """128 up to 32×32 pixels; above, and of clips, fewer, so that a short budget still holds hundreds of steps."""
    least = SMALLEST if KINDS[dataset.kind].moving else 16
    return max(least, min(128, 128 * 32 * 32 // KINDS[dataset.kind].places(dataset.shape)))


def expected_steps(config: TrainingConfig, rate: Rate, processes: int = 1) -> int:
    """About how many steps the budget holds, one at least."""
    by_images = math.inf if config.images is None else math.ceil(config.images / config.batch)
    if config.minutes is None:
        return int(by_images)
    seconds = 60 * config.minutes * (1 - SHARE)
    each = rate.seconds(config.batch / processes, config.machine.accumulate)
    each /= 1 + (HALF_SIZE - 1) * config.data.low_resolution
    if config.machine.compile:
        seconds, each = seconds - compiling_seconds(config, rate), each / SPEED_UP
    return max(1, int(min(by_images, seconds / each)))


def fit_batch(config: TrainingConfig, rate: Rate, processes: int = 1) -> int:
    """The largest batch with which the budget holds STEPS steps, from SMALLEST to the config's.

    It is made no smaller where an image would take DEARER times as long in half of it: steps of small pictures cost
    nearly the same whatever their number.
    """

    def image(batch: int) -> float:
        return rate.seconds(batch / processes) / batch

    batch = config.batch
    while batch // 2 >= max(SMALLEST, processes) and image(batch // 2) < DEARER * image(batch):
        if expected_steps(changed(config, batch=batch), rate, processes) >= STEPS:
            break
        batch //= 2
    return batch


def free_bytes(device: torch.device) -> int:
    """Bytes of memory that a process may take for training: of those that several on one machine share, its part."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info()[0]
    return free_memory() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def fit_memory(config: TrainingConfig, model: ModelConfig, rate: Rate, free: int, processes: int = 1) -> int:
    """In how many slices a batch fits `free` bytes. Raises SfumatoError where an image alone doesn't."""
    rows = math.ceil(config.batch / processes)
    for slices in range(1, rows + 1):
        need = BASE + rate.weights + math.ceil(rows / slices) * rate.activations
        if need <= MEMORY * free:
            return slices
    side = "×".join(map(str, model.shape[-2:]))
    raise SfumatoError(
        f"training this network on pictures of {side} pixels takes {need / 2**30:.1f} GiB of memory for one picture at "
        f"a time, and {free / 2**30:.1f} GiB are free; train a smaller network, or at a smaller size."
    )


def compiling_seconds(config: TrainingConfig, rate: Rate) -> float:
    """How long compilation takes: once for each size of pictures, and longer beside other programs."""
    return COMPILING * rate.busy * (2 if config.data.low_resolution else 1)


def worth_compiling(config: TrainingConfig, rate: Rate, device: str, processes: int = 1) -> bool:
    """Whether the minutes that compiled steps save are more than what compilation takes."""
    if config.machine.shard or not gains_by_compiling(device, config.machine.precision):
        return False
    seconds = math.inf if config.minutes is None else 60 * config.minutes
    if config.images is not None:
        each = rate.seconds(config.batch / processes, config.machine.accumulate)
        seconds = min(seconds, each * config.images / config.batch)
    return seconds > WORTH_COMPILING / COMPILING * compiling_seconds(config, rate)


def fit_looks(config: TrainingConfig, model: ModelConfig, held: int, image: float) -> TrainingConfig:
    """`config` with previews and evaluations that take at most SHARE of its minutes, at `image` seconds an image."""
    for previews, calls, evaluated in LOOKS:
        fewer = changed(
            config,
            previews=min(previews, config.keeping.previews),
            preview_calls=min(calls, config.keeping.preview_calls),
            evaluated=min(evaluated, config.keeping.evaluated),
        )
        if max(1, previews) * look_seconds(fewer, model, held, image) <= SHARE * 60 * (config.minutes or math.inf):
            break
    return fewer
