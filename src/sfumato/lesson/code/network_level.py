import torch

import sfumato
from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES

model, schedule = sfumato.load("digits"), SCHEDULES["cosine"]()
digits, labels = open_dataset("digits").batch(torch.arange(1737, 1797))  # never seen in training
torch.manual_seed(0)
print("error     told t = 0.2   t = 0.5   t = 0.8")
for t in (0.2, 0.5, 0.8):
    x = schedule(t).add_noise(digits, torch.randn_like(digits))
    guesses = [model.denoiser(x, schedule(told), {"label": labels}) for told in (0.2, 0.5, 0.8)]
    errors = [(guess - digits).square().mean().item() for guess in guesses]
    print(f"noised to {t}     {errors[0]:.3f}     {errors[1]:.3f}     {errors[2]:.3f}")
