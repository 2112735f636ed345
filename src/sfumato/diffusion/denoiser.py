"""The denoiser: noisy picture and its level → best guess of the clean one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

from sfumato.diffusion.levels import Level, combine, rows_on
from sfumato.diffusion.parameterizations import Parameterization, noise_number

Condition = Mapping[str, Tensor]
"""What a network is conditioned on, by name, with a row a sample: `{"label": tensor}`."""


class Denoiser(Protocol):
    """`denoiser(x, level, cond) → x0_hat`, the estimate of E[x0 | x], in the shape of `x`."""

    def __call__(self, x: Tensor, level: Level, cond: Condition | None = None, /) -> Tensor: ...


class NetDenoiser(nn.Module):
    """A network as a denoiser: `x0_hat = c_skip·x + c_out·net(c_in·x, c_noise, **cond)`.

    `x` is `(batch, ...)` at `level` of shape `()` or `(batch,)`, or of clips `(batch, frames)`; returns `x0_hat` like
    `x`. The network runs in the dtype of its weights, or in bfloat16 under autocast; the combination is done in the
    dtype of `x`.
    """

    def __init__(self, net: nn.Module, parameterization: Parameterization) -> None:
        super().__init__()
        self.net = net
        self.parameterization = parameterization

    def forward(self, x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        scale, skip, out = self.parameterization.in_skip_out(level)
        if level.shape:
            scale, skip, out, noise = rows_on(x, scale, skip, out, noise_number(level))
            entering, noise = x * scale, noise.reshape(level.shape)
        else:
            unscaled = abs(scale - 1) < 1e-14  # where data and path have unit variance
            entering = x if unscaled else x * scale
            noise = x.new_full(x.shape[:1], noise_number(level))
        given = cond or {}
        weight = next(self.net.parameters(), None)
        if weight is not None and weight.dtype != x.dtype and not _casts(x.device.type, weight.dtype):
            entering = entering.to(weight.dtype)
            if not getattr(self.net, "exact_noise", False):
                noise = noise.to(weight.dtype)
            given = {
                name: value.to(weight.dtype) if value.is_floating_point() else value for name, value in given.items()
            }
        answer: Tensor = self.net(entering, noise, **given)
        if level.shape:
            return torch.addcmul(x * skip, answer.to(x.dtype), out)
        return combine([(skip, x), (out, answer.to(x.dtype))])


def _casts(device: str, dtype: torch.dtype) -> bool:
    """Whether autocast is on for weights of `dtype`; it leaves float64 as it is, and knows no meta device."""
    return dtype != torch.float64 and torch.is_autocast_enabled(device)
