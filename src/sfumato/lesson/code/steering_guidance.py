import torch

import sfumato

model = sfumato.load("digits")
seeds, threes = range(32), [3] * 32
for w in (0.0, 1.0, 2.0, 4.0, 8.0):
    drawn = model.sample(seeds, threes, guidance=w).clamp(-1, 1).flatten(1)
    apart = torch.cdist(drawn, drawn).fill_diagonal_(torch.inf).min(dim=1).values.mean()
    print(f"w = {w:g}   each picture from the one most like it: {apart / 16:.1%} of black to white")
