import torch

from sfumato.diffusion import SCHEDULES, FiniteSet

hills = FiniteSet(torch.tensor([-1.35] * 3 + [0.25] * 2 + [1.25] * 4)[:, None].double(), std=0.16)
level = SCHEDULES["cosine"]()(0.4)
x = torch.linspace(-2, 2, 5, dtype=torch.float64)[:, None].requires_grad_()
(slope,) = torch.autograd.grad(hills.log_density(x, level).sum(), x)
x = x.detach()
noise = level.eps(x, hills(x, level))  # what the best guess implies
for place, uphill, guessed in zip(x, slope, -noise / level.sigma, strict=True):
    print(f"x = {place.item():+.0f}   slope of log p {uphill.item():+.4f}   −noise/sigma {guessed.item():+.4f}")
