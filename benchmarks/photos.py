"""A folder of real photographs, end to end: 64×64 patches cut from scikit-image's pictures, trained and drawn.

    python benchmarks/photos.py [MINUTES] [OUT]    10 minutes and runs/patches by default

Writes the patches as JPEGs of mixed sizes into OUT-pictures, one folder a photograph, then trains and draws through
the same code as `sfumato train` and `sfumato sample`, and prints the Fréchet ratio and the share read as asked.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import skimage.data
import torch
from PIL import Image

from sfumato.data import open_dataset, picture, save_png
from sfumato.evaluation import judge
from sfumato.hub import load
from sfumato.training import TrainingConfig, fastest_precision, model_for, pick_device, start_run, train

minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
out = Path(sys.argv[2] if len(sys.argv) > 2 else "runs/patches")
pictures = out.with_name(out.name + "-pictures")
rng = np.random.default_rng(0)
for name in ("astronaut", "chelsea", "coffee", "rocket"):
    photograph = getattr(skimage.data, name)()
    (pictures / name).mkdir(parents=True, exist_ok=True)
    for number in range(250):
        side = int(rng.integers(96, 200))
        top, left = (int(rng.integers(0, extent - side)) for extent in photograph.shape[:2])
        patch = Image.fromarray(photograph[top : top + side, left : left + side])
        patch.save(pictures / name / f"{number:03d}.jpg", quality=92)

dataset = open_dataset(str(pictures), size=(64, 64))
precision = fastest_precision(pick_device())
config = TrainingConfig(str(pictures), size=(64, 64), minutes=minutes, batch=32, optimizer="adamw", precision=precision)
trainer = start_run(out, dataset, config, model_for(dataset))
for event in train(out, trainer):
    if getattr(event, "step", 0) % 100 == 0:
        print(event if hasattr(event, "loss") else "", flush=True)
labels = [i % len(dataset.classes) for i in range(200)]
samples = load(out).sample(range(200), labels)
save_png(picture(samples[:32], columns=8, scale=2), out / "samples.png", {"model": out.as_posix(), "seeds": "0-31"})
result = judge(samples, torch.tensor(labels), dataset)
print(f"{trainer.images:,} images in {trainer.seconds:.0f} s; read as asked {result.read_as_asked:.1%}, "
      f"Fréchet {result.ratio:.1f} × half-to-half")  # fmt: skip
