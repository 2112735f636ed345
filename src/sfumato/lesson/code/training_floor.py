import torch

from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES, FiniteSet

torch.manual_seed(0)
centres, _ = open_dataset("points:torus-knot").batch(torch.arange(0, 20_000, 40))
perfect = FiniteSet(centres, std=0.1)  # no network could do better on 500 blobs
points = centres[torch.randint(len(centres), (4000,))] + 0.1 * torch.randn(4000, 3)
for t in (0.02, 0.2, 0.4, 0.6, 0.8):
    level = SCHEDULES["cosine"]()(t)
    noise = torch.randn_like(points)
    x = level.add_noise(points, noise)
    guess = (x - level.alpha * perfect(x, level)) / level.sigma
    print(f"t = {t:.2f}   least possible error of the noise {(guess - noise).square().mean():.3f}")
