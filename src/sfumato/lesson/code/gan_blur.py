import torch

from sfumato.diffusion import FiniteSet, Level

angles = torch.arange(8) * torch.pi / 4
middles = 1.6 * torch.stack([angles.cos(), angles.sin()], dim=1).double()
real, forged = FiniteSet(middles, std=0.08), FiniteSet(middles[:1], std=0.08)  # all forgeries in one cluster
for blur in (0.0, 0.3):
    level = Level(torch.tensor(1.0), torch.tensor(blur))
    x = (middles[:1] + torch.tensor([[0.0, 0.3]])).requires_grad_()  # a step towards the next cluster
    odds = real.log_density(x, level) - forged.log_density(x, level)
    (slope,) = torch.autograd.grad(torch.sigmoid(odds).sum(), x)
    print(f"blur {blur}: the best critic says {torch.sigmoid(odds).item():.3f}, slope {slope.norm().item():.1e}")
