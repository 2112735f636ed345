import torch

from sfumato.diffusion import SCHEDULES, GaussianMixture
from sfumato.sampling import grid, last, sample, stepper

centres = torch.tensor([[-1.5], [0.4], [1.4]]).double()
shares = torch.tensor([0.35, 0.40, 0.25]).double()
exact = GaussianMixture(centres, torch.full_like(centres, 0.12), shares)  # its answers are the exact flow's
noise = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
for steps in (1, 2, 4, 40):
    levels = grid("trailing", SCHEDULES["flow"](), steps)
    ends = last(sample(exact, levels, stepper("euler"), lambda: noise)).x
    away = (ends - centres.T).abs().min(dim=1).values.mean()
    print(f"{steps:2} steps: {away:.2f} from the nearest cluster")
