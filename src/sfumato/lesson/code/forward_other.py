import torch

from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES

digits = open_dataset("digits")
scans, labels = digits.batch(torch.arange(300))
three, eight = scans[labels == 3][1], scans[labels == 8][1]
noise = torch.randn(three.shape, generator=torch.Generator().manual_seed(0))
for t in (0.1, 0.3, 0.5, 0.7, 0.9):
    level = SCHEDULES["linear"]()(t)
    x = level.add_noise(three, noise)  # a three …
    needed = level.eps(x, eight)  # … or an eight with this noise
    print(f"t = {t}   spread of the three's noise {noise.std():.2f}, of the eight's {needed.std():.2f}")
