import torch

import sfumato
from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES

model, schedule = sfumato.load("digits"), SCHEDULES["cosine"]()
digits, labels = open_dataset("digits").batch(torch.arange(1617, 1797))
noise = torch.randn(digits.shape, generator=torch.Generator().manual_seed(0))
print("error of the   picture    noise    ratio   (sigma/alpha)^2")
for t in (0.1, 0.5, 0.9):
    level = schedule(t)
    x = level.add_noise(digits, noise)
    picture = model.denoiser(x, level, {"label": labels})
    guessed = (x - level.alpha * picture) / level.sigma  # the same answer, read as noise
    of_picture, of_noise = (picture - digits).square().mean(), (guessed - noise).square().mean()
    row = of_picture, of_noise, of_picture / of_noise, (level.sigma / level.alpha) ** 2
    print(f"t = {t}      ", "   ".join(f"{value:7.4f}" for value in row))
