import torch

from sfumato.diffusion import SCHEDULES, FiniteSet
from sfumato.sampling import ImageNoise, grid, last, sample, stepper

hills = FiniteSet(torch.tensor([-1.35] * 3 + [0.25] * 2 + [1.25] * 4)[:, None], std=0.16)
levels = grid("trailing", SCHEDULES["cosine"](), 50)
start = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))


def walk(share: float) -> torch.Tensor:
    draw = ImageNoise(range(2000), (1,))
    return last(sample(hills, levels, stepper("ddpm", steps=50), lambda: share * draw(), start=start)).x


for share in (1.0, 0.9, 0.5, 0.0):
    x = walk(share)
    print(f"fresh noise {share:4.0%}   spread {x.std():.2f}   width of the right hill {x[x > 0.75].std():.3f}")
