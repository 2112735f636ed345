import torch

import sfumato
from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES

model = sfumato.load("digits")
scans, _ = open_dataset("digits").batch(torch.arange(200))
noise = torch.randn(scans.shape, generator=torch.Generator().manual_seed(0))
for t in (0.2, 0.4, 0.6, 0.8, 0.9):
    level = SCHEDULES["cosine"]()(t)
    with torch.no_grad():
        guess = model.denoiser(level.add_noise(scans, noise), level)
    contrast = guess.flatten(1).std(dim=1).mean() / scans.flatten(1).std(dim=1).mean()
    error = (guess - scans).square().mean()
    print(f"t = {t}   contrast of the guess {contrast:4.0%} of the scans'   squared error {error:.2f}")
