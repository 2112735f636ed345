"""Weights that several processes hold together, for what doesn't fit one of them: PyTorch's FSDP2.

Each keeps its rows of every weight, and with them of the gradients, of what the optimisers remember and of the
averages. A block's weights are put together where it is computed, by all processes at the same moment, and dropped
again; gradients are averaged as they are taken apart. What is saved is whole, and knows nothing of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter

import torch
from torch import Tensor, nn

from sfumato.nets.protocol import parts_of
from sfumato.training.precision import Precision
from sfumato.training.processes import Processes


def shard(net: nn.Module, processes: Processes, precision: Precision = "fp32") -> None:
    """Leave each of the `processes` its rows of the weights of `net`, in place and on its device; all call this.

    Rows are in float32. In bf16, which is for training under autocast, blocks are put together in that: autocast would
    keep such copies of whole weights from the forward pass to the backward one.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    assert processes.device is not None
    mesh = init_device_mesh(processes.device.type, (processes.count,))
    half = torch.bfloat16 if precision == "bf16" else None
    policy = MixedPrecisionPolicy(param_dtype=half, reduce_dtype=torch.float32, cast_forward_inputs=False)
    net.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # all that FSDP2 takes
    with processes.collective():
        for block in parts_of(net).blocks:
            fully_shard(block, mesh=mesh, mp_policy=policy)
        # Kept whole after a forward pass without a backward one, the weights of an average would not be seen to move.
        fully_shard(net, mesh=mesh, reshard_after_forward=True)


def whole(tensor: Tensor) -> Tensor:
    """`tensor` as it is without sharding; of a sharded one, all processes call this."""
    full: Tensor = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return full


def local(tensor: Tensor) -> Tensor:
    """What this process has of `tensor`: all of it without sharding."""
    part: Tensor = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    return part


def gathered(tensors: Mapping[str, Tensor], keep: bool) -> dict[str, Tensor]:
    """The whole `tensors`, on the CPU, one after another, where they are to be kept; {} elsewhere. All call this."""
    found = {}
    for name, tensor in sorted(
        tensors.items(), key=itemgetter(0)
    ):  # in one order in all processes, whatever files they were read from
        full = whole(tensor)
        if keep:
            found[name] = full.cpu()
    return found


def part_of(full: Tensor, like: Tensor | None) -> Tensor:
    """What this process holds of a whole tensor that is sharded as `like` is; the tensor itself where that isn't."""
    if like is None or not hasattr(like, "device_mesh"):
        return full
    from torch.distributed.tensor import DTensor, Replicate

    assert isinstance(like, DTensor)
    known = DTensor.from_local(full.to(like.device), like.device_mesh, [Replicate()], run_check=False)
    return known.redistribute(placements=like.placements)
