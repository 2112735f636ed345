import torch

from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES

scans, _ = open_dataset("digits").batch(torch.arange(1797))
schedule = SCHEDULES["linear"]()  # DDPM's table: two numbers for every time
noise = torch.randn_like(scans)
for t in (0.0, 0.1, 0.35, 0.7, 1.0):
    level = schedule(t)
    x = level.add_noise(scans, noise)
    likeness = torch.corrcoef(torch.stack([x.flatten(), scans.flatten()]))[0, 1]
    print(f"t = {t:.2f}   alpha {level.alpha:.2f}   sigma {level.sigma:.2f}   likeness to the scans {likeness:.2f}")
