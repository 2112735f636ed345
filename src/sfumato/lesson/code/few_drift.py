import torch
from torch import Tensor


def pull(x: Tensor, y: Tensor, reach: float = 0.35, own: bool = False) -> Tensor:  # to where `y` is thick near `x`
    kernel = (-torch.cdist(x, y) / reach).exp()
    if own:
        kernel.fill_diagonal_(0)
    return kernel @ y / kernel.sum(1, keepdim=True) - x


generator = torch.Generator().manual_seed(0)
angle = 2 * torch.pi * torch.rand(300, generator=generator)
data = 1.5 * torch.stack([angle.cos(), angle.sin()], dim=1)  # a ring
for push in (True, False):
    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(1))
    for _ in range(60):
        x = x + 0.6 * (pull(x, data) - (pull(x, x, own=True) if push else 0))
    reached = (torch.cdist(data, x).amin(1) < 0.1).double().mean()
    print(f"{'with' if push else 'without'} a push: {reached:.0%} of the ring is reached")
