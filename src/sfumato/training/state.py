"""What a checkpoint holds of a training loop: its networks, what its optimisers remember, and its counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.training.ema import pack, unpack
from sfumato.training.loop import Loop
from sfumato.training.lora import plain_weights, restore_trained, trained_weights
from sfumato.training.sharding import gathered, part_of

Files = dict[str, dict[str, Tensor]]
RAW, EMA, AVERAGES, OPTIMIZER = FILES = (
    "model.safetensors", "ema.safetensors", "averages.safetensors", "optimizer.safetensors"
)  # fmt: skip
ADAPTERS = "adapters.safetensors"  # in the checkpoints of a run that trains nothing else
GENERATOR = "generator"
EXTRA = "uncertainty"  # as the weights of the objective are called there


def loop_state(loop: Loop) -> tuple[Files, dict[str, Any]]:
    """Everything a resumed `loop` needs: tensors by file, and the counters.

    Of a sharded run, all processes call this, and the main one alone gets the tensors.
    """
    names = _names(loop)
    optimizer = {
        f"{names[weight]}/{key}": torch.as_tensor(value)
        for one in _optimizers(loop)
        for weight, values in one.state.items()
        for key, value in values.items()
    }
    if loop.extra is not None:
        optimizer |= {f"{EXTRA}.{k}": v for k, v in loop.extra.state_dict().items()}
    if loop.dropout is None:  # it goes on with PyTorch's own generator
        optimizer[GENERATOR] = torch.get_rng_state()
    nets, weights = _nets(loop), trained_weights if loop.adapters_alone else plain_weights
    files = {
        RAW: weights(nets[0]),
        EMA: weights(nets[-1]),
        AVERAGES: pack([weights(net) for net in nets[1:-1]]),
        OPTIMIZER: optimizer,
    }
    if _adapted(nets[0]) and not loop.adapters_alone:  # which the sums with what they adapt don't give back
        files[ADAPTERS] = pack([trained_weights(net) for net in nets])
    if loop.sharded:
        with loop.processes.collective():
            files = {name: gathered(tensors, loop.processes.main) for name, tensors in files.items()}
    return files, {"step": loop.step, "images": loop.images, "seconds": loop.seconds, "skipped": loop.skipped}


def restore_loop(loop: Loop, files: Mapping[str, dict[str, Tensor]], counters: Mapping[str, Any]) -> None:
    """Take up where `loop_state` was saved. Without "optimizer.safetensors", the optimisers start anew."""
    nets = _nets(loop)
    adapted = _adapted(nets[0])
    beside = adapted and not loop.adapters_alone
    saved = unpack(files[ADAPTERS]) if beside else [files[RAW], *unpack(files[AVERAGES]), files[EMA]]
    if len(nets) == 1:
        saved = saved[:1]
    if len(saved) != len(nets):
        raise SfumatoError(
            f"the checkpoint keeps {len(saved) - 1} averages of the weights and config.json names "
            f"{len(nets) - 1} of them; restore the config.json that belongs to the run."
        )
    for net, tensors in zip(nets, saved, strict=True):
        if adapted:
            restore_trained(net, tensors)
        else:
            own = net.state_dict()
            net.load_state_dict({name: part_of(value, own.get(name)) for name, value in tensors.items()})
    if (optimizer := files.get(OPTIMIZER)) is not None:
        _restore_optimizers(loop, optimizer)
        if GENERATOR in optimizer:
            torch.set_rng_state(optimizer[GENERATOR])
    loop.step, loop.images = counters["step"], counters["images"]
    loop.seconds, loop.skipped = counters["seconds"], counters["skipped"]


def state_bytes(loop: Loop) -> int:
    """About what a checkpoint takes on the disk, before the first step as well."""
    nets = _nets(loop)
    own = trained_weights(nets[0]) if loop.adapters_alone else nets[0].state_dict()
    size = len(nets) * _bytes(own.values())
    for one in _optimizers(loop):
        weights = [weight for group in one.param_groups for weight in group["params"] if weight.requires_grad]
        size += _bytes(weights) * (2 if isinstance(one, torch.optim.AdamW) else 1)
    if _adapted(nets[0]) and not loop.adapters_alone:
        size += len(nets) * _bytes(trained_weights(nets[0]).values())
    return size


def snapshot_bytes(loop: Loop) -> int:
    """About what a snapshot of the averages takes on the disk, in float16."""
    return len(loop.averaged) * _bytes(loop.net.state_dict().values()) // 2


def _restore_optimizers(loop: Loop, saved: Mapping[str, Tensor]) -> None:
    names = _names(loop)
    for one in _optimizers(loop):
        for group in one.param_groups:
            for weight in group["params"]:
                one.state[weight] = {
                    # Laid out (channels_last) and placed as the weight, which fused optimisers take for granted.
                    key: torch.empty_like(weight).copy_(part_of(value, weight))
                    if value.shape == weight.shape and value.is_floating_point()  # in 8 bits, it is another's
                    else value.to(weight.device)
                    for name, value in saved.items()
                    for path, _, key in [name.partition("/")]
                    if path == names[weight] and key
                }
    if loop.extra is not None:
        own = {
            name.removeprefix(f"{EXTRA}."): value
            for name, value in saved.items()
            if name != GENERATOR and "/" not in name
        }
        loop.extra.load_state_dict({name.removeprefix(f"{EXTRA}."): value for name, value in own.items()})


def _nets(loop: Loop) -> list[nn.Module]:
    """The network that is trained, and its averages."""
    return [loop.net, *loop.averaged]


def _optimizers(loop: Loop) -> list[torch.optim.Optimizer]:
    return [one for turn in loop.turns for one in turn.optimizers]


def _adapted(net: nn.Module) -> bool:
    """Whether adapters are all that is trained of `net`."""
    return hasattr(net, "peft_config")


def _names(loop: Loop) -> dict[Tensor, str]:
    extra = [] if loop.extra is None else loop.extra.named_parameters(prefix=EXTRA)
    return {weight: name for name, weight in [*loop.net.named_parameters(), *extra]}


def _bytes(tensors: Iterable[Tensor]) -> int:
    """What tensors take in a file, with their names."""
    return sum(tensor.numel() * tensor.element_size() + 128 for tensor in tensors)
