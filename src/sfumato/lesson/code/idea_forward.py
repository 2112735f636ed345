import torch

from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES

points, _ = open_dataset("points:torus-knot").batch(torch.arange(20_000))
schedule = SCHEDULES["cosine"]()
for t in (0.0, 0.25, 0.5, 0.75, 1.0):
    level = schedule(t)  # alpha and sigma
    x = level.add_noise(points, torch.randn_like(points))
    print(f"t = {t:.2f}   alpha {level.alpha:.3f}   sigma {level.sigma:.3f}   spread {x.std():.3f}")
