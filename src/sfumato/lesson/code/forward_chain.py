import torch

from sfumato.diffusion import Linear

schedule = Linear()  # DDPM's table of betas
pixel = torch.full((20_000,), 0.8)  # one bright pixel, noised 20,000 times

x = pixel
for k in range(1, 701):  # seven hundred small doses of noise
    x = schedule.step(x, k, torch.randn_like(x))
jumped = schedule(700 / 1000).add_noise(pixel, torch.randn_like(pixel))  # one large dose

for name, values in (("step by step", x), ("in one jump ", jumped)):
    print(f"{name}   mean {values.mean():+.3f}   spread {values.std():.3f}")
print(f"pixels that agree: {(x == jumped).sum()} of 20,000")
