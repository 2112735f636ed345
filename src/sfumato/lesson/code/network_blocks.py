import torch
from torch import Tensor, nn

import sfumato

model = sfumato.load("digits")


def tell(block: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
    weights = sum(p.numel() for p in block.parameters())
    print(f"{names[block]:7} {weights:8,} weights   {tuple(given[0].shape[1:])} to {tuple(out.shape[1:])}")


names = {part: name for name, part in model.denoiser.net.named_modules() if type(part).__name__ == "Block"}
for block in names:
    block.register_forward_hook(tell)
answer = model.denoiser.net(torch.randn(1, 1, 8, 8), c_noise=torch.zeros(1), label=torch.tensor([3]))
print(f"answer {tuple(answer.shape[1:])}, {model.parameter_count:,} weights in all")
