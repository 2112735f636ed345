"""The networks: sizes, shapes, precision, and the figures in their docstrings."""

import re

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from sfumato.errors import SfumatoError
from sfumato.nets import DIT_SIZES, MLP, SIZES, MLPConfig, UNet, UNetConfig, build, dit, dit_config, unet, unet_config

SHAPES = [(1, 8, 8), (3, 7, 9), (3, 28, 28), (1, 33, 17), (3, 4, 64)]


def wake(net: torch.nn.Module) -> torch.nn.Module:
    """Networks start as zero maps; give every weight a value, so that each part shows in the output."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return net


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_unet_keeps_any_shape_odd_or_not(shape: tuple[int, int, int]) -> None:
    net = wake(UNet(unet_config("tiny", shape, classes=3)))
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    out = net(x, torch.zeros(2), torch.tensor([0, 2]))
    assert out.shape == x.shape
    assert out.isfinite().all()


def test_fresh_networks_answer_zero() -> None:
    assert UNet(UNetConfig(1))(torch.ones(1, 1, 8, 8), torch.zeros(1)).abs().max() == 0
    assert MLP(MLPConfig(2))(torch.ones(1, 2), torch.zeros(1)).abs().max() == 0


@pytest.mark.parametrize("net", [UNet(UNetConfig(1, classes=4)), MLP(MLPConfig(2, classes=4))], ids=["unet", "mlp"])
def test_noise_level_and_class_reach_the_output(net: torch.nn.Module) -> None:
    net = wake(net)
    x = torch.ones(1, 1, 8, 8) if isinstance(net, UNet) else torch.ones(1, 2)
    base = net(x, torch.zeros(1), torch.tensor([1]))
    assert not torch.allclose(net(x, torch.tensor([0.01]), torch.tensor([1])), base, atol=1e-6)
    assert not torch.allclose(net(x, torch.zeros(1), torch.tensor([2])), base, atol=1e-6)
    assert torch.equal(net(x, torch.zeros(1)), net(x, torch.zeros(1), torch.tensor([4])))  # no label is the null class


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_unet_in_bfloat16_stays_near_float32(memory_format: torch.memory_format) -> None:
    net = wake(UNet(unet_config("small", (3, 16, 16)))).to(memory_format=memory_format)
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1)).to(memory_format=memory_format)
    full = net(x, torch.zeros(2))
    with torch.autocast("cpu", torch.bfloat16):
        half = net(x, torch.zeros(2)).float()
    assert ((half - full).norm() / full.norm()) < 0.03


def test_attention_sees_the_whole_picture() -> None:
    net = wake(UNet(UNetConfig(1, widths=(16, 16), attention=(1,))))
    assert net(torch.zeros(1, 1, 64, 64), torch.zeros(1)).shape == (1, 1, 64, 64)
    x = torch.zeros(1, 1, 64, 64, requires_grad=True)
    net(x, torch.zeros(1))[0, 0, 0, 0].backward()
    assert x.grad is not None and x.grad[0, 0, -1, -1].abs() > 0


@pytest.mark.parametrize(
    ("shape", "nearest"), [((3, 2, 8), "4×8"), ((3, 64, 3), "64×4"), ((1, 5000, 64), "1024×64")], ids=str
)
def test_sizes_that_do_not_fit_name_the_nearest(shape: tuple[int, int, int], nearest: str) -> None:
    with pytest.raises(SfumatoError, match=f"nearest size it takes is {nearest}"):
        unet_config("tiny", shape)


def test_unknown_size_suggests() -> None:
    with pytest.raises(SfumatoError, match="did you mean 'small'"):
        unet_config("smal", (3, 32, 32))


@pytest.mark.parametrize("size", [*SIZES, *DIT_SIZES])
def test_docstring_figures_are_measured(size: str) -> None:
    module, config = (dit, dit_config) if size in DIT_SIZES else (unet, unet_config)
    assert module.__doc__ is not None
    row = next(line for line in module.__doc__.splitlines() if line.startswith(f"| {size} "))
    figures = re.findall(r"([\d.]+) M, ([\d.]+) GF", row)
    for (millions, gflop), shape in zip(figures, [(1, 8, 8), (3, 32, 32), (3, 64, 64)], strict=True):
        with torch.device("meta"):
            net = build(config(size, shape))
            with FlopCounterMode(display=False) as counter:
                net(torch.empty(1, *shape), torch.empty(1))
        assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(float(millions), rel=0.03)
        assert counter.get_total_flops() / 1e9 == pytest.approx(float(gflop), rel=0.06)
