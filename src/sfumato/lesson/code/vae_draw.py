import torch

from sfumato.lesson.small_models import plane_vae

z = torch.randn(6, 2, generator=torch.Generator().manual_seed(4))  # points from the bell curve
digits = plane_vae("1").decoder(z).reshape(6, 8, 8).clamp(-1, 1)
for row in range(8):  # six digits side by side, drawn by one call
    print("  ".join("".join(" .:+*#"[int((v + 1) * 2.99)] for v in digit[row]) for digit in digits))
