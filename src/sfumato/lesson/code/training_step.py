import torch

from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES
from sfumato.hub import new_model
from sfumato.training import model_for

torch.manual_seed(0)
data, schedule = open_dataset("digits"), SCHEDULES["cosine"]()
denoiser = new_model(model_for(data)).denoiser
optimizer = torch.optim.AdamW(denoiser.parameters(), lr=1e-3)
for step in range(1, 41):
    digits, labels = data.batch(torch.randint(len(data), (16,)))
    level = schedule(torch.rand(len(digits)))  # a level of its own for each
    x = level.add_noise(digits, torch.randn_like(digits))
    loss = (denoiser(x, level, {"label": labels}) - digits).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"step {step:2}   loss {loss:.3f}")
