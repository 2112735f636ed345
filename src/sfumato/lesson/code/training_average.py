import torch

from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES
from sfumato.hub import new_model
from sfumato.training import Trainer, TrainingConfig, model_for

data = open_dataset("points:moons")
points, _ = data.batch(torch.arange(2000))
level = SCHEDULES["cosine"]()(torch.linspace(0.05, 0.95, len(points)))
x = level.add_noise(points, torch.randn(points.shape, generator=torch.Generator().manual_seed(1)))
config = TrainingConfig("points:moons", images=32_000, optimizer="adamw", decay=0)
trainer = Trainer(new_model(model_for(data)), data, config)
print("images    latest weights   their average")
for progress in trainer.steps():
    if progress.step % 50 == 0:
        both = trainer.model.denoiser, trainer.average
        latest, average = ((denoiser(x, level) - points).square().mean() for denoiser in both)
        print(f"{progress.images:7,}   {latest:14.4f}   {average:13.4f}")
