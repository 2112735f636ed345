"""The optimisers: AdamW for everything, or Muon for the matrices and AdamW for the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.nets.protocol import matrix_weights
from sfumato.training.sharding import part_of, whole

OptimizerName = Literal["adamw", "muon", "adamw-8bit"]
OPTIMIZERS: dict[OptimizerName, float] = {
    "muon": 6e-3,
    "adamw": 1e-3,
    "adamw-8bit": 1e-3,
}  # and the learning rate that suits each
BETAS, MOMENTUM = (0.9, 0.99), 0.95
NEWTON_SCHULZ = 3.4445, -4.7750, 2.0315  # a, b, c of a·X + b·(XXᵀ)X + c·(XXᵀ)²X (Jordan et al. 2024)


for _method in vars(torch.optim.Optimizer).values():
    # Each would load PyTorch's compiler when it is first called, only to be kept out of it: seconds of every start.
    if (_plain := getattr(_method, "__wrapped__", None)) is not None:
        _plain.__dynamo_disable = _plain


class AdamW(torch.optim.AdamW):
    """PyTorch's own, whose step doesn't load the compiler either."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        plain = getattr(torch.optim.AdamW.step, "__wrapped__", torch.optim.AdamW.step)
        plain(self, closure)


def can_fuse(weights: Sequence[Tensor]) -> bool:
    """Whether AdamW can update `weights` in one kernel: not where they have no values, as on the meta device."""
    return not any(weight.is_meta for weight in weights)


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal: every direction of a weight matrix moves equally far.

    For weights of two or more dimensions, those beyond the first flattened (a convolution is a matrix too). The update
    is scaled by `0.2·√(longer side)`, about the root mean square of AdamW's, so that both share a learning rate and a
    weight decay (Jordan et al. 2024; Liu et al. 2025, eq. 4).
    """

    def __init__(
        self, weights: Iterable[Tensor], learning_rate: float, weight_decay: float, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(weights, {"lr": learning_rate, "weight_decay": weight_decay})
        self.dtype = dtype  # that updates are made orthogonal in

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[len(weight), weight.numel() // len(weight)].append(weight)
            for (
                rows,
                columns,
            ), weights in alike.items():  # those of one shape together, while in the cache
                updates = torch.empty(len(weights), rows, columns, dtype=self.dtype, device=weights[0].device)
                for update, weight in zip(updates, weights, strict=True):
                    assert weight.grad is not None
                    if not self.state[weight]:
                        self.state[weight]["momentum"] = torch.zeros_like(weight)
                    momentum = self.state[weight]["momentum"].lerp_(weight.grad, 1 - MOMENTUM)
                    # Nesterov's; of a sharded weight, the whole, as rows alone can't be made orthogonal
                    ahead = _channels_last(whole(torch.lerp(weight.grad, momentum, MOMENTUM)))
                    update.view(ahead.shape).copy_(ahead)
                step = group["lr"] * 0.2 * max(rows, columns) ** 0.5
                for weight, update in zip(weights, orthogonal(updates), strict=True):
                    change = update.view(_channels_last(weight).shape).movedim(-1, 1)
                    weight.mul_(1 - group["lr"] * group["weight_decay"]).sub_(part_of(change, weight), alpha=step)


def _channels_last(weight: Tensor) -> Tensor:
    """A convolution's weight as it lies in memory, so that it is a matrix without being copied."""
    return weight.movedim(1, -1)


def orthogonal(matrices: Tensor, steps: int = 4) -> Tensor:
    """The orthogonal matrix nearest to each of `matrices` `(count, rows, columns)`, roughly: singular values near 1.

    Newton–Schulz iterations, whose coefficients are chosen for speed and leave them in [0.7, 1.2]; bfloat16 will do.
    """
    a, b, c = NEWTON_SCHULZ
    wide = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if wide else matrices
    # To elements of at most 1, exactly, by a power of two: of gradients below 1e-10, squares of squares would vanish.
    largest = x.float().abs().amax(dim=(1, 2), keepdim=True)
    x = x * torch.ldexp(torch.ones_like(largest), -torch.frexp(largest).exponent.clamp(-126, 126)).to(x.dtype)
    # Singular values must begin at 1 or below. The root of ‖XXᵀ‖ bounds them more tightly than ‖X‖, which saves a step.
    square = x @ x.mT
    bound = square.float().norm(dim=(1, 2), keepdim=True) + 1e-24
    square, x = (square / bound).to(x.dtype), (x / bound.sqrt()).to(x.dtype)
    for step in range(steps):
        if step:
            square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.mT if wide else x


def make_optimizers(
    name: OptimizerName,
    net: nn.Module,
    others: list[Tensor],
    learning_rate: float,
    weight_decay: float,
    betas: tuple[float, float] = BETAS,
    dtype: torch.dtype = torch.float32,
) -> list[torch.optim.Optimizer]:
    """The optimisers of a run, which between them have all weights of `net` and the `others`.

    Muon takes the `matrix_weights` of the network (see nets/protocol.py), AdamW all others: ends, conditioning, biases
    and norms. `dtype` is what it computes in, which is most of its work. In 8 bits, AdamW's two states take a quarter
    of the memory (Dettmers et al. 2022, "8-bit optimizers via block-wise quantization").
    """
    matrices = matrix_weights(net) if name == "muon" else []
    taken = {id(p) for p in matrices}
    rest = [p for p in net.parameters() if id(p) not in taken]
    rest = [weight for weight in rest if weight.requires_grad] or rest
    groups = [{"params": some} for some in (rest, others) if some]  # apart: weights may be sharded, the others aren't
    if name == "adamw-8bit":
        return [_adamw_8bit(groups, learning_rate, betas, weight_decay)]
    adamw = AdamW(groups, learning_rate, betas=betas, weight_decay=weight_decay, fused=can_fuse(rest or others))
    return [adamw, Muon(matrices, learning_rate, weight_decay, dtype)] if matrices else [adamw]


def _adamw_8bit(
    groups: list[dict[str, Any]], learning_rate: float, betas: tuple[float, float], weight_decay: float
) -> torch.optim.Optimizer:
    """AdamW of bitsandbytes; raises SfumatoError where that isn't here, or doesn't run."""
    try:
        library = import_module("bitsandbytes")
    except Exception as error:  # it looks for CUDA as it is imported, and may fail at that in ways of its own
        raise SfumatoError(
            "the optimiser adamw-8bit is that of the library bitsandbytes: pip install 'sfumato[adamw-8bit]'; or take "
            "adamw."
        ) from error
    made: torch.optim.Optimizer = library.optim.AdamW8bit(groups, learning_rate, betas=betas, weight_decay=weight_decay)
    return made
