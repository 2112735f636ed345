import math

import torch

from sfumato.diffusion import SCHEDULES, FiniteSet
from sfumato.sampling import grid, last, sample, stepper

share = (0.12 + 0.88 * (torch.arange(64) + 0.5) / 64).sqrt().double()
angle = 3.4 * math.pi * share
spiral = 1.9 * share[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
teacher = FiniteSet(spiral, std=0.05)  # its answers are exact
noise = torch.randn(500, 2, generator=torch.Generator().manual_seed(0)).double()
for steps in (1, 2, 4, 64):
    levels = grid("trailing", SCHEDULES["flow"](), steps)
    ends = last(sample(teacher, levels, stepper("euler"), lambda: noise)).x
    away = torch.cdist(ends, spiral).amin(1).mean()
    print(f"{steps:2} steps: {away:.2f} from the data")
