"""What a training step costs here: measured in time and memory by a few short ones, before a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.data import Dataset
from sfumato.hub import ModelConfig, new_model
from sfumato.training.config import TrainingConfig, changed
from sfumato.training.resources import fastest_threads, using_threads
from sfumato.training.trainer import Trainer

LONG = 1.0  # seconds: of a step that takes a third of it, one of four times as many images is timed too
# What a step has in memory at its peak beside the activations that are kept for the backward pass, as a multiple of
# them: gradients of some, and the workspaces of convolutions (benchmarks/memory.py).
PEAK = 1.6


@dataclass(frozen=True)
class Rate:
    """What a step takes: `step` seconds and `image` more for each image, and so in bytes, `weights` and `activations`.

    The former seconds are those of the optimiser, the averages and of starting each operation; the former bytes those
    of the weights, their gradients and averages and the optimiser's state; the latter are for each image of a slice.
    Measured with so many `threads`, of which other programs left so much that what a processor does in a second took
    `busy` seconds.
    """

    step: float
    image: float
    weights: int
    activations: int
    threads: int
    busy: float = 1.0

    def seconds(self, batch: float, slices: int = 1) -> float:
        """How long a step of `batch` images in so many slices takes."""
        return slices * self.step + batch * self.image


def measure_rate(model: ModelConfig, dataset: Dataset, config: TrainingConfig, device: torch.device) -> Rate:
    """Time a few steps of a network with random weights: a few seconds, or two steps of one image if that is longer.

    They are steps as `config` has them, with the data themselves, uncompiled, of one image and of as many as a step of
    a second holds: of fewer, the optimiser and starting each operation would hide what an image takes.
    """

    def steps_of(batch: int) -> Trainer:
        trial = new_model(model)
        trial.denoiser.to(device)
        settings = changed(
            config,
            images=10**12,
            minutes=None,
            batch=batch,
            accumulate=1,
            compile=False,
            shard=False,
            low_resolution=0.0,
            stills=0.0,
        )
        return Trainer(trial, dataset, settings)

    one, every = steps_of(1), torch.get_num_threads()
    weights = sum(weight.numel() * weight.element_size() for weight in one.model.denoiser.parameters())
    held = [0]
    threads = 1 if device.type == "cpu" else every  # first: on a busy machine all of them may take twenty times as long
    started, used = time.perf_counter(), time.thread_time()
    with using_threads(threads):
        with _counted(held, one.model.denoiser):
            _timed(one, 1)  # the first prepares kernels, which can take ten times as long as the step
        began = time.thread_time()
        (alone,) = _timed(one, 1)
        some, images, together = one, 1, alone
        # By the processor's time, where other programs made it wait.
        if short := time.thread_time() - began < LONG:
            alone = together = min(alone, *_timed(one, 1))
        while images < config.batch and 3 * together < LONG:
            images = min(4 * images, config.batch)
            some = steps_of(images)
            together = min(_timed(some, 2))
    waited = (time.perf_counter() - started) / max(1e-9, time.thread_time() - used)
    busy = max(1.0, waited) if device.type == "cpu" else 1.0
    # A whole step with all threads could take a large part of the budget, where a small convolution already waits.
    if threads != every and fastest_threads(partial(_convolution, config)) != 1:
        threads = fastest_threads(partial(_timed, some, 1)) if short else every
    if threads != 1:
        with using_threads(threads):
            alone = min(_timed(one, 2)) if short else min(alone, *_timed(one, 1))
            together = min(_timed(some, 2)) if images > 1 else alone
    # Noise may make one image seem as slow as all: each takes half of its share at least.
    image = alone if images == 1 else max((together - alone) / (images - 1), together / images / 2)
    copies = 2 + config.optimizer.averages + (1 if config.optimizer.name == "muon" else 2)
    return Rate(max(0.0, together - images * image), image, copies * weights, int(PEAK * held[0]), threads, busy)


def _convolution(config: TrainingConfig) -> None:
    """A small convolution, there and back, in the precision of `config`."""
    dtype = torch.bfloat16 if config.machine.precision == "bf16" else torch.float32
    x = torch.ones(4, 64, 16, 16, dtype=dtype).to(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, dtype=dtype, requires_grad=True)
    F.conv2d(x, weight, padding=1).sum().backward()


def _timed(trainer: Trainer, count: int) -> list[float]:
    """The seconds that each of the next steps takes."""
    moments = [time.perf_counter(), *(time.perf_counter() for _ in islice(trainer.steps(), count))]
    return [later - before for before, later in pairwise(moments)]


@contextmanager
def _counted(found: list[int], module: nn.Module) -> Iterator[None]:
    """Add up in `found[0]` the bytes of what is kept for backward passes, but for weights and what they are cast to."""
    shapes = {weight.shape for weight in module.parameters()}
    seen: set[int] = set()

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if tensor.shape not in shapes and storage.data_ptr() not in seen:
            seen.add(storage.data_ptr())
            found[0] += storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield
