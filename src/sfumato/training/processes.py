"""Several processes that train one model, started by torchrun, accelerate or Slurm; a lone one pays nothing.

Every process draws the same random numbers, those of the whole batch; it trains on its share of the rows, and gradients
are averaged. So a run is the same, to rounding, for any number of them. Each holds the whole model, unless they were
asked to share it out (see sharding.py).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.training.precision import pick_device

Value = TypeVar("Value")
PROCESS_TIMEOUT = timedelta(hours=6)  # for another process: decoding a large archive for the first time takes hours


@dataclass(frozen=True)
class Processes:
    """How many `count` train together, and which of them this one is: `rank` 0 is the main one, which writes and tells.

    Whatever the others must hear of (`average`, `same`, `sum`, `first`) is called by all of them, in the same order.
    """

    count: int = 1
    rank: int = 0
    accelerator: Any = None  # accelerate's, where there are several

    @property
    def main(self) -> bool:
        """Whether this process writes files and talks to the user."""
        return self.rank == 0

    @property
    def device(self) -> torch.device | None:
        """Where this process computes; None leaves the choice to `pick_device`."""
        return None if self.accelerator is None else self.accelerator.device

    def share(self, batch: int, slices: int = 1) -> list[slice]:
        """The rows of a batch that this process trains on, in `slices` parts, equal to within one row."""
        parts = self.count * slices
        if batch < parts:
            raise SfumatoError(
                f"a batch of {batch} can't be shared by {self.count} processes in {slices} slices each; "
                f"give a `batch` of {parts} or more."
                if slices > 1
                else f"a batch of {batch} can't be shared by {self.count} processes; give a `batch` of {parts} or more."
            )
        bounds = [batch * part // parts for part in range(parts + 1)][self.rank * slices :]
        return [slice(bounds[i], bounds[i + 1]) for i in range(slices)]

    def shards(self, asked: bool) -> bool:
        """Whether each is to hold a part of the weights alone, as was `asked`: one has none to share them with."""
        return asked and self.count > 1

    def averaging(self, module: nn.Module) -> nn.Module:
        """`module`, called through this, has its gradients averaged over all processes as they are computed."""
        if self.accelerator is None:
            return module
        with self.collective(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PyTorch 2.13 renames one of accelerate's arguments
            averaging: nn.Module = self.accelerator.prepare_model(module)
            return averaging

    @contextmanager
    def gathering(self, module: nn.Module) -> Iterator[None]:
        """While the block is open, gradients of an averaging `module` only add up, to be averaged by a later call."""
        if self.accelerator is None:
            yield
        else:
            with self.accelerator.no_sync(module):
                yield

    def average(self, values: Sequence[float]) -> list[float]:
        """The mean of each number over all processes."""
        if self.accelerator is None:
            return list(values)
        return (self.sum(torch.tensor(values, dtype=torch.float64)) / self.count).tolist()

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum of the processes' tensors, which have the same shape; on the CPU, or where `tensor` was."""
        if self.accelerator is None:
            return tensor
        with self.collective():
            total: Tensor = self.accelerator.reduce(tensor.to(self.accelerator.device), "sum")
        return total.to(tensor.device)

    def same(self, value: Value) -> Value:
        """The main process's `value`, which may be anything that can be pickled."""
        if self.accelerator is None:
            return value
        values = [value]
        with self.collective():
            torch.distributed.broadcast_object_list(values, src=0, device=self.accelerator.device)
        return values[0]

    def gathered(self, value: Value) -> list[Value]:
        """The `value` of each process, in the order of their ranks; any that can be pickled."""
        if self.accelerator is None:
            return [value]
        values: list[Value] = [value] * self.count
        with self.collective():
            torch.distributed.all_gather_object(values, value)
        return values

    @contextmanager
    def first(self) -> Iterator[bool]:
        """The first process of each machine goes through the block before the others; tells whether this is the first.

        What it leaves on the disk, such as the cache of decoded pictures, the others find.
        """
        if self.accelerator is None:
            yield True
            return
        if self.accelerator.is_local_main_process:
            yield True
        with self.collective():
            self.accelerator.wait_for_everyone()
        if not self.accelerator.is_local_main_process:
            yield False

    def leave(self) -> None:
        """Wait for the others to come to their end, and part: one that ended early would have the others killed."""
        if self.accelerator is not None:
            with suppress(SfumatoError), self.collective():  # one that has left already is no loss now
                self.accelerator.wait_for_everyone()
                self.accelerator.end_training()

    @contextmanager
    def collective(self) -> Iterator[None]:
        """Around work that needs all processes: where one has ended, the others end too, with a sentence."""
        try:
            yield
        except RuntimeError as error:
            if self.accelerator is None:
                raise
            if not isinstance(error, torch.distributed.DistError) and "gloo" not in str(error).lower():
                raise
            raise SfumatoError(
                "another process of this run has ended, so this one does too; see what it said, "
                "and go on from the last checkpoint by `resume`."
            ) from error


ALONE = Processes()
"""One process by itself, for which all that processes do together is nothing."""


def join_processes() -> Processes:
    """The processes that a launcher (torchrun, accelerate launch, srun) started together with this one, or ALONE.

    Raises SfumatoError where accelerate is missing, or was asked itself to cut the model into pieces.
    """
    return ALONE if int(os.environ.get("WORLD_SIZE", "1")) == 1 else _joined()


@cache
def _joined() -> Processes:
    try:
        from accelerate import Accelerator, DistributedDataParallelKwargs, InitProcessGroupKwargs
    except ImportError as error:
        raise SfumatoError(
            "training in several processes needs accelerate; install it with: pip install 'sfumato[processes]'."
        ) from error
    # The networks' buffers are constants.
    copies = DistributedDataParallelKwargs(broadcast_buffers=False, gradient_as_bucket_view=True)
    accelerator = Accelerator(
        cpu=pick_device().type != "cuda",
        mixed_precision="no",  # Trainer chooses it
        kwargs_handlers=[copies, InitProcessGroupKwargs(timeout=PROCESS_TIMEOUT)],
    )
    kind = accelerator.distributed_type.value
    if not kind.startswith("MULTI_"):
        raise SfumatoError(f"launch without {kind.replace('_', ' ')}; `shard` has the processes share the weights out.")
    return Processes(accelerator.num_processes, accelerator.process_index, accelerator)
