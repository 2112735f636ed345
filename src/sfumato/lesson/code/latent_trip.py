from pathlib import Path

import numpy as np
import torch
from PIL import Image

import sfumato
from sfumato.hub.loading import load_codec

codec = load_codec("avatars")
sheet = np.array(Image.open(Path(sfumato.__file__).parent / "lesson/recorded/avatars.png"))  # six drawings
pictures = torch.stack((torch.from_numpy(sheet).permute(2, 0, 1) / 127.5 - 1).split(128, dim=2))
latents = codec.encode(pictures)
back = codec.decode(latents).clamp(-1, 1)
errors = (pictures - back).square().mean((1, 2, 3))
print(f"{pictures[0].numel():,} numbers became {latents[0].numel():,}")
print("they came back with", [f"{10 * float(torch.log10(4 / error)):.1f} dB" for error in errors])
apart = (pictures - back).abs().mean(1)
edges = (torch.max_pool2d(pictures, 5, 1, 2) + torch.max_pool2d(-pictures, 5, 1, 2)).amax(1) > 0.2
print(f"mean error near edges {apart[edges].mean():.3f}, elsewhere {apart[~edges].mean():.3f}")
