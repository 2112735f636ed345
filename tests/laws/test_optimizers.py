"""Muon: what its updates are, and that every weight has exactly one optimiser."""

from __future__ import annotations

import pytest
import torch

from sfumato.hub import new_model
from sfumato.training.optimizers import MOMENTUM, Muon, make_optimizers, orthogonal
from tiny import TINY


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 8, 72), (2, 96, 24), (1, 1, 9)])
def test_singular_values_come_near_one_and_singular_vectors_stay(shape: tuple[int, ...]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonal(matrices)
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.5 and values.max() < 1.3
    exact = torch.linalg.svd(matrices, full_matrices=False)
    assert torch.cosine_similarity(found.flatten(1), (exact.U @ exact.Vh).flatten(1)).min() > 0.97


@pytest.mark.parametrize(("rank", "most"), [(64, 20), (8, 3.4445**4)])
def test_rounding_is_enlarged_at_most_by_the_slope_at_zero(rank: int, most: float) -> None:
    """Where a gradient has no direction, as that of a few samples, what rounding left there is made larger."""
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(1, 64, rank, generator=generator) @ torch.randn(1, rank, 192, generator=generator)
    error = torch.randn(1, 64, 192, generator=generator)
    rounded = gradient + 1e-5 * gradient.norm() * error / error.norm()
    change = (orthogonal(rounded) - orthogonal(gradient)).norm() / orthogonal(gradient).norm()
    assert most / 4 < float(change) / 1e-5 < most


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("exponent", [-120, -60, -40, 60, 100])
def test_an_update_does_not_depend_on_the_size_of_the_gradient(exponent: int, dtype: torch.dtype) -> None:
    gradient = torch.randn(2, 12, 20, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert torch.equal(orthogonal(gradient * 2.0**exponent), orthogonal(gradient))


def test_an_update_knows_no_scale_of_its_gradient() -> None:
    """The gradient says which way; how far is the learning rate's business alone."""
    generator = torch.Generator().manual_seed(1)
    gradient = torch.randn(32, 8, 3, 3, generator=generator)
    moved = []
    for scale in (1.0, 1024.0):
        weight = torch.zeros(32, 8, 3, 3, requires_grad=True)
        weight.grad = gradient * scale
        Muon([weight], 0.01, 0.0).step()
        moved.append(weight.detach().clone())
    torch.testing.assert_close(moved[0], moved[1], rtol=1e-5, atol=1e-8)
    assert moved[0].square().mean().sqrt() == pytest.approx(0.01 * 0.2, rel=0.2)  # AdamW's usual, on a wide matrix


def test_matrices_of_one_shape_are_updated_as_if_alone() -> None:
    generator = torch.Generator().manual_seed(2)
    gradients = [torch.randn(8, 4, 3, 3, generator=generator) for _ in range(3)]
    together = [torch.zeros(8, 4, 3, 3, requires_grad=True) for _ in gradients]
    alone = [torch.zeros(8, 4, 3, 3, requires_grad=True) for _ in gradients]
    for weight, twin, gradient in zip(together, alone, gradients, strict=True):
        weight.grad, twin.grad = gradient.clone(), gradient.clone()
        Muon([twin], 0.01, 0.1).step()
    Muon(together, 0.01, 0.1).step()
    for weight, twin in zip(together, alone, strict=True):
        torch.testing.assert_close(weight, twin)


def test_momentum_is_nesterovs() -> None:
    weight = torch.zeros(4, 4, requires_grad=True)
    optimizer = Muon([weight], 0.01, 0.0)
    first, second = torch.eye(4), 2 * torch.eye(4).flip(0)
    for gradient in (first, second):
        weight.grad = gradient
        optimizer.step()
    expected = MOMENTUM * (1 - MOMENTUM) * first + (1 - MOMENTUM) * second
    torch.testing.assert_close(optimizer.state[weight]["momentum"], expected)


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_every_weight_has_exactly_one_optimizer(name: str) -> None:
    net = new_model(TINY).denoiser.net
    extra = torch.zeros(3, requires_grad=True)
    optimizers = make_optimizers(name, net, [extra], 1e-3, 0.01)  # type: ignore[arg-type]
    held = [id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in [*net.parameters(), extra])
    if name == "muon":
        muons = {id(p) for p in optimizers[1].param_groups[0]["params"]}
        outer = {
            id(p)
            for path, p in net.named_parameters()
            if path.startswith(("conv_in.", "conv_out.", "proj_in.", "proj_out."))
        }
        assert not muons & outer and all(p.ndim >= 2 for p in optimizers[1].param_groups[0]["params"])
