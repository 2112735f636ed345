import torch

from sfumato.data.bouncing import steered_clips, things
from sfumato.diffusion import FiniteClips, Level

moves, steps = "rrruur", 12
exact = FiniteClips(steered_clips(moves), 0.05)
first = things()[0, 16].clone()  # a disc, and a hand that slipped
first[7, 2] = 1
x = torch.randn(1, len(moves) + 1, 1, 14, 14, generator=torch.Generator().manual_seed(0)).double()
x[:, 0] = first
for k in range(steps, 0, -1):
    t = torch.full((1, len(moves) + 1), k / steps)
    t[:, 0] = 0  # the first frame is given
    x0 = exact(x, Level.of(1 - t, t))
    x = torch.where(t[..., None, None, None] > 0, x + (x0 - x) / k, x)
print("the first frame is as it was:", torch.equal(x[0, 0, 0], first))
places = torch.cdist(x[0].flatten(1), things()[0].flatten(1)).argmin(1)
print("column, row:", [(int(p % 8), int(p // 8)) for p in places])
