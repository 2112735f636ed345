"""The samplers of other libraries, loaded for comparison without what they need for everything else."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor


@contextmanager
def standing_in(**modules: ModuleType) -> Iterator[None]:
    """While it lasts, `import name` finds these modules (write a dot as two underscores)."""
    named = {name.replace("__", "."): module for name, module in modules.items()}
    before = {name: sys.modules.get(name) for name in named}
    sys.modules.update(named)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def module(name: str, **names: Any) -> ModuleType:
    """A module that holds `names` and nothing else."""
    made = ModuleType(name)
    vars(made).update(names)
    return made


def k_diffusion_sampling() -> Any:
    """k_diffusion/sampling.py alone: the package imports torchvision, wandb and more, which its solvers never use."""
    spec = importlib.util.find_spec("k_diffusion")
    if spec is None:
        raise ModuleNotFoundError("k_diffusion is missing: pip install --no-deps k-diffusion==0.1.1.post1")

    def append_dims(x: Tensor, ndim: int) -> Tensor:
        return x[(...,) + (None,) * (ndim - x.ndim)]

    utils = module("k_diffusion.utils", append_dims=append_dims)
    package = module("k_diffusion", __path__=list(spec.submodule_search_locations or ()), utils=utils)
    with standing_in(
        k_diffusion=package,
        k_diffusion__utils=utils,
        torchdiffeq=module("torchdiffeq", odeint=None),
        torchsde=module("torchsde"),
    ):
        try:
            return importlib.import_module("k_diffusion.sampling")
        finally:
            sys.modules.pop("k_diffusion.sampling", None)


def scheduler_class(name: str) -> Any:
    """A scheduler of diffusers by its module's name, such as "ddim" or "dpmsolver_sde"."""
    importlib.import_module("diffusers.schedulers")  # looks for what is really installed
    with standing_in(torchsde=module("torchsde")):
        home = importlib.import_module(f"diffusers.schedulers.scheduling_{name}")
    (found,) = (
        value
        for key, value in vars(home).items()
        if key.endswith("Scheduler") and getattr(value, "__module__", "") == home.__name__
    )
    return found


class Doubled:
    """A library that answers float64 when asked for float32: lets code that insists on single precision run double."""

    def __init__(self, library: ModuleType) -> None:
        self._library = library

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, "float64" if name == "float32" else name)


def in_double(home: ModuleType) -> dict[str, Doubled]:
    """What to put in place of torch and NumPy in the module `home` so that it computes in float64 throughout."""
    return {name: Doubled(library) for name, library in (("torch", torch), ("np", np)) if hasattr(home, name)}
