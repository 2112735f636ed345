import torch

from sfumato.baselines.any_order import draw_pixels
from sfumato.lesson.small_models import pixel_net

dice = torch.Generator().manual_seed(1)
uniform, order = torch.rand(6, 64, generator=dice), torch.randperm(64, generator=dice).tolist()
for together in (1, 64):
    print(f"{64 // together} calls:")
    digits = draw_pixels(pixel_net(), uniform, order, together).reshape(6, 8, 8)
    for row in range(8):
        print("  ".join("".join(" .+#"[shade] for shade in digit[row]) for digit in digits))
