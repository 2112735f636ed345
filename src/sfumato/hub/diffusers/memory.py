"""How a pipeline is held in memory: its networks in fewer bits, on the accelerator in turn, its pictures in tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sfumato.arguments import one_of
from sfumato.errors import SfumatoError
from sfumato.hub.codec import Codec
from sfumato.hub.diffusers.texts import PipelineText
from sfumato.hub.model import Model
from sfumato.nets.kl import KLAutoencoder

PRECISIONS: dict[str, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Memory:
    """How a pipeline of diffusers is held.

    The network that generates and those that read are held and computed in `precision`; the autoencoder stays in
    float32, since some overflow in float16. With `offload`, each part is on the accelerator only while it is asked; on
    a CPU there is nothing to be gained, and nothing is done. With `tiled`, large pictures are decoded in tiles whose
    seams are blended, which isn't exact (see `enable_tiling` of diffusers).
    """

    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    offload: bool = False
    tiled: bool = False

    def __post_init__(self) -> None:
        one_of("precision", self.precision, PRECISIONS)

    def hold(self, model: Model, device: torch.device) -> None:
        """Have `model`, which is on the CPU, held so, to be asked on `device`."""
        dtype = PRECISIONS[self.precision]
        for net in (model.denoiser.net.model, model.denoiser.net.control_branch):  # and not the table of timesteps
            if isinstance(net, nn.Module) and self.precision != "fp32":
                nn.Module.to(net, dtype)  # diffusers' own warns of what it has no reason to
        if isinstance(model.encoder, PipelineText):
            for part in model.encoder.parts:
                part.dtype = dtype
        if self.tiled:
            _tile(model)
        if self.offload and device.type != "cpu":
            offload(model, device)
            return
        model.denoiser.to(device)
        if model.codec is not None:
            model.codec.to(device)
        if isinstance(model.encoder, PipelineText):
            model.encoder.to(device)

    def words(self, model: Model, device: torch.device) -> str | None:
        """What that comes to, in a sentence; None where all is as usual."""
        size, parts = model.parameter_count * PRECISIONS[self.precision].itemsize / 1e9, []
        if self.precision != "fp32":
            parts.append(f"its network takes {size:.2f} GB in {self.precision}, {_gigabytes(model)} in fp32")
        if self.offload:
            parts.append(
                "there is no accelerator, so that nothing is offloaded"
                if device.type == "cpu"
                else f"each part is on {device.type} only while it is asked, which takes longer"
            )
        if self.tiled:
            parts.append("pictures are decoded in tiles")
        return f"{model.source}: {'; '.join(parts)}." if parts else None


PLAIN = Memory()


def _gigabytes(model: Model) -> str:
    return f"{model.parameter_count * 4 / 1e9:.2f} GB"


def _tile(model: Model) -> None:
    net: Any = model.codec.net if model.codec is not None else None
    if not isinstance(net, KLAutoencoder) or not hasattr(net.model, "enable_tiling"):
        raise SfumatoError(f"{model.source} has no autoencoder that decodes in tiles; leave `tiled` out.")
    net.model.enable_tiling()  # type: ignore[operator]


def offload(model: Model, device: torch.device) -> None:
    """Have each part of `model` on `device` only while it is asked; what it is asked, and answers, stays on the CPU."""
    net = model.denoiser.net

    def enter(_: nn.Module, args: Any, given: dict[str, Any]) -> Any:
        net.to(device)
        return tuple(_moved(one, device) for one in args), {name: _moved(one, device) for name, one in given.items()}

    def leave(_: nn.Module, __: Any, answer: Tensor) -> Tensor:
        net.to("cpu")
        return answer.cpu()

    net.register_forward_pre_hook(enter, with_kwargs=True)
    net.register_forward_hook(leave)
    if model.codec is not None:
        _in_turn(model.codec, device)
    if isinstance(model.encoder, PipelineText):
        for part in model.encoder.parts:
            part.elsewhere = device


def _in_turn(codec: Codec, device: torch.device) -> None:
    net = codec.net

    def asked(ask: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def there(x: Tensor, **more: Any) -> Tensor:
            net.to(device)
            answer = ask(x.to(device), **more).cpu()
            net.to("cpu")
            return answer

        return there

    net.encode, net.decode = asked(net.encode), asked(net.decode)  # type: ignore[method-assign]


def _moved(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, Tensor) else value
