"""Weights from a file into the network that its config describes: only where they fit it, and are numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from sfumato.errors import SfumatoError
from sfumato.hub.checkpoints import check_finite
from sfumato.hub.config import ModelConfig
from sfumato.hub.model import Model, new_model
from sfumato.nets import build


def model_with(config: ModelConfig, tensors: Mapping[str, Tensor], where: str) -> Model:
    """The model of `config` with the weights `tensors`, read from `where`; nothing of its size is made before they fit.

    Raises SfumatoError where they are of another network, or not finite.
    """
    with torch.device("meta"), Uninitialised():
        expected = {name: value.shape for name, value in build(config.net).state_dict().items()}
    given = {name: value.shape for name, value in tensors.items()}
    if given != expected:
        odd = next(name for name in [*expected, *given] if given.get(name) != expected.get(name))
        raise SfumatoError(
            f"the weights in {where} don't fit the network in config.json: {odd} is {_words(given.get(odd))} there and "
            f"{_words(expected.get(odd))} in the network; restore the config they came with."
        )
    check_finite(tensors, where)
    model = new_model(config)
    model.denoiser.net.load_state_dict({name: value.float() for name, value in tensors.items()})
    return model


class Uninitialised(TorchFunctionMode):
    """Leaves new weights as they are: to draw them on the meta device, PyTorch imports its compiler."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def _words(shape: torch.Size | None) -> str:
    return "missing" if shape is None else " × ".join(map(str, shape)) or "one number"
